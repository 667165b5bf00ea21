// Package auth verifies access tokens (JWT, RFC 7519, RFC 9068) at the edge, so that
// no service has to.
//
// The files without Caddy in them are the core: bearer, token and object take a
// token out of a request and apart; key, keyset and verify check its signature;
// claims judges it; authenticate joins them; remote, fetch and discovery keep the
// issuer's keys at hand; introspect and breaker ask about opaque tokens; deny is a deny
// list, and denyshared, denystore, denystep and denysync share one with other gateways;
// apikeystore has the API keys that are shared; cache, identity, headers and rule do
// what their names say.
package auth

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler lets requests with a good access token through and refuses all others.
//
// A token is good if it is a compact JWS, signed with an algorithm that is
// configured and that its key is made for, by a key of the configured issuer, for
// the configured audience, and if it has an expiration that has not passed.
//
// It sets these placeholders, for verified callers only:
//
// Placeholder | Description
// ------------|------------
// `{http.auth.user.id}` | the subject, `sub`
// `{http.auth.user.claims.<path>}` | a claim; dots lead into nested objects, lists have commas between their items
// `{http.auth.user.<name>}` | the same, shorter: `{http.auth.user.scope}`
type Handler struct {
	// Issuers are the issuers whose tokens are accepted; the token's "iss" chooses
	// among them. Required, unless Off.
	Issuers []*Issuer `json:"issuers,omitempty"`
	// TokenFrom are the places that a token may come in; no other is looked at.
	// Default: the Authorization field with the scheme Bearer.
	TokenFrom []TokenSource `json:"token_from,omitempty"`
	// Scopes are scopes that every request needs, besides those of the contract.
	// Default: none.
	Scopes []string `json:"scopes,omitempty"`
	// AnyScope makes one of Scopes enough. Default: false.
	AnyScope bool `json:"any_scope,omitempty"`
	// Require are rules about claims that every token has to fulfil. Default: none.
	Require []Requirement `json:"require,omitempty"`
	// Expressions are rules in CEL about claims and the request, all of which have to
	// be true. Default: none.
	Expressions []string `json:"expressions,omitempty"`
	// DenyList is a watched file with tokens, subjects and sessions that are revoked.
	// Default: none.
	DenyList string `json:"deny_list,omitempty"`
	// DenyListOnError is what becomes of tokens while nobody knows what is on the deny
	// list that gateways share, because the store was down since the start and nothing
	// was kept: "open" or "closed". Default: closed, they are answered with 503.
	DenyListOnError string `json:"deny_list_on_error,omitempty"`
	// APIKeys are accepted beside tokens. Default: none are.
	APIKeys *APIKeys `json:"api_keys,omitempty"`
	// DPoP accepts tokens that are bound to a key (RFC 9449). Default: they are refused.
	DPoP *DPoP `json:"dpop,omitempty"`
	// MTLS accepts tokens that are bound to a client certificate (RFC 8705). Default:
	// they are refused.
	MTLS *MTLS `json:"mtls,omitempty"`
	// Headers are header fields that tell the service who is calling. They are removed
	// from the client's request in every spelling, whatever becomes of the request.
	// Default: none.
	Headers []IdentityHeader `json:"headers,omitempty"`
	// ForwardToken passes the Authorization field on to the service. Default: true
	// without Headers, false with them.
	ForwardToken *bool `json:"forward_token,omitempty"`
	// Optional lets requests without a token through, without identity. A token that
	// is there still has to be good. Inside api it counts only for operations about
	// whose security the contract says nothing. Default: false.
	Optional bool `json:"optional,omitempty"`
	// Preflight lets CORS preflight requests (Fetch §3.2.2) through, which never carry
	// a token. Default: false.
	Preflight bool `json:"preflight,omitempty"`
	// CloseAtExpiry ends WebSockets and server-sent events when their token expires or
	// is revoked. Default: false.
	CloseAtExpiry bool `json:"close_at_expiry,omitempty"`
	// Resource is the address of this API as a protected resource of OAuth, whose
	// metadata (RFC 9728) are served then. Default: none.
	Resource string `json:"resource,omitempty"`
	// Off says that the service checks tokens itself. Default: false.
	Off bool `json:"off,omitempty"`
	// Mode is enforce, report or off. Default: enforce.
	Mode exchange.Mode `json:"mode,omitempty"`
	// Source is where the directive stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	step     exchange.Step
	issuers  *issuers
	places   []tokenPlace // nil: the Authorization field
	fields   []identityField
	forward  bool
	rule     *rule
	claims   claimRules
	deny     *denyFile
	shared   *sharedDeny // nil if gateways share nothing
	keys     *apiKeys
	senders  senders
	resource *resource
	refusals refusals
	// credentials are the request fields that may decide who is calling.
	credentials []string
	pooled      []any // keys of the pool that Cleanup gives back
}

// CaddyModule implements caddy.Module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.auth", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner. It never waits for an issuer.
func (h *Handler) Provision(ctx caddy.Context) error {
	mode := h.Mode
	if h.Off {
		mode = exchange.ModeOff
	}
	h.step.StandsAt(h.Source)
	if err := h.step.Provision(ctx, exchange.Auth, mode, ""); err != nil {
		return err
	}
	if err := h.check(); err != nil {
		return h.fail(err)
	}
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	if err := h.provisionDenials(ctx); err != nil {
		return h.fail(err)
	}
	if err := h.provisionCredentials(ctx); err != nil {
		return err
	}
	for _, header := range h.Headers {
		h.fields = append(h.fields, identityField{http.CanonicalHeaderKey(header.Field), header.Claim})
	}
	h.forward = len(h.Headers) == 0
	if h.ForwardToken != nil {
		h.forward = *h.ForwardToken
	}
	var err error
	if h.places, err = h.tokenPlaces(); err != nil {
		return h.fail(err)
	}
	h.warnOfQueries(ctx.Logger())
	h.credentials = h.credentialFields()
	h.nameSecrets()
	if h.resource, err = h.newResource(); err != nil {
		return h.fail(err)
	}
	if h.claims, err = newClaimRules(h.Require, h.Expressions); err != nil {
		return h.fail(err)
	}
	h.refusals = newRefusals()
	switch {
	case len(h.Issuers) == 0:
		h.refusals.demandKeys()
	case h.DPoP != nil:
		h.refusals.offerProofs(h.DPoP.Required)
	}
	h.rule = newRule(h.Optional, h.ownScopes(), nil)
	if p := probe.Load(); p != nil {
		p.provisioned(h)
	}
	return nil
}

// provisionCredentials makes what credentials are judged by: issuers with their keys,
// API keys, and proofs of senders.
func (h *Handler) provisionCredentials(ctx caddy.Context) (err error) {
	if h.senders, err = h.sendersOf(); err != nil {
		return err
	}
	h.issuers = new(issuers)
	for _, config := range h.Issuers {
		compiled, err := h.compile(ctx, config)
		if err != nil {
			return h.fail(err)
		}
		h.issuers.list = append(h.issuers.list, compiled)
		if compiled.introspection != nil {
			h.issuers.opaque = compiled
		}
	}
	if h.APIKeys != nil {
		if h.keys, err = h.apiKeysOf(ctx, h.APIKeys); err != nil {
			return h.fail(err)
		}
	}
	return nil
}

// ownScopes are the scopes of the configuration as alternatives: all of one is enough.
func (h *Handler) ownScopes() [][]string {
	switch {
	case len(h.Scopes) == 0:
		return nil
	case !h.AnyScope:
		return [][]string{h.Scopes}
	}
	alternatives := make([][]string, len(h.Scopes))
	for i, scope := range h.Scopes {
		alternatives[i] = []string{scope}
	}
	return alternatives
}

// Cleanup implements caddy.CleanerUpper. Requests may still be inside the handler:
// the keys that they look at stay in memory, only their renewal ends.
func (h *Handler) Cleanup() error {
	for _, key := range h.pooled {
		if _, err := sources.Delete(key); err != nil {
			return err
		}
	}
	h.pooled = nil
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	// All of this comes before the mode: not even a handler that decides nothing lets a
	// client set, or take away, what only the gateway may say.
	stripIdentity(r.Header, h.fields)
	dropTrailers(r, h.fields)
	keepConnection(r.Header)
	if h.ServeMetadata(w, r) {
		return nil
	}
	return h.step.Serve(w, r, h.guarded(next), h)
}

// Decide implements exchange.Decider.
func (h *Handler) Decide(x *exchange.Exchange, _ http.ResponseWriter, r *http.Request) *problem.Refusal {
	demand := h.rule
	if prepared, ok := x.Prepared(exchange.Auth).(*rule); ok {
		demand = prepared
	}
	x.Credentials = &h.credentials
	refusal := h.resource.link(h.decide(x, r, demand, time.Now()))
	h.withhold(r)
	h.withholdOthers(r.Header)
	if p := probe.Load(); p != nil {
		return p.decided(h, demand, refusal)
	}
	return refusal
}

func (h *Handler) decide(x *exchange.Exchange, r *http.Request, demand *rule, now time.Time) *problem.Refusal {
	v, refusal := h.holder(x, r, demand, now)
	if v == nil {
		return refusal
	}
	if f := demand.judgeKind(v); f != none {
		return h.refusals.of(f)
	}
	if f := h.judgeDenied(r.Context(), v, now); f != none {
		return h.refusals.of(f)
	}
	if refusal := demand.judge(v); refusal != nil {
		return refusal
	}
	if refusal := h.claims.judge(v, r); refusal != nil {
		return refusal
	}
	if f := setIdentity(r.Header, h.fields, v); f != none {
		stripIdentity(r.Header, h.fields)
		return h.refusals.of(f)
	}
	x.Identity = v
	return nil
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ exchange.Decider            = (*Handler)(nil)
	_ exchange.Identity           = (*verified)(nil)
)
