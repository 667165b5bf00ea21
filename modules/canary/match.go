package canary

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

func init() {
	caddy.RegisterModule(MatchCanary{})
}

// MatchCanary matches the requests of one group. It matches none before the handler
// canary has divided them.
type MatchCanary struct {
	// Group is canary or stable. Default: canary.
	Group string `json:"group,omitempty"`
}

// CaddyModule implements caddy.Module.
func (MatchCanary) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.canary", New: func() caddy.Module { return new(MatchCanary) }}
}

// MatchWithError implements caddyhttp.RequestMatcherWithError.
func (m *MatchCanary) MatchWithError(r *http.Request) (bool, error) {
	x := exchange.From(r)
	if x == nil {
		return false, nil
	}
	if m.Group == exchange.Stable.String() {
		return x.Group == exchange.Stable, nil
	}
	return x.Group == exchange.Canary, nil
}

// UnmarshalCaddyfile sets up the matcher from Caddyfile tokens. Syntax:
//
//	canary [canary|stable]
func (m *MatchCanary) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the matcher's name
	if d.NextArg() {
		m.Group = d.Val()
		if m.Group != exchange.Canary.String() && m.Group != exchange.Stable.String() {
			return finding.At(d, finding.Suggest(m.Group, "canary", "stable"), "%q is not a group of a canary", m.Group)
		}
	}
	if d.NextArg() {
		return finding.At(d, "", "%q is too much here", d.Val())
	}
	if d.NextBlock(d.Nesting()) {
		return finding.At(d, "", "the matcher canary takes no block")
	}
	return nil
}

var (
	_ caddyhttp.RequestMatcherWithError = (*MatchCanary)(nil)
	_ caddyfile.Unmarshaler             = (*MatchCanary)(nil)
)
