package ratelimit

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Match says which requests a policy is for, where they are not all requests of the
// directive.
type Match struct {
	// Policy is the name of the policy. Required.
	Policy string `json:"policy"`
	// MatchersRaw are the matchers, of which one set has to match. Required.
	MatchersRaw caddyhttp.RawMatcherSets `json:"match" caddy:"namespace=http.matchers"`
}

// loadMatches gives the policies their matchers.
func (h *Handler) loadMatches(ctx caddy.Context, policies []policy) error {
	for i := range h.Matches {
		m := &h.Matches[i]
		at := slices.IndexFunc(policies, func(p policy) bool { return p.name == m.Policy })
		if at < 0 || policies[at].when != nil {
			return h.fault(fmt.Sprintf("a matcher is for the policy %q, which does not exist, or has one already", m.Policy), "")
		}
		loaded, err := ctx.LoadModule(m, "MatchersRaw")
		if err != nil {
			return fmt.Errorf("loading the matchers of the policy %q: %w", m.Policy, err)
		}
		sets := new(caddyhttp.MatcherSets)
		if err := sets.FromInterface(loaded); err != nil {
			return err
		}
		policies[at].when = sets
	}
	return nil
}

// concerns tells whether a policy is for a request. A matcher that fails is no free pass.
func (p *policy) concerns(r *http.Request) bool {
	if p.when == nil {
		return true
	}
	matched, err := p.when.AnyMatchWithError(r)
	return matched || err != nil
}
