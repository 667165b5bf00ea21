// Package versioning chooses the API version that a request means and tells clients
// about the life of that version: deprecated, to be switched off, gone.
//
//	version.go    a version: its name, its state at a time
//	set.go        all versions of an API: order, look-up
//	resolve.go    request → version; mediatype.go and media.go for Accept
//	lifecycle.go  what responses say about a version; links.go for Link
//	brownout.go   versions that are switched off on trial
//	life.go       what a contract says about the end of its version
//	claim.go      versions that consumers are pinned to by a claim of their token
//	behind.go     where auth has to stand for that
//	ending.go     single operations that end sooner
//	match.go      the matcher version
//	fields.go     the header fields of requests and responses
//	usage.go      who uses which version; admin.go and metrics.go show it
//	check.go      what somebody has to decide; command.go is gateway versions
//	compile.go    configuration → plan; selector.go for the places
//	block.go      what the api block asks
package versioning

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler finds out which version of an API a request means. It tells the upstream
// and the client in a header field, announces deprecation (RFC 9745) and sunset
// (RFC 8594), and answers 410 after the sunset.
//
// Placeholders:
//
// Placeholder | Description
// ------------|-------------
// `{http.versioning.version}` | The chosen version, such as `v2`
type Handler struct {
	// Selectors are the places where requests may name a version. All of them are
	// looked at; if two disagree, the request is refused. Default: the path.
	Selectors []Selector `json:"selectors,omitempty"`
	// Default is the version of requests that name none. Default: none; such
	// requests are refused.
	Default string `json:"default,omitempty"`
	// DefaultSource is where the default stands, "file:line". Default: unknown.
	DefaultSource string `json:"default_source,omitempty"`
	// StripPrefix removes the version from the path before the request goes on:
	// /v1/orders becomes /orders. Default: false.
	StripPrefix bool `json:"strip_prefix,omitempty"`
	// Versions are the versions and their lives. Required, except inside an api
	// block, whose contracts are the versions. Default: all versions are active.
	Versions []Version `json:"versions,omitempty"`
	// Mode is enforce, report or off. Default: enforce.
	Mode exchange.Mode `json:"mode,omitempty"`
	// Source is where the directive stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	step   exchange.Step
	bound  bool // belongs to an api block
	plan   *plan
	eras   eras
	fields fields
	// scope names what the versions belong to: the API, or the place of the directive.
	scope   string
	usage   *usage
	entered bool // the usage is to be given back
}

// Selector is one place where requests may name a version.
type Selector struct {
	// In is path, host, header, query, media_type or claim. Required.
	In string `json:"in"`
	// Name is the header field or query parameter, or the domain of a host or the path of a
	// claim, for which it is required. Default: API-Version, version.
	Name string `json:"name,omitempty"`
	// Prefix is what stands before the version in the path, such as /api. Default: nothing.
	Prefix string `json:"prefix,omitempty"`
	// Form is param (application/json;version=2) or vendor
	// (application/vnd.acme.v2+json). Default: both.
	Form string `json:"form,omitempty"`
	// Strict refuses requests that name another version than their claim. Default: false;
	// what a request names itself goes before the claim.
	Strict bool `json:"strict,omitempty"`
	// Source is where the selector stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`
}

// Version is one version of the API and its life.
type Version struct {
	// Name is a number (v2, 2.1), a date (2026-06-01) or a word. Required.
	Name string `json:"name"`
	// Deprecated is when clients should have stopped to rely on the version: a date,
	// which begins at midnight UTC, or an RFC 3339 time. Default: what x-deprecated of the
	// contract says, or never.
	Deprecated string `json:"deprecated,omitempty"`
	// Sunset is when the version is switched off, in the same forms; not before
	// Deprecated. Default: what x-sunset of the contract says, or never.
	Sunset string `json:"sunset,omitempty"`
	// Brownouts are times in which the version is switched off on trial, such as
	// "2027-06-01 10:00/15m"; before its sunset, at most 12. Default: what x-brownout of
	// the contract says, or none.
	Brownouts []string `json:"brownouts,omitempty"`
	// Successor is the version to move to. Default: the next one.
	Successor string `json:"successor,omitempty"`
	// Link is the URL of a page for people about the deprecation and the sunset.
	// Default: none.
	Link string `json:"link,omitempty"`
	// Source is where the version stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	lines map[string]string // the places of its options, while a Caddyfile is read
}

// CaddyModule implements caddy.Module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.versioning", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner. Inside an api block the contracts decide
// which versions there are and when they end, so there SetVersions and WithContracts
// complete the work.
func (h *Handler) Provision(ctx caddy.Context) error {
	for _, parent := range ctx.Modules() {
		h.bound = h.bound || parent.CaddyModule().ID == "http.handlers.api"
	}
	if !h.bound {
		if err := h.compile(nil, true); err != nil {
			return err
		}
	}
	if err := h.checkBehind(ctx); err != nil {
		return err
	}
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	if err := h.enter(); err != nil {
		return err
	}
	h.usage.show(h.plan)
	h.step.StandsAt(h.Source)
	return h.step.Provision(ctx, exchange.Versioning, h.Mode, "")
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	err := h.step.Serve(w, r, next, h)
	if x := exchange.From(r); x != nil && x.Version != "" {
		h.note(x)
	}
	return err
}

// note counts a request, once it is known who sent it.
func (h *Handler) note(x *exchange.Exchange) {
	subject := ""
	if x.Identity != nil {
		subject = x.Identity.Subject()
	}
	v := h.plan.set.byName[x.Version]
	if v == nil {
		return
	}
	h.usage.note(h.plan, v.name, subject, h.eras.at(x.Start).notices[v.rank].refusal != nil, x.Start)
}

// Cleanup implements caddy.CleanerUpper.
func (h *Handler) Cleanup() error { return h.leave() }

// Decide implements exchange.Decider.
func (h *Handler) Decide(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) *problem.Refusal {
	for _, field := range h.fields.vary {
		x.Vary(field)
	}
	if hasContent(r) && h.fields.varyContent {
		x.Vary("Content-Type")
	}
	h.varies(x)
	now := h.eras.at(x.Start)
	v, verdict := h.plan.resolve(r, h.caller(x))
	refusal := now.refusals[verdict]
	if verdict != chosen && h.Mode == exchange.ModeReport && v == nil {
		v = h.plan.fallback
	}
	if v == nil || refusal != nil && h.Mode != exchange.ModeReport {
		h.fields.drop(r.Header)
		return refusal
	}
	n := &now.notices[v.rank]
	x.Version = v.name
	h.fields.tell(x, w, r, v.name, n)
	if h.StripPrefix && !h.bound {
		h.StripVersion(r, v.name)
	}
	if refusal == nil {
		refusal = n.refusal
	}
	if n.resumes.IsZero() || refusal == nil {
		return refusal
	}
	brief := *refusal // until when depends on now
	brief.RetryAfter = n.resumes.Sub(x.Start)
	return &brief
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ exchange.Decider            = (*Handler)(nil)
)
