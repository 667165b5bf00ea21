package ratelimit

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// terms are what a policy grants: how much in which time.
type terms struct {
	concurrency int64 // how many requests at once; 0 for a quota

	calendar *calendar // of quotas by the calendar; nil for others

	quota  quota
	burst  int64
	limit  limit
	refill int64 // seconds in which a spent burst comes back
	remote remote

	tier   string // whose they are; "" for the policy's own
	item   string // in RateLimit-Policy
	detail string // of refusals
	fresh  string // RateLimit after the first unit of a whole burst; "" if that depends on the day
	rest   int64  // t in it
}

// terms returns what the policy grants to callers that belong to no tier.
func (p Policy) terms() (terms, error) {
	if p.Concurrency > 0 {
		return terms{concurrency: p.Concurrency, burst: math.MaxInt64}, nil
	}
	zone, err := time.LoadLocation(p.Timezone)
	if err != nil || p.Timezone == "Local" { // which is another one on each machine
		return terms{}, &fault{fmt.Sprintf("timezone %q is not known", p.Timezone), "a name of the IANA database, such as Europe/Berlin"}
	}
	t, err := parseTerms(p.Quota, p.Burst, zone)
	if err == nil && t.calendar == nil && p.Timezone != "" {
		err = &fault{fmt.Sprintf("timezone means nothing for the quota %s", p.Quota), "it is for quotas such as 100000/month"}
	}
	return t, err
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
		{"max_keys", p.MaxKeys != 0}, {"timezone", p.Timezone != ""}, {"store", p.Store != "" && p.Store != CountLocal}, {"on_error", p.OnError != ""}, {"persist", p.Persist},
	} {
		if other.said {
			return &fault{fmt.Sprintf("%s means nothing in a policy with concurrency", other.name), "give it a policy of its own: policy <name> { … }"}
		}
	}
	return nil
}

// parseTerms reads a quota. Without a burst, the units of the quota are one. The zone is
// for quotas by the calendar.
func parseTerms(text string, burst int64, zone *time.Location) (terms, error) {
	var t terms
	if units, window, _ := strings.Cut(text, "/"); calendarUnits[window] {
		n, err := parseUnits(units)
		switch {
		case err != nil || n > maxUsed:
			return t, &fault{fmt.Sprintf("quota %q must have 1 to %d units", text, maxUsed), "such as 100000/month"}
		case burst != 0:
			return t, &fault{fmt.Sprintf("burst means nothing for the quota %s: all of it may come at once", text), "add a second policy that bounds the rate"}
		}
		t = terms{calendar: &calendar{unit: window, zone: zone}, quota: quota{units: n}, burst: n, limit: limit{interval: 1, offset: n}}
		t.remote = t.limit.remote()
		return t, nil
	}
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
	if t.calendar != nil {
		t.item = fmt.Sprintf("%s;q=%d", quoted, t.quota.units)
		t.detail = fmt.Sprintf("Policy %s allows %d requests in a calendar %s.", quoted, t.quota.units, t.calendar)
		return
	}
	t.item = fmt.Sprintf("%s;q=%d;w=%d", quoted, t.quota.units, int64(t.quota.window/time.Second))
	t.detail = fmt.Sprintf("Policy %s allows %d requests in %s.", quoted, t.quota.units, formatWindow(t.quota.window))
	c := claim{terms: t, decision: decide(t.limit, 0, 0, 1)}
	t.fresh, t.rest = string(c.appendLimit(nil, quoted, 0)), c.reset(0)
}
