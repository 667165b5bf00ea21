// Package validate checks requests against a contract or a JSON Schema before they
// reach the service, and if told so responses before they reach the client.
//
// What is checked is what is forwarded: a body has exactly one reading, and the
// service receives the very bytes that were validated. Everything is compiled at
// load: a schema that cannot be enforced as written is an error there and not a hole
// in traffic.
//
// The way of a request through the files: operation.go decides, parameters.go,
// query.go and style.go read parameters, body.go and media.go find out what the body
// is, replay.go, store.go and block.go hold it for the service, decode.go and coding.go
// take off its content coding. upload.go, multipart.go and spool.go do all that for
// files while they arrive. json.go and form.go make a document of the text
// (document.go, builder.go). checker.go
// accepts it, or explain.go says why not; schemas with keywords that they do not know
// go to the schema library (schema.go), which is also what tests compare them with.
// violations.go, branch.go and sentence.go make of it what the client sees.
//
// The way of a response: watch.go stands before the service, answer.go is what the
// service writes to, response.go has what the contract says about it, and judge.go
// compares the two.
package validate

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler validates requests. Inside an api block it checks parameters and body of
// each operation against the contract. With a schema of its own it checks JSON
// bodies: then every request that reaches it needs one, unless Optional is set.
type Handler struct {
	// Schema is a JSON Schema file for the bodies of requests, for use without a
	// contract. Drafts 4, 6, 7, 2019-09 and 2020-12 are understood, by "$schema".
	// References may lead to files in the same folder. Default: none.
	Schema string `json:"schema,omitempty"`
	// Optional lets requests without a body pass the schema. Default: false.
	Optional bool `json:"optional,omitempty"`
	// MaxBody bounds a body, in bytes; a longer one is refused with 413. Range:
	// 1–1073741824. Default: 1048576 (1 MiB).
	MaxBody int64 `json:"max_body,omitempty"`
	// MaxDepth bounds how deep arrays and objects may be nested in JSON. Range:
	// 1–512. Default: 64.
	MaxDepth int `json:"max_depth,omitempty"`
	// MaxValues bounds the values and member names of a JSON body together. Range:
	// 1–16777216. Default: 100000.
	MaxValues int `json:"max_values,omitempty"`
	// MaxString bounds a string or member name of a JSON body, in bytes as written.
	// Default: as long as the body may be.
	MaxString int `json:"max_string,omitempty"`
	// MaxNumber bounds a number of a JSON body, in characters. Its exponent may be
	// at most 400 whatever this says. Range: 1–512. Default: 512.
	MaxNumber int `json:"max_number,omitempty"`
	// MaxErrors bounds how many violations a refusal lists; "more" counts the
	// rest. Range: 1–1000. Default: 20.
	MaxErrors int `json:"max_errors,omitempty"`
	// UnknownQuery says what becomes of query parameters that the contract does
	// not know: "allow", "report" (logged) or "reject". Default: allow.
	UnknownQuery unknownPolicy `json:"unknown_query,omitempty"`
	// ReadOnly says whether a request may carry properties that the contract marks
	// readOnly: "reject" or "allow". Default: reject.
	ReadOnly readOnlyPolicy `json:"read_only,omitempty"`
	// Pass are media types, or ranges such as "image/*", whose bodies are let
	// through by name, without being read. Default: none; of media types that
	// cannot be validated only those without a schema.
	Pass []string `json:"pass,omitempty"`
	// Decode are the content codings in which bodies may come: "gzip", "deflate",
	// "zstd", or "off" alone for none. They are decoded for the check only: the
	// service gets what the client sent. MaxBody counts both forms. Default: gzip,
	// deflate and zstd.
	Decode []string `json:"decode,omitempty"`
	// Mode is "enforce", "report" (decided and recorded, but let through) or "off".
	// Default: enforce.
	Mode exchange.Mode `json:"mode,omitempty"`
	// Operations are options for single operations of the contract. Default: none.
	Operations []Operation `json:"operations,omitempty"`
	// Responses says what becomes of responses that break the contract. Default: they
	// are not looked at.
	Responses *Responses `json:"responses,omitempty"`
	// Source is where the directive stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	bounded  bool // MaxBody was given, and is not the default
	step     exchange.Step
	settings settings
	watches  bool       // responses
	alone    *operation // of Schema; nil if there is none
	binding  *contract  // the contract that Bind works on
	logger   *zap.Logger
}

// readOnlyPolicy says what becomes of read-only properties in requests.
type readOnlyPolicy string

const (
	readOnlyReject readOnlyPolicy = "reject"
	readOnlyAllow  readOnlyPolicy = "allow"
)

// CaddyModule implements caddy.Module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.validate", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	h.bounded = h.MaxBody != 0
	h.setDefaults()
	if err := h.Validate(); err != nil {
		return err
	}
	h.settings = settings{
		maxBody: h.MaxBody, codings: h.codings(), maxErrors: h.MaxErrors, unknown: h.UnknownQuery,
		bounds: bounds{maxDepth: h.MaxDepth, maxValues: h.MaxValues, maxString: h.MaxString, maxNumber: h.MaxNumber},
	}
	h.settings.responses = h.Responses.settings(h.settings.bounds, h.logger)
	h.watches = h.watched()
	if h.Schema != "" {
		if err := h.provisionSchema(); err != nil {
			return err
		}
	}
	h.step.StandsAt(h.Source)
	return h.step.Provision(ctx, exchange.Validate, h.Mode, "")
}

func (h *Handler) setDefaults() {
	setDefault(&h.MaxBody, 1<<20)
	setDefault(&h.MaxDepth, 64)
	setDefault(&h.MaxValues, 100_000)
	setDefault(&h.MaxNumber, maxNumberText)
	setDefault(&h.MaxErrors, 20)
	setDefault(&h.UnknownQuery, unknownAllow)
	setDefault(&h.ReadOnly, readOnlyReject)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate implements caddy.Validator.
func (h *Handler) Validate() error {
	for _, option := range []struct {
		name             string
		value, low, high int64
	}{
		{"max_body", h.MaxBody, 1, 1 << 30},
		{"max_depth", int64(h.MaxDepth), 1, 512},
		{"max_values", int64(h.MaxValues), 1, 1 << 24},
		{"max_string", int64(h.MaxString), 0, 1 << 30},
		{"max_number", int64(h.MaxNumber), 1, maxNumberText},
		{"max_errors", int64(h.MaxErrors), 1, 1000},
	} {
		if option.value < option.low || option.value > option.high {
			return h.problem("", "%s is %d, but has to be between %d and %d", option.name, option.value, option.low, option.high)
		}
	}
	switch h.UnknownQuery {
	case unknownAllow, unknownReport, unknownReject:
	default:
		return h.problem("use allow, report or reject", "unknown_query is %q", h.UnknownQuery)
	}
	if h.ReadOnly != readOnlyReject && h.ReadOnly != readOnlyAllow {
		return h.problem("use reject or allow", "read_only is %q", h.ReadOnly)
	}
	if err := h.validateCodings(); err != nil {
		return err
	}
	if err := h.validateResponses(); err != nil {
		return err
	}
	if err := h.validateOperations(); err != nil {
		return err
	}
	if h.Optional && h.Schema == "" {
		return h.problem("inside api the contract says whether a body is required", "optional means something with a schema only")
	}
	return nil
}

func (h *Handler) problem(hint, format string, args ...any) *finding.Error {
	return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.ParseSource(h.Source), Hint: hint}
}

func (h *Handler) provisionSchema() error {
	if _, err := os.Stat(h.Schema); err != nil {
		e := h.problem("paths are relative to the Caddyfile", "the schema %s cannot be read: %v", h.Schema, cause(err))
		e.Word = filepath.Base(h.Schema)
		return e
	}
	compiled, err := compileFile(h.Schema)
	if err != nil {
		return err
	}
	h.logUnchecked(compiled.engine.unchecked, h.Schema)
	b := &body{required: !h.Optional, media: []media{
		{name: "application/json", kind: contentJSON, schema: compiled},
		{name: "application/*+json", kind: contentJSON, schema: compiled},
	}}
	b.prepare("This resource", &h.settings)
	h.alone = &operation{name: "this request", parameters: new(parameters), body: b, settings: &h.settings}
	return nil
}

// Decide implements exchange.Decider.
func (h *Handler) Decide(x *exchange.Exchange, _ http.ResponseWriter, r *http.Request) *problem.Refusal {
	if op, ok := x.Prepared(exchange.Validate).(*operation); ok {
		if op.deprecated != nil {
			op.deprecated.mark(x, r)
		}
		if refusal := op.decide(r, x.Params, x.Route.Version); refusal != nil {
			return refusal
		}
	}
	if h.alone != nil {
		return h.alone.decide(r, nil, "")
	}
	return nil
}

// ModeFor implements exchange.Moded.
func (h *Handler) ModeFor(x *exchange.Exchange, mode exchange.Mode) exchange.Mode {
	if op, ok := x.Prepared(exchange.Validate).(*operation); ok && op.mode != "" {
		return op.mode
	}
	return mode
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.watches {
		next = &watch{next}
	}
	err := h.step.Serve(w, r, next, h)
	if _, refused := errors.AsType[*problem.Refusal](err); err == nil || refused {
		finish(r) // after other errors another route may still send the body
	}
	return err
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ exchange.Moded              = (*Handler)(nil)
)
