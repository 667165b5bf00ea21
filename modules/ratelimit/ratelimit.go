// Package ratelimit limits how much clients may ask for: quota policies with the
// generic cell rate algorithm, exact on one gateway and, with a shared store, on many.
//
// A request makes one claim per policy (charge.go), found by its partition key
// (key.go). decide (gcra.go) says yes or no about the terms of the policy, or of the
// caller's tier (terms.go, tier.go). A store in memory (memory.go, store.go, shard.go, tidy.go) keeps one time per partition. The
// shared store does the same for all gateways (sharing.go, shared.go, ask.go,
// charge.lua); units may be taken ahead from it (lease.go, sweep.go), and it may be
// down (fallback.go). Requests under way are counted until they have been answered
// (flight.go, visit.go), and then may turn out to have cost something else (settle.go). Policies that only report are in
// mode.go; tally.go counts decisions. persist.go and snapshot.go keep state across restarts. Days and months are in calendar.go. inspect.go, admin.go and
// command.go are for operators. fields.go tells the client.
package ratelimit

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler limits requests by one or more quota policies, which are decided together:
// a request that one of them refuses is charged to none. Refused requests get 429
// with Retry-After; waiting exactly as told is enough.
//
// State stays in memory and outlives reloads: changed numbers meet the state as it
// is. A policy of the same name and key elsewhere in the config shares the state.
type Handler struct {
	// Policies are the quota policies, 1 to 8, each with a name of its own. Required.
	Policies []Policy `json:"policies"`
	// Matches tell which requests single policies are for. Default: all are for all.
	Matches []Match `json:"matches,omitempty"`
	// HideHeaders keeps RateLimit and RateLimit-Policy out of the responses.
	// Default: false.
	HideHeaders bool `json:"hide_headers,omitempty"`
	// LegacyHeaders adds X-RateLimit-Limit, -Remaining and -Reset (in seconds) for
	// the policy with the fewest units left. Default: false.
	LegacyHeaders bool `json:"legacy_headers,omitempty"`
	// CostHeader is a field of the upstream's responses that says how many units the
	// request has cost, instead of what was charged when it came. Default: none.
	CostHeader string `json:"cost_header,omitempty"`
	// Jitter is up to how much longer Retry-After says at random, so that clients that
	// were refused together do not come back together, up to 1h. Default: 0.
	Jitter caddy.Duration `json:"jitter,omitempty"`
	// BeforeAuth puts the limits before the authentication of an api, which they protect:
	// they count by what is known of a caller before. Default: false.
	BeforeAuth bool `json:"before_auth,omitempty"`
	// Mode is that of the policies that have none of their own: "enforce", "report"
	// (decide and count each by itself, but let through and tell the client nothing) or
	// "off". Default: "enforce".
	Mode exchange.Mode `json:"mode,omitempty"`
	// Scope keeps the state of policies without a name apart from that of others.
	// Default: where the directive stands.
	Scope string `json:"scope,omitempty"`
	// Source is where the directive stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	step          exchange.Step
	policies      []policy
	memoryOrder   []uint8 // of the policies that are counted in memory, by the id of their stores
	remoteOrder   []uint8 // of those with a shared store, in the same order
	flightOrder   []uint8 // of those that bound the concurrency
	policyField   string  // RateLimit-Policy of a request that all policies decide
	inMemory      bool    // no policy has more than its state in memory
	noting        bool    // a policy remembers who has little left
	smallestBurst int64
	settling      *settling // nil if the cost is final when a request comes
	tellLimits    bool
	held          []held

	parts []*Handler // that decide instead, if single policies have other modes
	apart []*Handler // one for each policy, of a handler that only reports
}

// CaddyModule implements caddy.Module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.ratelimit", New: func() caddy.Module { return new(Handler) }}
}

// maxJitter bounds how much longer clients wait than they would have to.
const maxJitter = time.Hour

// Provision implements caddy.Provisioner.
func (h *Handler) Provision(ctx caddy.Context) error {
	policies := make([]policy, len(h.Policies))
	for i, p := range h.Policies {
		var err error
		if policies[i], err = p.compile(); err == nil && h.BeforeAuth {
			err = early(p)
		}
		if err != nil {
			return h.policyFault(p, err)
		}
		policies[i].mode = cmp.Or(p.Mode, h.Mode, exchange.ModeEnforce)
	}
	if err := h.loadMatches(ctx, policies); err != nil {
		return err
	}
	shared, err := sharedStore(ctx)
	if err != nil {
		return err
	}
	for i := range policies {
		if err := h.hold(&policies[i], i, shared, ctx.Storage(), ctx.Logger()); err != nil {
			return h.policyFault(h.Policies[i], err)
		}
	}
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	if err := h.assemble(ctx, policies); err != nil {
		return err
	}
	if err := h.part(ctx); err != nil {
		return err
	}
	live.Store(h, nil)
	return nil
}

// assemble makes the handler one that decides policies.
func (h *Handler) assemble(ctx caddy.Context, policies []policy) error {
	if len(policies) == 0 {
		return h.fault("ratelimit has no policy, so it would limit nothing", "say how much, such as: ratelimit 100/1m")
	}
	if h.Jitter < 0 || time.Duration(h.Jitter) > maxJitter {
		return h.fault(fmt.Sprintf("jitter %v must be 0 to %v", time.Duration(h.Jitter), maxJitter), "")
	}
	if h.CostHeader != "" && !isToken(h.CostHeader) {
		return h.fault(fmt.Sprintf("cost_header %q cannot be the name of a field", h.CostHeader), "such as: cost_header X-Cost")
	}
	if len(policies) > maxPolicies {
		return h.fault(fmt.Sprintf("there are %d rate limit policies on one request, and at most %d can be decided together", len(policies), maxPolicies), "")
	}
	if err := h.tellApart(policies); err != nil {
		return err
	}
	h.settling = newSettling(h.CostHeader, ctx.Logger())
	names := h.arrange(policies)
	h.tellLimits = !h.HideHeaders && h.Mode != exchange.ModeReport
	if h.Mode == exchange.ModeReport {
		h.apart = h.singles()
	}
	h.step.StandsAt(h.Source)
	return h.step.Provision(ctx, exchange.RateLimit, h.Mode, strings.Join(names, "+"))
}

// fault is a load error about the directive.
func (h *Handler) fault(message, hint string) error {
	return &finding.Error{Message: message, At: finding.ParseSource(h.Source), Word: "ratelimit", Hint: hint}
}

// Cleanup implements caddy.CleanerUpper. It runs also after a failed Provision.
func (h *Handler) Cleanup() error {
	live.Delete(h)
	held := h.held
	h.held = nil
	var errs []error
	for _, release := range held {
		errs = append(errs, release())
	}
	return errors.Join(errs...)
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.parts != nil {
		return serveParts(h.parts, w, r, next)
	}
	if len(h.flightOrder) == 0 && h.settling == nil {
		return h.step.Serve(w, r, next, h)
	}
	v := &visit{handler: h}
	defer v.end()
	return h.step.Serve(w, r, next, v)
}

// Decide implements exchange.Decider.
func (h *Handler) Decide(x *exchange.Exchange, _ http.ResponseWriter, r *http.Request) *problem.Refusal {
	if len(h.policies) == 1 && h.apart == nil {
		return h.decideOne(x, r)
	}
	var room [maxPolicies]claim
	claims := room[:len(h.policies)]
	if h.apart != nil {
		return h.watch(x, r, claims)
	}
	return h.decide(x, r, claims)
}

// decideOne is decide for one policy, as most handlers have: to clear the room for more
// takes longer than anything else that is not a wait for memory.
func (h *Handler) decideOne(x *exchange.Exchange, r *http.Request) *problem.Refusal {
	var room [1]claim
	return h.decide(x, r, room[:])
}

// decide makes the claims of a request, empty ones before, and decides them.
func (h *Handler) decide(x *exchange.Exchange, r *http.Request, claims []claim) *problem.Refusal {
	cost := h.cost(x)
	if cost == 0 {
		return nil
	}
	for i := range claims {
		p := &h.policies[i]
		if !p.concerns(r) {
			continue
		}
		c := &claims[i]
		found := p.partition(c, x, r)
		if !found && p.missing == MissingDeny {
			p.tally().count(p, c, false)
			return p.unknown
		}
		if found || p.missing == MissingIP {
			c.terms = p.termsOf(x, r)
			if c.terms.calendar != nil {
				c.reckon(time.Now())
			}
			if p.shared == nil && p.store != nil {
				c.store, c.limit = p.store, c.terms.limit
				c.counted, c.reports = h.inMemory, p.mode == exchange.ModeReport
			}
		}
	}
	now := monotonic()
	from := visitor{x, r}
	v := h.charge(from, claims, now, cost)
	h.tallyAll(claims, v)
	if h.noting {
		h.noteAll(from, claims, now)
	}
	if h.tellLimits {
		h.tell(x, claims, now)
	}
	switch v {
	case allowed:
		return nil
	case uncertain:
		return h.unavailable(claims)
	case crowded:
		return h.refusal(claims, problem.LimitConcurrency)
	}
	return h.refusal(claims, problem.LimitExceeded)
}

// tell sets the fields of the response.
func (h *Handler) tell(x *exchange.Exchange, claims []claim, now int64) {
	limits, policies := h.compose(claims, now, x.Owned(limitField), x.Owned(policyField))
	if limits == "" {
		return
	}
	x.OwnField(policyField, policies)
	x.OwnField(limitField, limits)
	if h.LegacyHeaders {
		h.tellLegacy(x, claims, now)
	}
}

// clientAddress returns the address of the client as Caddy resolved it: what trusted
// proxies say, and the peer's otherwise. It is "" for sockets without addresses.
func clientAddress(r *http.Request) string {
	address, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	return address
}

// placeholder returns the value of one of Caddy's placeholders. It is looked up, never
// expanded: what a client sends is not searched for braces.
func placeholder(r *http.Request, name string) string {
	if x := exchange.From(r); x != nil {
		x.Expose(r)
	}
	replacer, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return ""
	}
	value, _ := replacer.GetString(name)
	return value
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ exchange.Decider            = (*Handler)(nil)
)
