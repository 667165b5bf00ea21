// Package api is the block that ties the policies to a contract, and the app that
// all gateway handlers of a config share.
//
//	caddyfile.go, block.go   the directive
//	api.go                   the handler of a site: whose request is it
//	provision.go             configuration → policies and the handlers behind them
//	origin.go                where contracts come from: files, or a service
//	remote.go, fetch.go      a contract that is fetched from its service
//	load.go                  one contract → routes, with what the policies made of them
//	offer.go                 what an API offers at one time
//	carry.go                 how requests of older versions reach the service
//	served.go                what a site serves at one time
//	router.go                the step that finds the operation
//	flow.go                  handlers linked at load instead of for every request
//	watch.go                 contracts that change while requests are served
//	health.go, metrics.go    what became of them
//	pages.go                 the documentation beside the API
//	slo.go                   the service level objectives of an API
//	app.go                   the app "gateway"
package api

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/problem"
	"gateway/modules/auth"
	"gateway/modules/canary"
	"gateway/modules/change"
	"gateway/modules/docs"
	"gateway/modules/mock"
	"gateway/modules/ratelimit"
	"gateway/modules/validate"
	"gateway/modules/versioning"
)

func init() {
	caddy.RegisterModule(new(Handler))
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

	app     *App
	errors  *caddyhttp.HTTPErrorConfig
	reasons *docs.Pages

	// now is what requests are answered from. A request takes it once.
	now atomic.Pointer[served]
	// changing is held while a new now is made.
	changing sync.Mutex
}

// API is one api block: a contract, the policies in front of it, and what answers.
type API struct {
	// Name is the API's name: a metric label and a part of URLs. Required.
	Name string `json:"name"`
	// Contract is the contract file, or a folder with one sub-folder a version
	// (v1/openapi.yaml), or the http or https URL where the service has it. Default:
	// api/<name> beside the Caddyfile.
	Contract string `json:"contract"`
	// Refresh is how often a contract is fetched from its URL. Range: 1s–24h.
	// Default: 1m.
	Refresh caddy.Duration `json:"refresh,omitempty"`
	// ContractSource is where the contract is named, "file:line". Default: it is not.
	ContractSource string `json:"contract_source,omitempty"`
	// Base replaces the base path that the contract's servers give its operations;
	// "/" is none. Default: what the contract says.
	Base *string `json:"base,omitempty"`
	// SLO holds the service level objectives of the API. Default: none.
	SLO *SLO `json:"slo,omitempty"`
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
	// Mock answers what the routes leave over. Default: nothing does.
	Mock *mock.Handler `json:"mock,omitempty"`
	// Change carries requests of older versions to the one that the service speaks.
	// Default: with its defaults, if there are change files.
	Change *change.Handler `json:"change,omitempty"`
	// Canary divides the requests between services, which the routes choose by the
	// matcher canary. Default: nothing does.
	Canary *canary.Handler `json:"canary,omitempty"`
	// Routes are the directives inside the block that are Caddy's. Required unless there
	// is a mock: one of them has to answer, such as reverse_proxy.
	Routes caddyhttp.RouteList `json:"routes,omitempty"`
	// Apart has the versions that a line of the block sends to a service of their own, with
	// where it stands, "file:line". They cannot be carried as well. Default: none.
	Apart map[string]string `json:"apart,omitempty"`
	// Source is where the block stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	app    *App
	site   *Handler // that serves the API
	logger *zap.Logger
	origin origin
	pooled string // the key of what is fetched; "" if nothing is
	// other stands for requests while there is no contract.
	other   *exchange.Route
	carries bool                 // the configuration asks for it
	limits  []*ratelimit.Handler // of RateLimits, decided together
	// inside is what follows the router: the policies, then the directives of the block.
	inside caddyhttp.Handler
	health health
}

// CaddyModule implements caddy.Module.
func (*Handler) CaddyModule() caddy.ModuleInfo {
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
	if h.reasons, err = docs.NewPages(); err != nil {
		return err
	}
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	return h.open(ctx)
}

// open loads all contracts, and watches them from then on.
func (h *Handler) open(ctx caddy.Context) error {
	var found finding.List
	intakes := make([]*intake, len(h.APIs))
	offers := make([]*offer, len(h.APIs))
	for i, a := range h.APIs {
		var err error
		if intakes[i], offers[i], err = a.provision(ctx, h.app); err != nil {
			if found, err = add(found, err); err != nil {
				return err
			}
		}
	}
	if err := found.Err(); err != nil {
		return err
	}
	if err := h.begin(offers); err != nil {
		return err
	}
	for i, a := range h.APIs {
		a.site = h
		live.enter(a)
		w := &watcher{site: h, i: i, api: a, settled: intakes[i]}
		go w.run(ctx)
	}
	return nil
}

// Cleanup implements caddy.CleanerUpper. It runs also after a failed Provision, and
// while requests are still inside.
func (h *Handler) Cleanup() error {
	for _, api := range h.APIs {
		live.leave(api)
		api.cleanup()
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	x, vars := exchange.Look(r)
	if x != nil {
		return h.serve(x, w, r)
	}
	return exchange.Run(w, r, vars, h.app, h.serve)
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
	now := h.now.Load()
	if err := x.CheckTarget(r, now.parameters); err != nil {
		return err
	}
	for _, api := range h.APIs {
		if api.Auth != nil && api.Auth.ServeMetadata(w, r) {
			return nil
		}
	}
	if owner := now.owner(r.URL.Path); owner != nil {
		return owner.serve(x, w, r)
	}
	if now.pages.owns(r.URL.Path) {
		now.pages.ServeHTTP(w, r)
		return nil
	}
	return x.Refuse(exchange.API, notFound)
}

var notFound = problem.New(problem.RouteNotFound)

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
