package api

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/modules/ratelimit"
	"gateway/modules/validate"
	"gateway/modules/versioning"
)

// policy is a policy inside an api block: besides deciding about requests it
// prepares itself for each operation, at load and when a contract has changed.
type policy interface {
	caddyhttp.MiddlewareHandler
	// Bind compiles what the policy needs to know about an operation. The result is
	// there for the policy in every exchange with that operation.
	Bind(op *openapi.Operation, contract *openapi.Contract) (any, error)
}

// provision makes the policies ready, loads the contracts and links everything.
func (a *API) provision(ctx caddy.Context, app *App) (*intake, *offer, error) {
	a.app, a.logger = app, ctx.Logger()
	if err := app.promise(a); err != nil {
		return nil, nil, err
	}
	a.other = &exchange.Route{API: a.Name, Template: exchange.Other}
	app.Prepare(a.other)
	if err := a.newOrigin(ctx); err != nil {
		return nil, nil, err
	}
	found, err := a.origin.list()
	if err != nil {
		return nil, nil, err
	}
	if err := a.provisionVersioning(ctx, found); err != nil {
		return nil, nil, err
	}
	if a.Validate == nil {
		a.Validate = &validate.Handler{Source: a.Source}
	}
	if err := a.provisionPolicies(ctx); err != nil {
		return nil, nil, err
	}
	taken := a.take(found, nil, nil)
	if err := taken.err(); err != nil {
		return nil, nil, err
	}
	if contracts := taken.contracts(); contracts != nil {
		if err := a.Validate.CheckOperations(contracts); err != nil {
			return nil, nil, err
		}
	}
	if err := a.link(ctx); err != nil {
		return nil, nil, err
	}
	first, troubles, err := a.first(taken)
	if err != nil {
		return nil, nil, err
	}
	a.health.settle(first, nil, troubles, time.Now())
	return taken, first, nil
}

// provisionVersioning tells the versioning which versions there are. A contract
// without versions needs none.
func (a *API) provisionVersioning(ctx caddy.Context, found []openapi.Found) error {
	names := versionsOf(found)
	if err := a.checkCanary(names); err != nil {
		return err
	}
	if len(names) == 0 {
		if a.Versioning != nil {
			hint := "move the contract to " + filepath.Join(filepath.Dir(a.Contract), "v1", "openapi.yaml") + ", or remove versioning"
			if isAddress(a.Contract) {
				hint = "a contract that is fetched is one version; remove versioning, or write an api for each"
			}
			return &finding.Error{
				Message: fmt.Sprintf("the contract of api %s has no versions to choose from", a.Name),
				At:      finding.ParseSource(a.Versioning.Source), Word: "versioning", Hint: hint,
			}
		}
		return nil
	}
	if a.Versioning == nil {
		a.Versioning = &versioning.Handler{Source: a.Source}
	}
	if err := a.checkClaim(); err != nil {
		return err
	}
	a.Versioning.ForAPI(a.Name)
	if err := a.Versioning.Provision(ctx); err != nil {
		return err
	}
	return a.Versioning.SetVersions(names)
}

// checkCanary refuses a canary of a version that does not exist.
func (a *API) checkCanary(names []string) error {
	if a.Canary == nil {
		return nil
	}
	for _, name := range a.Canary.Versions {
		if !slices.Contains(names, name) {
			return &finding.Error{
				Message: fmt.Sprintf("the canary of api %s is for the version %q, which its contract does not have", a.Name, name),
				At:      finding.ParseSource(a.Canary.Source), Word: "canary", Hint: finding.Suggest(name, names...),
			}
		}
	}
	return nil
}

// checkClaim refuses versions by a claim that nobody verifies.
func (a *API) checkClaim() error {
	claim := a.Versioning.Claim()
	if claim == nil || a.Auth != nil && a.Auth.Decides() {
		return nil
	}
	what := "has no auth"
	if a.Auth != nil {
		what = "has auth off"
	}
	return &finding.Error{
		Message: fmt.Sprintf("a claim chooses the version of api %s, which %s: an unverified claim must not choose anything", a.Name, what),
		At:      finding.ParseSource(claim.Source), Word: "claim",
		Hint: "add auth <issuer> to the api block, or select versions by what requests say, such as: header",
	}
}

// versionsOf returns the names of the versions, none for a contract without.
func versionsOf(found []openapi.Found) []string {
	var names []string
	for _, f := range found {
		if f.Version != "" {
			names = append(names, f.Version)
		}
	}
	return names
}

// provisionPolicies makes the policies ready, and one decision of all limits: a
// request that one of them refuses is charged to none.
func (a *API) provisionPolicies(ctx caddy.Context) error {
	if a.Auth != nil {
		if err := a.Auth.Provision(ctx); err != nil {
			return err
		}
	}
	for _, limit := range a.RateLimits {
		if err := limit.Provision(ctx); err != nil {
			return err
		}
	}
	var err error
	if a.limits, err = ratelimit.Merge(ctx, a.RateLimits); err != nil {
		return err
	}
	if a.Canary != nil {
		a.Canary.ForAPI(a.Name)
		if err := a.Canary.Provision(ctx); err != nil {
			return err
		}
	}
	if err := a.provisionChange(ctx); err != nil {
		return err
	}
	return a.Validate.Provision(ctx)
}

// bound is a policy with its place in the routes.
type bound struct {
	policy
	slot exchange.Policy
}

// policies returns the policies that bind to operations, in the order of the pipeline:
// limits come after auth, unless they protect it.
func (a *API) policies() []bound {
	var list []bound
	limits := a.limits
	for ; len(limits) > 0 && limits[0].BeforeAuth; limits = limits[1:] {
		list = append(list, bound{limits[0], exchange.RateLimit})
	}
	if a.Auth != nil {
		list = append(list, bound{a.Auth, exchange.Auth})
	}
	for _, limit := range limits {
		list = append(list, bound{limit, exchange.RateLimit})
	}
	return append(list, bound{a.Validate, exchange.Validate})
}

// link chains the policies and the directives inside the block.
func (a *API) link(ctx caddy.Context) error {
	if len(a.Routes) == 0 && a.Mock == nil {
		return &finding.Error{
			Message: fmt.Sprintf("nothing inside api %s answers requests", a.Name),
			At:      finding.ParseSource(a.Source), Word: a.Name,
			Hint: "add reverse_proxy <address> to the block, or mock while there is no service",
		}
	}
	if err := a.Routes.Provision(ctx); err != nil {
		return err
	}
	a.inside = compile(a.Routes, a.last())
	if a.Canary != nil {
		a.inside = link(a.Canary, a.inside)
	}
	a.inside = expose(a.inside)
	if a.Change != nil {
		a.inside = link(a.Change, a.inside)
	}
	policies := a.policies()
	for i := len(policies) - 1; i >= 0; i-- {
		a.inside = link(policies[i].policy, a.inside)
	}
	return nil
}

// cleanup gives back what the policies hold. It runs also after a failed Provision.
func (a *API) cleanup() {
	if a.pooled != "" {
		_, _ = remotes.Delete(a.pooled)
	}
	var holders []any
	if a.Versioning != nil {
		holders = append(holders, a.Versioning)
	}
	if a.Auth != nil {
		holders = append(holders, a.Auth)
	}
	for _, limit := range a.RateLimits {
		holders = append(holders, limit)
	}
	for _, holder := range holders {
		if cleaner, ok := holder.(caddy.CleanerUpper); ok {
			_ = cleaner.Cleanup()
		}
	}
}
