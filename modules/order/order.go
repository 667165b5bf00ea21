// Package order holds the one list of the gateway's directives, in the order of the
// pipeline.
//
// Caddy sorts directives by their registered place, and places only relative to its
// own directives. Directives registered before the same neighbour keep the order of
// the calls, so all calls stand here: the order must not depend on which package Go
// happens to initialise first.
package order

import "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

// Directives lists our directives in the order in which requests pass them. All of
// them stand before basic_auth, so that limits and versions also cover requests
// that Caddy's own authentication handles.
var Directives = []string{"versioning", "auth", "ratelimit", "validate", "canary"}

// terminal lists our directives that answer requests.
var terminal = []string{"docs", "api", "mock", "problem"}

func init() {
	for _, directive := range Directives {
		httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "basic_auth")
	}
	for _, directive := range terminal {
		httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "respond")
	}
}
