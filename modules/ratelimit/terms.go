package ratelimit

import (
	"fmt"
	"math"
	"time"
)

// terms are what a policy grants: how much in which time.
type terms struct {
	concurrency int64 // how many requests at once; 0 for a quota

	quota  quota
	burst  int64
	limit  limit
	refill int64 // seconds in which a spent burst comes back
	remote remote

	item   string // in RateLimit-Policy
	detail string // of refusals
}

// terms returns what the policy grants to callers that belong to no tier.
func (p Policy) terms() (terms, error) {
	if p.Concurrency > 0 {
		return terms{concurrency: p.Concurrency, burst: math.MaxInt64}, nil
	}
	return parseTerms(p.Quota, p.Burst)
}

// checkConcurrency checks that nothing is said beside a bound on the concurrency that
// only means something with a quota.
func (p Policy) checkConcurrency() error {
	if p.Concurrency == 0 {
		return nil
	}
	for _, other := range []struct {
		name string
		said bool
	}{
		{"quota", p.Quota != ""}, {"burst", p.Burst != 0}, {"tier", p.TierBy != "" || len(p.Tiers) > 0},
		{"max_keys", p.MaxKeys != 0}, {"store", p.Store != "" && p.Store != CountLocal}, {"on_error", p.OnError != ""},
	} {
		if other.said {
			return &fault{fmt.Sprintf("%s means nothing in a policy with concurrency", other.name), "give it a policy of its own: policy <name> { … }"}
		}
	}
	return nil
}

// parseTerms reads a quota. Without a burst, the units of the quota are one.
func parseTerms(text string, burst int64) (terms, error) {
	var t terms
	var err error
	if t.quota, err = parseQuota(text); err != nil {
		return t, err
	}
	if t.burst = burst; burst == 0 {
		t.burst = t.quota.units
	}
	if t.limit, err = t.quota.compile(t.burst); err != nil {
		return t, err
	}
	t.refill = t.quota.refill(t.burst)
	t.remote = t.limit.remote()
	return t, nil
}

// describe makes the texts that speak of the terms, once.
func (t *terms) describe(quoted string) {
	if t.concurrency > 0 {
		t.item = fmt.Sprintf(`%s;q=%d;qu="concurrent-requests"`, quoted, t.concurrency)
		t.detail = fmt.Sprintf("Policy %s allows %d requests at once.", quoted, t.concurrency)
		return
	}
	t.item = fmt.Sprintf("%s;q=%d;w=%d", quoted, t.quota.units, int64(t.quota.window/time.Second))
	t.detail = fmt.Sprintf("Policy %s allows %d requests in %s.", quoted, t.quota.units, formatWindow(t.quota.window))
}
