// Package problem is the directive that renders errors as problem details
// (RFC 9457), for sites that compose the policies by hand.
package problem

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterHandlerDirective("problem", parse)
}

// Handler answers with the problem document of the error that is being handled. It
// belongs into handle_errors. Refusals of the gateway's policies keep their code,
// hint and particulars; failures of the reverse proxy get an upstream code; every
// other error becomes a problem of type "about:blank" with its status, because its
// text may hold internals.
type Handler struct{}

// CaddyModule implements caddy.Module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.problem", New: func() caddy.Module { return new(Handler) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler. It is terminal.
func (Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	err, ok := r.Context().Value(caddyhttp.ErrorCtxKey).(error)
	if !ok {
		return caddyhttp.Error(http.StatusInternalServerError, errOutside)
	}
	return problem.WriteError(w, r, err, exchange.RequestIDOf(r))
}

var errOutside = errors.New("problem renders errors; put it into handle_errors")

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	problem
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	if d.NextArg() {
		return finding.At(d, "it belongs alone into handle_errors", "problem takes no arguments, got %q", d.Val())
	}
	if d.NextBlock(0) {
		return finding.At(d, "it belongs alone into handle_errors", "problem takes no options, got %q", d.Val())
	}
	return nil
}

func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	var handler Handler
	err := handler.UnmarshalCaddyfile(h.Dispenser)
	return handler, err
}

var (
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
