package ratelimit

import (
	"slices"
	"time"

	"gateway/internal/finding"
)

// tier reads the tiers of a policy: a placeholder, and a quota for each of its values.
func (p *parser) tier(policy *Policy) error {
	if err := p.argument("such as: tier {http.auth.user.claims.plan}"); err != nil {
		return err
	}
	policy.TierBy = p.Val()
	if _, err := parseTierBy(policy.TierBy); err != nil {
		return p.fault(err)
	}
	if p.NextArg() {
		return finding.At(p, "the tiers stand in a block, one a line", "%q is too much here: tier takes one placeholder", p.Val())
	}
	for nesting := p.Nesting(); p.NextBlock(nesting); {
		if err := p.oneTier(policy); err != nil {
			return err
		}
	}
	if len(policy.Tiers) == 0 {
		return finding.At(p, "such as: pro 10000/1h", "tier %s lists no tiers", policy.TierBy)
	}
	return nil
}

// oneTier reads "<value> <units>/<window> [<burst>]".
func (p *parser) oneTier(policy *Policy) error {
	tier := Tier{Value: p.Val()}
	if !p.NextArg() {
		return finding.At(p, "such as: pro 10000/1h", "tier %q needs a quota", tier.Value)
	}
	tier.Quota = p.Val()
	if p.NextArg() {
		units, err := parseUnits(p.Val())
		if err != nil {
			return finding.At(p, "how many requests may come at once, at least 1", "burst cannot be %q", p.Val())
		}
		tier.Burst = units
	}
	if p.NextArg() {
		return finding.At(p, "such as: pro 10000/1h 500", "%q is too much here: a tier has a quota and a burst", p.Val())
	}
	if _, err := parseTerms(tier.Quota, tier.Burst, time.UTC); err != nil {
		return p.fault(tierFault(tier, err))
	}
	if slices.ContainsFunc(policy.Tiers, func(other Tier) bool { return other.Value == tier.Value }) {
		return finding.At(p, "remove one of them", "tier %q stands here twice", tier.Value)
	}
	policy.Tiers = append(policy.Tiers, tier)
	return nil
}
