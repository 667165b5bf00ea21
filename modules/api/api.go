// Package api is the block that ties the policies to a contract, and the app that
// all gateway handlers of a config share.
//
//	caddyfile.go, block.go   the directive
//	api.go                   the handler of a site: whose request is it
//	load.go                  contracts → versions, routes, one flow of handlers
//	router.go                the step that finds the operation
//	flow.go                  handlers linked at load instead of for every request
//	pages.go                 the documentation beside the API
//	app.go                   the app "gateway"
package api

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/problem"
	"gateway/modules/auth"
	"gateway/modules/ratelimit"
	"gateway/modules/validate"
	"gateway/modules/versioning"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler serves the APIs of one site: it finds the operation that a request means,
// runs the policies in their fixed order (versioning, auth, ratelimit, validate) and
// then the directives inside the block. It is terminal: what no contract knows is
// answered here.
//
// Refusals are rendered as problem details (RFC 9457), unless the site handles
// errors itself with handle_errors.
type Handler struct {
	// APIs are the api blocks of the site. Required.
	APIs []*API `json:"apis"`

	app *App
	// parameters tells that some API's paths may hold ";".
	parameters bool
	errors     *caddyhttp.HTTPErrorConfig
	pages      *pages
}

// API is one api block: a contract, the policies in front of it, and what answers.
type API struct {
	// Name is the API's name: a metric label and a part of URLs. Required.
	Name string `json:"name"`
	// Contract is the contract file, or a folder with one sub-folder a version
	// (v1/openapi.yaml). Default: api/<name> beside the Caddyfile.
	Contract string `json:"contract"`
	// ContractSource is where the contract is named, "file:line". Default: it is not.
	ContractSource string `json:"contract_source,omitempty"`
	// Base replaces the base path that the contract's servers give its operations;
	// "/" is none. Default: what the contract says.
	Base *string `json:"base,omitempty"`
	// Docs serves the documentation of the API under /docs. Default: false.
	Docs bool `json:"docs,omitempty"`
	// Versioning chooses among the versions of a folder. Default: by the first
	// segment of the path.
	Versioning *versioning.Handler `json:"versioning,omitempty"`
	// Auth verifies tokens. Required if the contract demands security.
	Auth *auth.Handler `json:"auth,omitempty"`
	// RateLimits are the limits, decided in this order. Default: none.
	RateLimits []*ratelimit.Handler `json:"rate_limits,omitempty"`
	// Validate holds the options of validation. Default: validation with its defaults.
	Validate *validate.Handler `json:"validate,omitempty"`
	// Routes are the directives inside the block that are Caddy's. Required: one of
	// them has to answer, such as reverse_proxy.
	Routes caddyhttp.RouteList `json:"routes,omitempty"`
	// Source is where the block stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	// parameters tells that some operation's path may hold ";".
	parameters bool
	limits     []*ratelimit.Handler // of RateLimits, decided together
	versions   []*version
	flow       caddyhttp.Handler
}

// CaddyModule implements caddy.Module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.api", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner: it loads the contracts and compiles
// everything that requests need.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App("gateway")
	if err != nil {
		return err
	}
	h.app = app.(*App)
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		h.errors = server.Errors
	}
	for _, api := range h.APIs {
		if err := api.provision(ctx, h.app); err != nil {
			return err
		}
		h.parameters = h.parameters || api.parameters
	}
	if err := disjoint(h.APIs); err != nil {
		return err
	}
	h.pages, err = newPages(h.APIs)
	return err
}

// Cleanup implements caddy.CleanerUpper. It runs also after a failed Provision.
func (h *Handler) Cleanup() error {
	for _, api := range h.APIs {
		api.cleanup()
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	if x := exchange.From(r); x != nil {
		return h.serve(x, w, r)
	}
	return exchange.Run(w, r, h.app, h.serve)
}

func (h *Handler) serve(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) error {
	err := h.dispatch(x, w, r)
	if err == nil || x.Status != 0 {
		return err
	}
	x.Fail(err)
	if h.siteHandles(x, r, err) {
		return err
	}
	return problem.WriteError(w, r, err, x.RequestID)
}

func (h *Handler) dispatch(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) error {
	if err := x.CheckTarget(r, h.parameters); err != nil {
		return err
	}
	for _, api := range h.APIs {
		if api.Auth != nil && api.Auth.ServeMetadata(w, r) {
			return nil
		}
	}
	if owner := h.owner(r.URL.Path); owner != nil {
		return owner.flow.ServeHTTP(w, r)
	}
	if h.pages.owns(r.URL.Path) {
		h.pages.ServeHTTP(w, r)
		return nil
	}
	return x.Refuse(exchange.API, notFound)
}

var notFound = problem.New(problem.RouteNotFound)

// owner returns the API that has the path, or nil. The only API of a site also has
// the paths that nobody else has, so that its versioning can say what is wrong.
func (h *Handler) owner(path string) *API {
	if len(h.APIs) == 1 && !h.pages.owns(path) {
		return h.APIs[0]
	}
	for _, api := range h.APIs {
		if api.knows(path) {
			return api
		}
	}
	return nil
}

// siteHandles tells whether an error route of the site would take the error. The
// routes' matchers may ask for the error's status, so they get to see it.
func (h *Handler) siteHandles(x *exchange.Exchange, r *http.Request, err error) bool {
	if h.errors == nil || len(h.errors.Routes) == 0 {
		return false
	}
	x.Expose(r)
	if refusal, ok := err.(*problem.Refusal); ok {
		err = refusal.HandlerError()
	}
	r = h.errors.WithError(r, err)
	for _, route := range h.errors.Routes {
		if matched, matchErr := route.MatcherSets.AnyMatchWithError(r); matchErr != nil || matched {
			return true
		}
	}
	return false
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
