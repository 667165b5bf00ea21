package versioning

import (
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

func init() {
	caddy.RegisterModule(MatchVersion{})
}

// MatchVersion matches requests by the version that versioning has chosen.
type MatchVersion struct {
	// Names are the versions, of which one has to be the chosen one. Required.
	Names []string `json:"names"`
}

// CaddyModule implements caddy.Module.
func (MatchVersion) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.version", New: func() caddy.Module { return new(MatchVersion) }}
}

// MatchWithError implements caddyhttp.RequestMatcherWithError.
func (m *MatchVersion) MatchWithError(r *http.Request) (bool, error) {
	x := exchange.From(r)
	return x != nil && x.Version != "" && slices.Contains(m.Names, x.Version), nil
}

// UnmarshalCaddyfile sets up the matcher from Caddyfile tokens. Syntax:
//
//	version <version...>
func (m *MatchVersion) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	for d.Next() { // lines of one matcher block are merged
		place := *d
		list := d.RemainingArgs()
		if len(list) == 0 {
			return finding.At(&place, "such as: version v1", "the matcher version needs a version")
		}
		m.Names = append(m.Names, list...)
		if d.NextBlock(d.Nesting()) {
			return finding.At(d, "", "the matcher version takes no block")
		}
	}
	return nil
}

var (
	_ caddyhttp.RequestMatcherWithError = (*MatchVersion)(nil)
	_ caddyfile.Unmarshaler             = (*MatchVersion)(nil)
)
