package ratelimit

import (
	"math"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// A policy that only reports must change nothing for anybody. So it stands behind the
// policies that are enforced: it sees, and is charged for, only what these let through,
// as it would if it were enforced, too. And it is decided by itself: what it would refuse
// is charged to all others, and what another one would refuse is charged to it. It is not
// charged for what it would refuse itself.

// policiesOf returns the policies of a mode.
func (h *Handler) policiesOf(mode exchange.Mode) []policy {
	var found []policy
	for _, p := range h.policies {
		if p.mode == mode {
			found = append(found, p)
		}
	}
	return found
}

// part gives the policies handlers by their modes, if these are not all the directive's.
func (h *Handler) part(ctx caddy.Context) error {
	mode := h.Mode
	if mode == "" {
		mode = exchange.ModeEnforce
	}
	if len(h.policiesOf(mode)) == len(h.policies) {
		return nil
	}
	parts, err := Merge(ctx, []*Handler{h})
	if parts == nil {
		parts = []*Handler{} // all are off
	}
	h.parts = parts
	return err
}

// serveParts serves a request by the first of parts, and then by the others.
func serveParts(parts []*Handler, w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if len(parts) == 0 {
		return next.ServeHTTP(w, r)
	}
	return parts[0].ServeHTTP(w, r, caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		return serveParts(parts[1:], w, r, next)
	}))
}

// singles returns a handler for each policy, so that each is decided by itself.
func (h *Handler) singles() []*Handler {
	singles := make([]*Handler, len(h.policies))
	for i := range h.policies {
		s := &Handler{Mode: h.Mode}
		s.arrange(h.policies[i : i+1])
		singles[i] = s
	}
	return singles
}

// arrange sets what is derived from the policies, and returns their names.
func (h *Handler) arrange(policies []policy) []string {
	h.policies = policies
	h.memoryOrder = lockOrder(policies, func(p *policy) bool { return p.store != nil && p.shared == nil })
	h.remoteOrder = lockOrder(policies, func(p *policy) bool { return p.shared != nil })
	h.flightOrder = nil
	h.noting = false
	for i := range policies {
		h.noting = h.noting || policies[i].near != nil
		if policies[i].flights != nil {
			h.flightOrder = append(h.flightOrder, uint8(i))
		}
	}
	h.smallestBurst = math.MaxInt64
	names, items := make([]string, len(policies)), make([]string, len(policies))
	for i, p := range policies {
		names[i], items[i] = p.name, p.item
		smallest, _ := p.smallestBurst()
		h.smallestBurst = min(h.smallestBurst, smallest)
	}
	h.policyField = strings.Join(items, ", ")
	h.inMemory = len(h.remoteOrder) == 0 && len(h.flightOrder) == 0
	return names
}

// watch decides each policy by itself, and returns what those have to say that would
// refuse. Their claims are left without terms: nothing was charged to them.
func (h *Handler) watch(x *exchange.Exchange, r *http.Request, claims []claim) *problem.Refusal {
	var all *problem.Refusal
	for i, single := range h.apart {
		refusal := single.decide(x, r, claims[i:i+1])
		if refusal == nil {
			continue
		}
		claims[i].terms = nil
		if all == nil {
			all = refusal
			continue
		}
		both := *all // a refusal may be shared by requests
		both.Policies = append(both.Policies[:len(both.Policies):len(both.Policies)], refusal.Policies...)
		both.RetryAfter = max(both.RetryAfter, refusal.RetryAfter)
		all = &both
	}
	return all
}
