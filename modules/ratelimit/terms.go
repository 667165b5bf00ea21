package ratelimit

import (
	"fmt"
	"time"
)

// terms are what a policy grants: how much in which time.
type terms struct {
	quota  quota
	burst  int64
	limit  limit
	refill int64 // seconds in which a spent burst comes back
	remote remote

	item   string // in RateLimit-Policy
	detail string // of refusals
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
	t.item = fmt.Sprintf("%s;q=%d;w=%d", quoted, t.quota.units, int64(t.quota.window/time.Second))
	t.detail = fmt.Sprintf("Policy %s allows %d requests in %s.", quoted, t.quota.units, formatWindow(t.quota.window))
}
