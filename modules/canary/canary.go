// Package canary gives a share of the requests to another service, so that a new one
// meets real traffic before it meets all of it.
//
//	split.go     who belongs to the share: pure, and the same on every gateway
//	match.go     the matcher that directives choose their service by
//	caddyfile.go the directive
//	metrics.go   how the two groups fare
package canary

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/canonical"
	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/problem"
)

func init() {
	caddy.RegisterModule(new(Handler))
}

// Handler puts every request into one of two groups, canary and stable. It sends no
// request anywhere: the directives behind it do that, by the matcher canary.
//
// Placeholders:
//
// Placeholder | Description
// ------------|-------------
// `{http.canary.group}` | canary or stable
type Handler struct {
	// Share is how many of a hundred consumers, or requests, belong to the canary, in
	// hundredths at the finest. Range: 0–100. Required.
	Share float64 `json:"share"`
	// By is what decides: "consumer" (the verified subject, and the client's address
	// for requests without one), "request" (chance, for each request anew), or a
	// placeholder. Default: consumer.
	By string `json:"by,omitempty"`
	// Versions are the API versions whose requests are divided. Default: all.
	Versions []string `json:"versions,omitempty"`
	// Header is the request field that tells the service which group it is. Default:
	// API-Canary.
	Header string `json:"header,omitempty"`
	// Source is where the directive stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	recorder exchange.Recorder
	split    split
	field    string // canonical
	// scope names whose requests they are; canaries of different scopes choose different
	// consumers.
	scope  string
	series seriesOf
}

// defaultField is the field of the group where the configuration names none.
const defaultField = "API-Canary"

// CaddyModule implements caddy.Module.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.canary", New: func() caddy.Module { return new(Handler) }}
}

// ForAPI names the API whose requests are divided, before Provision.
func (h *Handler) ForAPI(name string) { h.scope = name }

// Provision implements caddy.Provisioner.
func (h *Handler) Provision(ctx caddy.Context) (err error) {
	if h.recorder, err = exchange.RecorderOf(ctx); err != nil {
		return err
	}
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	if err := h.Validate(); err != nil {
		return err
	}
	h.field = http.CanonicalHeaderKey(h.header())
	h.split = newSplit(h.Share, h.By, h.scope)
	h.series.scope = h.scope
	if h.scope == "" {
		h.series.scope = exchange.Other
	}
	return nil
}

// Validate implements caddy.Validator.
func (h *Handler) Validate() error {
	steps := h.Share * wholeShare / 100
	switch {
	case math.IsNaN(h.Share) || h.Share < 0 || h.Share > 100:
		return h.flaw("such as: canary 5%", "the share of a canary is %g%%, but has to be between 0%% and 100%%", h.Share)
	case math.Abs(steps-math.Round(steps)) > 1e-6:
		return h.flaw("such as: canary 0.25%", "the share of a canary, %g%%, is finer than a hundredth of a percent", h.Share)
	case h.By != "" && h.By != byConsumer && h.By != byRequest && !isPlaceholder(h.By):
		return h.flaw(finding.Suggest(h.By, byConsumer, byRequest), "a canary goes by consumer, request or a placeholder, and %q is none of them", h.By)
	case !canonical.Settable(h.header()):
		return h.flaw("such as: header API-Canary", "%q cannot tell the group: it is no header field, or has another meaning in HTTP", h.header())
	}
	return nil
}

func (h *Handler) header() string {
	if h.Header == "" {
		return defaultField
	}
	return h.Header
}

func isPlaceholder(text string) bool {
	return len(text) > 2 && text[0] == '{' && strings.IndexByte(text, '}') == len(text)-1
}

func (h *Handler) flaw(hint, format string, args ...any) error {
	return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.ParseSource(h.Source), Word: "canary", Hint: hint}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x, vars := exchange.Look(r)
	if x != nil {
		return h.serve(x, w, r, next)
	}
	return exchange.Run(w, r, vars, h.recorder, func(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) error {
		x.Expose(r)
		if err := x.CheckTarget(r, false); err != nil {
			return err
		}
		return h.serve(x, w, r, next)
	})
}

func (h *Handler) serve(x *exchange.Exchange, w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	canonical.DropField(r.Header, h.field)
	if !h.concerns(x.Version) {
		return next.ServeHTTP(w, r)
	}
	x.Group = h.split.group(h.key(x, r))
	r.Header[h.field] = []string{x.Group.String()}
	began := time.Now()
	finished := false
	defer func() {
		if !finished { // the response was cut off
			h.series.of(x.Version).count(x, http.StatusBadGateway, time.Since(began))
		}
	}()
	err := next.ServeHTTP(w, r)
	finished = true
	status := x.Status
	if status == 0 && err != nil {
		status = problem.StatusOf(err)
	}
	h.series.of(x.Version).count(x, status, time.Since(began))
	return err
}

// concerns tells whether requests of a version are divided.
func (h *Handler) concerns(version string) bool {
	for _, v := range h.Versions {
		if v == version {
			return true
		}
	}
	return len(h.Versions) == 0
}

// key returns what decides about a request. Without one it is stable.
func (h *Handler) key(x *exchange.Exchange, r *http.Request) (key string, ok bool) {
	switch h.split.by {
	case keyConsumer:
		if x.Identity != nil {
			if subject := x.Identity.Subject(); subject != "" {
				return subject, true
			}
		}
		address, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
		return address, address != ""
	case keyPlaceholder:
		repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
		if !ok {
			return "", false
		}
		key = repl.ReplaceAll(h.By, "")
		return key, key != ""
	}
	return "", true
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
