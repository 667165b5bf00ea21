package ratelimit

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/exchange"
)

// tally counts the decisions of a policy. Requests of different keys count in different
// stripes, so that cores do not wait for each other.
type tally [tallyStripes]stripe

const tallyStripes = 8

// stripe fills a cache line.
type stripe struct {
	passed, refused, reported atomic.Uint64
	_                         [40]byte
}

// count counts a decision about a claim.
func (t *tally) count(p *policy, c *claim, yes bool) {
	s := &t[c.key.lo>>32%tallyStripes]
	switch {
	case yes:
		s.passed.Add(1)
	case p.mode == exchange.ModeReport:
		s.reported.Add(1)
	default:
		s.refused.Add(1)
	}
}

// tally returns where the decisions of a policy are counted, which outlives reloads.
func (p *policy) tally() *tally {
	if p.flights != nil {
		return &p.flights.tally
	}
	return &p.store.tally
}

// tallyAll counts the decisions on a request that were not counted where they were made.
// A policy that would have let through what another one refused has decided nothing.
func (h *Handler) tallyAll(claims []claim, v verdict) {
	if h.inMemory {
		return
	}
	for i := range claims {
		c, p := &claims[i], &h.policies[i]
		switch {
		case c.terms == nil || c.counted:
		case v == allowed:
			p.tally().count(p, c, true)
		case v == uncertain:
			if p.shared != nil && p.shared.onError == OnErrorClosed && c.want > 0 {
				p.tally().count(p, c, false)
			}
		case !c.decision.allowed:
			p.tally().count(p, c, false)
		}
	}
}

// counts are what was decided.
type counts struct{ passed, refused, reported float64 }

func (c *counts) add(t *tally) {
	for i := range t {
		c.passed += float64(t[i].passed.Load())
		c.refused += float64(t[i].refused.Load())
		c.reported += float64(t[i].reported.Load())
	}
}

// addStore adds what was counted in a store.
func (c *counts) addStore(s *store) {
	c.add(&s.tally)
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mu.Lock()
		c.passed += float64(shard.passed)
		c.refused += float64(shard.refused)
		c.reported += float64(shard.reported)
		shard.mu.Unlock()
	}
}

// collectTallies tells the decisions of all policies; those of one name are summed up.
func collectTallies(ch chan<- prometheus.Metric) {
	sums := make(map[string]counts)
	for name, s := range liveStores() {
		sum := sums[name]
		sum.addStore(s)
		sums[name] = sum
	}
	leasePool.Range(func(key, value any) bool {
		name := key.(leaseKey).identity.name
		sum := sums[name]
		sum.passed += value.(*leases).passed()
		sums[name] = sum
		return true
	})
	flightPool.Range(func(key, value any) bool {
		sum := sums[key.(identity).name]
		sum.add(&value.(*flights).tally)
		sums[key.(identity).name] = sum
		return true
	})
	for name, sum := range sums {
		for decision, n := range map[string]float64{"passed": sum.passed, "refused": sum.refused, "reported": sum.reported} {
			ch <- prometheus.MustNewConstMetric(decisionsDesc, prometheus.CounterValue, n, name, decision)
		}
	}
}
