package strict_test

import (
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
)

func init() {
	caddy.RegisterModule(guard{})
	httpcaddyfile.RegisterHandlerDirective("guard", parseGuard)
	httpcaddyfile.RegisterDirectiveOrder("guard", httpcaddyfile.Before, "respond")
}

// guard is a module that reports its mistakes as findings, as ours do: unknown
// options when it is parsed, a missing key when it is provisioned.
type guard struct {
	Key    string `json:"key,omitempty"`
	Source string `json:"source,omitempty"`
}

func (guard) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.guard", New: func() caddy.Module { return new(guard) }}
}

func parseGuard(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	g := &guard{Source: fmt.Sprintf("%s:%d", h.File(), h.Line())}
	for h.NextArg() {
		if h.Val() != "key" {
			return nil, finding.At(h, finding.Suggest(h.Val(), "key"), "%q is not an option of guard", h.Val())
		}
		if !h.AllArgs(&g.Key) {
			return nil, h.ArgErr()
		}
	}
	return g, nil
}

func (g *guard) Provision(caddy.Context) error {
	if g.Key == "" {
		return nil
	}
	return &finding.Error{
		Message: fmt.Sprintf("the key %s cannot be read", g.Key),
		At:      finding.ParseSource(g.Source), Word: g.Key,
		Hint: "paths are relative to the Caddyfile",
	}
}

func (*guard) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return next.ServeHTTP(w, r)
}
