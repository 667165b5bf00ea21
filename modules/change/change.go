// Package change carries requests of old clients to the version that the service speaks,
// and its responses back.
//
// What is carried, and how, stands in the change files of the contracts and is compiled
// by internal/change. This package moves real messages:
//
//	way.go       how the requests of one operation reach the service
//	request.go   the request: body, query, header, path, version
//	response.go  the response on its way back
//	etag.go      validators, which belong to one form of a document
//	locate.go    what a response points to
//	caddyfile.go the configuration
package change

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// Handler stands between the policies and the directives of an api block. It has nothing
// to do where a request has the version that the service speaks.
type Handler struct {
	// Backend is the version that the service speaks. Default: the newest one.
	Backend string `json:"backend,omitempty"`
	// MaxBody bounds a body that is carried, in bytes: a longer request is refused with
	// 413, a longer response with 502. Range: 1–1073741824. Default: 8388608 (8 MiB).
	MaxBody int64 `json:"max_body,omitempty"`
	// Mode is "enforce", "report" (what cannot be carried passes as it is, and is
	// recorded) or "off" (nothing is carried). Default: enforce.
	Mode exchange.Mode `json:"mode,omitempty"`
	// Source is where the option stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	step     exchange.Step
	tooLarge *problem.Refusal
}

// Provision makes the handler ready. The api block calls it.
func (h *Handler) Provision(ctx caddy.Context) error {
	if h.MaxBody == 0 {
		h.MaxBody = defaultMaxBody
	}
	if err := h.validate(); err != nil {
		return err
	}
	h.tooLarge = refuseLength(h.MaxBody)
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	return h.step.Provision(ctx, exchange.Changes, h.Mode, "")
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := exchange.From(r)
	way, _ := x.Way.(*Way)
	switch {
	case way == nil || h.Mode == exchange.ModeOff:
		return next.ServeHTTP(w, r)
	case way.carrier == nil:
		way.point(r)
		x.SetSent(r)
		return next.ServeHTTP(w, r)
	}
	// Whoever holds the body that was sent gets it back, to give its memory back.
	body := r.Body
	err := h.step.Serve(w, r, &carriage{h, way, next}, h)
	if _, refused := errors.AsType[*problem.Refusal](err); err == nil || refused {
		r.Body = body
	}
	return err
}

// Decide implements exchange.Decider: it carries the request forward.
func (h *Handler) Decide(x *exchange.Exchange, _ http.ResponseWriter, r *http.Request) *problem.Refusal {
	way := x.Way.(*Way)
	refusal := way.forward(x, r, h)
	if refusal == nil {
		way.series.requests[carried].Inc()
		return nil
	}
	way.series.requests[failed].Inc()
	if h.Mode == exchange.ModeReport {
		x.Way = nil // all of it passes as it is
	}
	return refusal
}

// NameFor implements exchange.Named: the changes that the operation is touched by.
func (h *Handler) NameFor(x *exchange.Exchange) string {
	if way, ok := x.Way.(*Way); ok {
		return way.names
	}
	return ""
}

// carriage is what stands behind the step: the response comes back through it.
type carriage struct {
	*Handler
	way  *Way
	next caddyhttp.Handler
}

// ServeHTTP implements caddyhttp.Handler.
func (c *carriage) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	x := exchange.From(r)
	if x.Way != nil {
		x.SetSent(r)
	}
	if x.Way == nil || !c.way.carrier.OnResponse() {
		return c.next.ServeHTTP(w, r)
	}
	return c.back(x, w, r)
}

var (
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ exchange.Named              = (*Handler)(nil)
)
