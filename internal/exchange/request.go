package exchange

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// varKey is the request variable that holds the exchange.
const varKey = "gateway"

// traceVarKey is the request variable in which Caddy's tracing leaves the id of the trace.
const traceVarKey = "trace_id"

// From returns the exchange of a request, or nil if no gateway handler has seen it.
func From(r *http.Request) *Exchange {
	x, _ := Look(r)
	return x
}

// Vars are the variables that Caddy keeps of a request.
type Vars map[string]any

// Look is From for the handlers that may be the first: it also returns the variables of
// the request, which Run would have to look for again.
func Look(r *http.Request) (*Exchange, Vars) {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	x, _ := vars[varKey].(*Exchange)
	return x, vars
}

// placeholders gives the values of
//
//	{http.gateway.request_id}  {http.gateway.api}  {http.gateway.route}  {http.gateway.operation}
//	{http.gateway.reason}      the reason of the refusal
//	{http.versioning.version}
//	{http.canary.group}
//	{http.auth.user.*}         of the verified caller only
func (x *Exchange) placeholders(key string) (any, bool) {
	name, ok := strings.CutPrefix(key, "http.")
	if !ok {
		return nil, false
	}
	if user, ok := strings.CutPrefix(name, "auth.user."); ok {
		if x.Identity == nil {
			return nil, false
		}
		return x.Identity.Placeholder(user)
	}
	if name == "versioning.version" {
		return x.Version, x.Version != ""
	}
	if name == "canary.group" {
		return x.Group.String(), x.Group != NoGroup
	}
	field, ok := strings.CutPrefix(name, "gateway.")
	if !ok {
		return nil, false
	}
	return x.placeholder(field)
}

func (x *Exchange) placeholder(field string) (any, bool) {
	switch field {
	case "request_id":
		return x.RequestID, true
	case "reason":
		if x.Refusal == nil {
			return "", true
		}
		return x.Refusal.Reason.Code, true
	}
	if x.Route == nil {
		return nil, false
	}
	switch field {
	case "api":
		return x.Route.API, true
	case "route":
		return x.Route.Template, true
	case "operation":
		return x.Route.Operation, true
	}
	return nil, false
}

// Expose makes the exchange's placeholders known to the request's replacer, once. It
// is called where somebody may ask for one: requests that are refused before that are
// spared the cost.
func (x *Exchange) Expose(r *http.Request) {
	if x.exposed {
		return
	}
	x.exposed = true
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(x.placeholders)
	}
}

// logged tells whether the server writes an access log, which asks for {http.auth.user.id}.
func logged(r *http.Request) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return ok && server.Logs != nil
}

// varies tells whether the values of a Vary field already name field, or everything.
func varies(values []string, field string) bool {
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name == "*" || strings.EqualFold(name, field) {
				return true
			}
		}
	}
	return false
}
