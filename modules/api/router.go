package api

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/canonical"
	"gateway/internal/exchange"
	"gateway/internal/openapi"
	"gateway/internal/problem"
	"gateway/modules/versioning"
)

// version is one contract of an API, ready for requests.
type version struct {
	// name is that of the contract's folder, "" if there is only one contract.
	name     string
	contract *openapi.Contract
	entries  []openapi.Entry[*exchange.Route]
	router   *openapi.Router[*exchange.Route]
	// other stands for requests of this version that match no operation.
	other *exchange.Route
	// versioning is that of the API; nil if there are no versions.
	versioning *versioning.Handler
}

// public returns the path under which clients reach a path of the contract.
func (v *version) public(path string) string {
	if v.versioning == nil {
		return path
	}
	return v.versioning.PublicPath(v.name, path)
}

// router is the step between versioning and the policies: it finds the operation.
type router struct{ api *API }

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (s router) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := exchange.From(r)
	v := s.api.version(x.Version)
	if v == nil {
		x.Route = s.api.versions[0].other
		return x.Refuse(exchange.API, notFound)
	}
	match := v.lookup(r, x.ParamsBuffer())
	if canonical.Parameters(r.URL.Path) && !(match.Found && match.Value.Parameters) {
		x.Route = v.other
		return x.RefusePath()
	}
	if !match.Found {
		x.Route = v.other
		if match.Allow == "" {
			return x.Refuse(exchange.API, notFound)
		}
		return x.Refuse(exchange.API, &problem.Refusal{Reason: problem.RouteMethod, Header: http.Header{"Allow": {match.Allow}}})
	}
	x.Route, x.Params = match.Value, match.Params
	if v.versioning != nil {
		v.versioning.StripVersion(r, v.name)
	}
	x.Pass(exchange.API)
	return next.ServeHTTP(w, r)
}

// version returns the version that versioning chose. An API without versions has
// exactly one contract.
func (a *API) version(name string) *version {
	for _, v := range a.versions {
		if v.name == name {
			return v
		}
	}
	return nil
}

// lookup matches the request. A request that named no version in its path, and got
// the default one, is matched and forwarded as if it had: the service sees one
// spelling.
func (v *version) lookup(r *http.Request, params []string) openapi.Match[*exchange.Route] {
	match := v.router.Lookup(r.Method, r.URL.Path, params)
	if match.Found || match.Allow != "" || v.versioning == nil {
		return match
	}
	path := v.versioning.PublicPath(v.name, r.URL.Path)
	if path == r.URL.Path {
		return match
	}
	if match = v.router.Lookup(r.Method, path, params); match.Found {
		r.URL.Path, r.URL.RawPath = path, ""
	}
	return match
}

// knows tells whether any version of the API has the path, with whatever method.
func (a *API) knows(path string) bool {
	for _, v := range a.versions {
		if match := v.router.Lookup("", path, nil); match.Allow != "" {
			return true
		}
	}
	return false
}
