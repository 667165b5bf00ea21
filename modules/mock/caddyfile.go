package mock

import (
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("mock", outside)
}

// outside refuses the directive outside of an api block, which reads it itself.
func outside(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	return nil, finding.At(h.Dispenser, "put it into one: api orders { mock }", "mock stands inside an api block, where the contract has the answers")
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	mock
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	h.Source = d.File() + ":" + strconv.Itoa(d.Line())
	if d.NextArg() {
		return finding.At(d, "the contract says which operations there are, and what they answer", "mock takes nothing, and %q is too much", d.Val())
	}
	if d.NextBlock(d.Nesting()) {
		return finding.At(d, "", "mock takes no block")
	}
	return nil
}

var _ caddyfile.Unmarshaler = (*Handler)(nil)
