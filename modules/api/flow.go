package api

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// link puts a middleware in front of a handler, once, at load.
func link(middleware caddyhttp.MiddlewareHandler, next caddyhttp.Handler) caddyhttp.Handler {
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		return middleware.ServeHTTP(w, r, next)
	})
}

// expose stands between the policies and the directives inside the block, which may
// ask for placeholders.
func expose(next caddyhttp.Handler) caddyhttp.Handler {
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		exchange.From(r).Expose(r)
		return next.ServeHTTP(w, r)
	})
}

// compile turns Caddy's routes into one handler. A route that always applies is
// linked once; Caddy itself would link it anew for every request. Routes with
// matchers or in groups keep Caddy's own way.
func compile(routes caddyhttp.RouteList, next caddyhttp.Handler) caddyhttp.Handler {
	for i := len(routes) - 1; i >= 0; i-- {
		route := &routes[i]
		if len(route.MatcherSets) > 0 || route.Group != "" {
			next = routes[i : i+1].Compile(next)
			continue
		}
		if route.Terminal {
			next = unanswered
		}
		for j := len(route.Handlers) - 1; j >= 0; j-- {
			next = link(route.Handlers[j], next)
		}
	}
	return next
}

// unanswered is what stands behind the last directive of an api block.
var unanswered = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
	return noAnswer
})

var noAnswer = &problem.Refusal{
	Reason: problem.RouteNotFound,
	Detail: "The operation exists, but nothing behind the gateway answers it.",
}
