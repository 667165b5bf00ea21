package versioning

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// checkBehind refuses a claim that would never be seen: outside of an api block auth has
// to stand in front of the handler, in its own route or in one around it. Directives
// are sorted otherwise, so that takes a route block.
func (h *Handler) checkBehind(ctx caddy.Context) error {
	claim := h.Claim()
	if claim == nil || h.bound {
		return nil
	}
	for _, parent := range ctx.Modules() {
		if subroute, ok := parent.(*caddyhttp.Subroute); ok && authFirst(subroute.Routes) {
			return nil
		}
	}
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok && authFirst(server.Routes) {
		return nil
	}
	return flawAt(claim.Source, claimPlace, "write route { auth … versioning … } so that auth comes first, or use an api block",
		"a claim chooses the version, and no auth stands before versioning that would verify it")
}

// authFirst tells whether auth stands in front of what is being provisioned. Caddy
// provisions routes in their order, and takes the raw handlers of a route away
// when it has all of them.
func authFirst(routes caddyhttp.RouteList) bool {
	for i := range routes {
		if len(routes[i].HandlersRaw) > 0 {
			return authFirstIn(routes[i].HandlersRaw)
		}
		for _, handler := range routes[i].Handlers {
			if module, ok := handler.(caddy.Module); ok && module.CaddyModule().ID == "http.handlers.auth" {
				return true
			}
		}
	}
	return false
}

// authFirstIn does so for the handlers of one route.
func authFirstIn(handlers []json.RawMessage) bool {
	seen := false
	for _, raw := range handlers {
		var kind struct{ Handler string }
		if json.Unmarshal(raw, &kind) != nil {
			continue
		}
		switch kind.Handler {
		case "auth":
			seen = true
		case "versioning", "subroute":
			if seen {
				return true
			}
		}
	}
	return false
}
