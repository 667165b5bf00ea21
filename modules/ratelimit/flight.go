package ratelimit

import (
	"sync"
	"sync/atomic"
	"time"
)

// flights count the requests of a policy that are under way. A partition is there only
// as long as a request of it is, so they need no bound of their own.
type flights struct {
	shards [flightShards]flightShard
	total  atomic.Int64
	tally  tally
	near   atomic.Pointer[near] // nil as long as no policy needs it
}

// flightShards bounds the contention between requests.
const flightShards = 64

type flightShard struct {
	mu    sync.Mutex
	count map[partition]int64
}

func newFlights() *flights {
	f := new(flights)
	for i := range f.shards {
		f.shards[i].count = make(map[partition]int64)
	}
	return f
}

// enter lets one more request in if fewer than most are. It returns how many may still
// come, below zero if this one may not.
func (f *flights) enter(key partition, most int64) int64 {
	s := &f.shards[key.hi%flightShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.count[key]
	if n >= most {
		return -1
	}
	s.count[key] = n + 1
	f.total.Add(1)
	return most - n - 1
}

// leave lets a request out that came in.
func (f *flights) leave(key partition) {
	s := &f.shards[key.hi%flightShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	f.total.Add(-1)
	if s.count[key]--; s.count[key] == 0 {
		delete(s.count, key)
	}
}

// Destruct implements caddy.Destructor. Requests that are still running leave later.
func (f *flights) Destruct() error { return nil }

// crowdedWait is told to clients that have too many requests under way: nobody knows
// how long these take.
const crowdedWait = time.Second

// enter takes the places of a request, all or none.
func (h *Handler) enter(claims []claim) bool {
	for _, i := range h.flightOrder {
		c := &claims[i]
		if c.terms == nil {
			continue
		}
		left := h.policies[i].flights.enter(c.key, c.terms.concurrency)
		c.inside, c.decided = left >= 0, true
		c.decision = decision{allowed: c.inside, remaining: max(0, left)}
		if !c.inside {
			c.decision.retryAfter = int64(crowdedWait)
			h.leave(claims)
			return false
		}
	}
	return true
}

// leave gives back the places that a request has.
func (h *Handler) leave(claims []claim) {
	for _, i := range h.flightOrder {
		if c := &claims[i]; c.inside {
			h.policies[i].flights.leave(c.key)
			c.inside = false
		}
	}
}
