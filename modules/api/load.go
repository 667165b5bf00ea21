package api

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/modules/auth"
	"gateway/modules/ratelimit"
	"gateway/modules/validate"
	"gateway/modules/versioning"
)

// policy is a policy inside an api block: besides deciding about requests it
// prepares itself, at load, for each operation.
type policy interface {
	caddyhttp.MiddlewareHandler
	// Bind compiles what the policy needs to know about an operation. The result is
	// there for the policy in every exchange with that operation.
	Bind(op *openapi.Operation, contract *openapi.Contract) (any, error)
}

// provision loads the contracts, binds the policies to every operation and links
// everything to one flow.
func (a *API) provision(ctx caddy.Context, app *App) error {
	found, err := a.discover()
	if err != nil {
		return err
	}
	if err := a.provisionVersioning(ctx, found); err != nil {
		return err
	}
	if a.Validate == nil {
		a.Validate = &validate.Handler{Source: a.Source}
	}
	if err := a.provisionPolicies(ctx); err != nil {
		return err
	}
	for _, f := range found {
		v, err := a.load(f, app)
		if err != nil {
			return err
		}
		for _, doubt := range v.contract.Warnings {
			ctx.Logger().Warn(doubt.Message, zap.Stringer("at", doubt.At), zap.String("hint", doubt.Hint))
		}
		a.versions = append(a.versions, v)
	}
	return a.link(ctx)
}

// discover finds the contracts of an API: one file, or a folder with versions.
func (a *API) discover() ([]openapi.Found, error) {
	if ext := filepath.Ext(a.Contract); ext == ".json" || ext == ".yaml" || ext == ".yml" {
		if _, err := os.Stat(a.Contract); err != nil {
			return nil, a.noContract("there is no such file", "paths are relative to the Caddyfile")
		}
		return []openapi.Found{{File: a.Contract}}, nil
	}
	found, err := openapi.Discover(a.Contract)
	if missing, ok := errors.AsType[*finding.Error](err); ok && missing.At.File == a.Contract {
		return nil, a.noContract(missing.Message, missing.Hint)
	}
	return found, err
}

// noContract says that there is nothing where the contract should be.
func (a *API) noContract(why, hint string) error {
	source, word := a.ContractSource, filepath.Base(a.Contract)
	if source == "" {
		source, word = a.Source, a.Name
	}
	return &finding.Error{
		Message: fmt.Sprintf("api %s has no contract at %s: %s", a.Name, a.Contract, why),
		At:      finding.ParseSource(source), Word: word, Hint: hint,
	}
}

// provisionVersioning tells the versioning which versions there are. A contract
// without versions needs none.
func (a *API) provisionVersioning(ctx caddy.Context, found []openapi.Found) error {
	var names []string
	for _, f := range found {
		if f.Version != "" {
			names = append(names, f.Version)
		}
	}
	if len(names) == 0 {
		if a.Versioning != nil {
			return &finding.Error{
				Message: fmt.Sprintf("the contract of api %s has no versions to choose from", a.Name),
				At:      finding.ParseSource(a.Versioning.Source), Word: "versioning",
				Hint: "move the contract to " + filepath.Join(filepath.Dir(a.Contract), "v1", "openapi.yaml") + ", or remove versioning",
			}
		}
		return nil
	}
	if a.Versioning == nil {
		a.Versioning = &versioning.Handler{Source: a.Source}
	}
	if err := a.Versioning.Provision(ctx); err != nil {
		return err
	}
	return a.Versioning.SetVersions(names)
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
	return a.Validate.Provision(ctx)
}

// bound is a policy with its place in the routes.
type bound struct {
	policy
	slot exchange.Policy
}

// policies returns the policies that bind to operations, in the order of the pipeline.
func (a *API) policies() []bound {
	var list []bound
	if a.Auth != nil {
		list = append(list, bound{a.Auth, exchange.Auth})
	}
	for _, limit := range a.limits {
		list = append(list, bound{limit, exchange.RateLimit})
	}
	return append(list, bound{a.Validate, exchange.Validate})
}

// load reads one contract and makes its routes.
func (a *API) load(found openapi.Found, app *App) (*version, error) {
	contract, err := openapi.Load(found.File)
	if err != nil {
		return nil, err
	}
	v := &version{
		name: found.Version, contract: contract, versioning: a.Versioning,
		other: &exchange.Route{API: a.Name, Version: found.Version, Template: exchange.Other},
	}
	app.Prepare(v.other)
	for _, op := range contract.Operations {
		prepared, err := a.bind(op, contract)
		if err != nil {
			return nil, err
		}
		for _, base := range a.bases(contract) {
			route := &exchange.Route{
				API: a.Name, Version: v.name, Method: op.Method, Template: v.public(base + op.Template),
				Operation: op.ID, Parameters: op.Matrix(), Prepared: prepared,
			}
			app.Prepare(route)
			a.parameters = a.parameters || route.Parameters
			v.entries = append(v.entries, openapi.Entry[*exchange.Route]{Method: op.Method, Template: route.Template, Value: route, Source: op.Source})
		}
	}
	v.router, err = openapi.NewRouter(v.entries)
	return v, err
}

// bind lets every policy prepare itself for an operation.
func (a *API) bind(op *openapi.Operation, contract *openapi.Contract) (prepared [exchange.PolicyCount]any, err error) {
	if a.Auth == nil && auth.Demanded(op) {
		return prepared, a.insecure(op)
	}
	for _, p := range a.policies() {
		if prepared[p.slot], err = p.Bind(op, contract); err != nil {
			return prepared, err
		}
	}
	return prepared, nil
}

// bases returns the base paths of the API, "" for none.
func (a *API) bases(contract *openapi.Contract) []string {
	if a.Base != nil {
		return []string{strings.TrimSuffix(*a.Base, "/")}
	}
	return contract.Bases
}

// insecure says that a contract demands security where nothing verifies it.
func (a *API) insecure(op *openapi.Operation) error {
	return &finding.Error{
		Message: fmt.Sprintf("%s %s demands security, but api %s (%s) has no auth", op.Method, op.Template, a.Name, a.Source),
		At:      finding.Position(op.Source),
		Hint:    "add auth <issuer> to the api block, or auth off if the service verifies tokens itself",
	}
}

// link chains the policies and the directives inside the block.
func (a *API) link(ctx caddy.Context) error {
	if len(a.Routes) == 0 {
		return &finding.Error{
			Message: fmt.Sprintf("nothing inside api %s answers requests", a.Name),
			At:      finding.ParseSource(a.Source), Word: a.Name,
			Hint: "add reverse_proxy <address> to the block",
		}
	}
	if err := a.Routes.Provision(ctx); err != nil {
		return err
	}
	flow := expose(compile(a.Routes, unanswered))
	policies := a.policies()
	for i := len(policies) - 1; i >= 0; i-- {
		flow = link(policies[i].policy, flow)
	}
	flow = link(router{a}, flow)
	if a.Versioning != nil {
		flow = link(a.Versioning, flow)
	}
	a.flow = flow
	return nil
}

// cleanup gives back what the policies hold. It runs also after a failed Provision.
func (a *API) cleanup() {
	var holders []any
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
