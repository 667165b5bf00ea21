package api

import (
	"net/http"
	"time"

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
	// operations are those of the entries, and bases which of their base paths.
	operations []*openapi.Operation
	bases      []int
	router     *openapi.Router[*exchange.Route]
	// other stands for requests of this version that match no operation.
	other *exchange.Route
	// versioning is that of the API; nil if there are no versions. Which versions
	// there are besides makes no difference here.
	versioning *versioning.Handler
	// endings are the operations that end before the version does; nil if there are none.
	endings map[*exchange.Route]*versioning.Ending
	// life is what the contract says about the end of the version.
	life versioning.Contract
	// parameters tells that the path of some operation may hold ";".
	parameters bool
	// measured tells that the routes have their metrics.
	measured bool
}

// prepare gives the routes their metrics, before the first request.
func (v *version) prepare(app *App) {
	if v.measured {
		return
	}
	v.measured = true
	app.Prepare(v.other)
	for _, e := range v.entries {
		app.Prepare(e.Value)
	}
}

// release takes the metrics of routes away that nobody will meet any more.
func (v *version) release(app *App) {
	app.Release(v.other)
	for _, e := range v.entries {
		app.Release(e.Value)
	}
}

// public returns the path under which clients reach a path of the contract.
func (v *version) public(path string) string {
	if v.versioning == nil {
		return path
	}
	return v.versioning.PublicPath(v.name, path)
}

// router is the step between versioning and the policies: it finds the operation.
type router struct{ *offer }

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (s router) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := exchange.From(r)
	v := s.version(x.Version)
	if v == nil {
		x.Route = s.versions[0].other
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
	if refusal := s.ended(x, v); refusal != nil {
		return x.Refuse(exchange.Versioning, refusal)
	}
	if way := s.ways[match.Value]; way != nil {
		x.Way = way
	}
	if v.versioning != nil {
		v.versioning.StripVersion(r, v.name)
	}
	x.Pass(exchange.API)
	return next.ServeHTTP(w, r)
}

// ended returns the refusal of an operation that was switched off.
func (s router) ended(x *exchange.Exchange, v *version) *problem.Refusal {
	if v.endings == nil {
		return nil
	}
	ending := v.endings[x.Route]
	if ending == nil {
		return nil
	}
	var sunset time.Time
	if s.versioning != nil {
		_, sunset = s.versioning.Dates(v.name)
	}
	return ending.Meet(x, sunset)
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
