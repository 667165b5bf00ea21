package ratelimit

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gateway/internal/exchange"
)

// Tier is what the callers of one kind may ask for, instead of the policy's quota.
type Tier struct {
	// Value is what the placeholder says for these callers. Required.
	Value string `json:"value"`
	// Quota is theirs, like that of the policy. Required.
	Quota string `json:"quota"`
	// Burst is theirs. Default: the units of the quota.
	Burst int64 `json:"burst,omitempty"`
}

// maxTiers bounds the tiers of a policy.
const maxTiers = 64

// tiers are the terms by what a placeholder says.
type tiers struct {
	by    part
	terms map[string]*terms
}

// compileTiers checks the tiers of a policy. Nil means that there are none.
func (p Policy) compileTiers(own *terms) (*tiers, error) {
	switch {
	case len(p.Tiers) == 0 && p.TierBy == "":
		return nil, nil
	case p.TierBy == "":
		return nil, &fault{"tiers need a placeholder that tells who belongs to which", "such as: tier {http.auth.user.claims.plan}"}
	case len(p.Tiers) == 0:
		return nil, &fault{fmt.Sprintf("tier %s lists no tiers", p.TierBy), "such as: pro 10000/1h"}
	case len(p.Tiers) > maxTiers:
		return nil, &fault{fmt.Sprintf("there are %d tiers, and at most %d are possible", len(p.Tiers), maxTiers), ""}
	}
	by, err := parseTierBy(p.TierBy)
	if err != nil {
		return nil, err
	}
	t := &tiers{by: by, terms: make(map[string]*terms, len(p.Tiers))}
	for _, tier := range p.Tiers {
		if tier.Value == "" {
			return nil, &fault{"a tier without a value belongs to nobody", "callers without a tier have the policy's own quota"}
		}
		if t.terms[tier.Value] != nil {
			return nil, &fault{fmt.Sprintf("tier %q stands here twice", tier.Value), "remove one of them"}
		}
		granted, err := Policy{Quota: tier.Quota, Burst: tier.Burst, Timezone: p.Timezone}.terms()
		if err != nil {
			return nil, tierFault(tier, err)
		}
		if (granted.calendar == nil) != (own.calendar == nil) || granted.calendar != nil && granted.calendar.unit != own.calendar.unit {
			return nil, &fault{fmt.Sprintf("tier %q has the quota %s, and callers without a tier have %s: their windows cannot be compared", tier.Value, tier.Quota, p.Quota),
				"quotas by the calendar need the same window in all tiers"}
		}
		granted.tier = tier.Value
		t.terms[tier.Value] = &granted
	}
	return t, nil
}

func tierFault(tier Tier, err error) error {
	message, hint := faultOf(err)
	return &fault{fmt.Sprintf("tier %q: %s", tier.Value, message), hint}
}

// chosen are the beginnings of placeholders that a client sets as it likes.
var chosen = []string{
	"http.request.header.", "http.request.cookie.", "http.request.uri", "http.request.orig_uri",
	"http.request.body", "http.request.method", "http.request.orig_method", "http.request.host", "http.request.trailer",
}

// parseTierBy reads the placeholder of tiers. Nobody chooses a tier for himself.
func parseTierBy(word string) (part, error) {
	p, err := parsePart(word)
	if err != nil {
		message, hint := faultOf(err)
		return p, &fault{strings.Replace(message, "key ", "tier ", 1), hint}
	}
	name := strings.Trim(word, "{}")
	switch {
	case p.kind == partHeader || slices.ContainsFunc(chosen, func(prefix string) bool { return strings.HasPrefix(name, prefix) }):
		return p, &fault{fmt.Sprintf("tier %s is whatever the client says it is", word), "use what auth has verified: tier {http.auth.user.claims.plan}"}
	case p.kind != partUser && p.kind != partPlaceholder:
		return p, &fault{fmt.Sprintf("tier %s names no kind of caller", word), "such as: tier {http.auth.user.claims.plan}"}
	}
	return p, nil
}

// termsOf returns what the policy grants to the caller of a request: those of the tier,
// or the policy's own.
func (p *policy) termsOf(x *exchange.Exchange, r *http.Request) *terms {
	if p.tiers == nil {
		return &p.terms
	}
	value := ""
	if by := &p.tiers.by; by.kind == partUser {
		value = userOf(x, r, by.name)
	} else {
		value = placeholder(r, by.name)
	}
	if t := p.tiers.terms[value]; t != nil {
		x.Plan = value
		return t
	}
	return &p.terms
}

// smallestBurst is the smallest burst that the policy grants to anybody, and to whom.
func (p *policy) smallestBurst() (burst int64, tier string) {
	burst = p.burst
	if p.tiers != nil {
		for value, t := range p.tiers.terms {
			if t.burst < burst || t.burst == burst && tier > value {
				burst, tier = t.burst, value
			}
		}
	}
	return burst, tier
}
