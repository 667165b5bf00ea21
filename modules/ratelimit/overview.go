package ratelimit

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"gateway/internal/redis"
)

// overview is what operators see of all limits.
type overview struct {
	Store    *storeReport     `json:"store"` // nil if no policy has a shared one
	Policies []policyOverview `json:"policies"`
}

// storeReport tells how the shared store is.
type storeReport struct {
	Up      bool   `json:"up"`
	Problem string `json:"problem"`
	Nodes   int    `json:"nodes"`
}

// policyOverview is what operators see of one policy.
type policyOverview struct {
	limitReport
	Evicted   int64           `json:"evicted,omitempty"`
	Decisions decisionsReport `json:"decisions"`
	Nearest   []nearestKey    `json:"nearest"`
	KeysShown bool            `json:"keys_shown"`
	LookedAt  int64           `json:"looked_at"`
}

// decisionsReport counts since the process started, or the policy was new.
type decisionsReport struct {
	Passed   int64 `json:"passed"`
	Refused  int64 `json:"refused"`
	Reported int64 `json:"reported"`
	Alone    int64 `json:"alone"` // of these, without the shared store
}

// overviewLife is how long an overview is good: whoever asks more often gets the same.
const overviewLife = time.Second

// last is the last overview. The lock is held while it is made: those who ask meanwhile
// wait for it, and nobody else does.
var last struct {
	mu    sync.Mutex
	until time.Time
	value overview
}

// Overview returns what operators see of the limits of this process: policies, decisions,
// and the keys nearest to nothing left. It is for encoding as JSON, and is made anew once a
// second at most.
func Overview() any {
	last.mu.Lock()
	defer last.mu.Unlock()
	if now := time.Now(); now.After(last.until) {
		last.value = look(now)
		last.until = time.Now().Add(overviewLife)
	}
	return last.value
}

func look(wall time.Time) overview {
	all := overview{Policies: []policyOverview{}}
	type view struct {
		state any
		shown bool
	}
	seen := make(map[view]policyOverview)
	for h, i := range livePolicies() {
		p := &h.policies[i]
		if p.shared != nil {
			all.Store = reportStore(p.shared.store)
		}
		as := view{p.state(), p.showKeys}
		about, known := seen[as]
		if !known {
			about = p.overview(wall)
			seen[as] = about
		}
		about.limitReport = h.report(i)
		all.Policies = append(all.Policies, about)
	}
	slices.SortStableFunc(all.Policies, func(a, b policyOverview) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Source, b.Source))
	})
	return all
}

func reportStore(s *redis.Store) *storeReport {
	r := &storeReport{Up: true, Nodes: s.Nodes()}
	if problem := s.Problem(); problem != nil {
		r.Up, r.Problem = false, problem.Error()
	}
	return r
}

// state is what policies share that are counted together.
func (p *policy) state() any {
	if p.flights != nil {
		return p.flights
	}
	return p.store
}

// overview describes the state of a policy.
func (p *policy) overview(wall time.Time) policyOverview {
	about := policyOverview{KeysShown: p.showKeys}
	keys, looked := p.nearest(monotonic(), wall)
	about.Nearest, about.LookedAt = keys, int64(looked)
	var n counts
	if p.flights != nil {
		n.add(&p.flights.tally)
	} else {
		n.addStore(p.store)
		if p.leases != nil {
			n.passed += p.leases.passed()
		}
		c := p.store.census()
		about.Evicted, about.Decisions.Alone = int64(c.evicted), int64(c.local+c.open+c.closed)
	}
	about.Decisions.Passed, about.Decisions.Refused, about.Decisions.Reported = int64(n.passed), int64(n.refused), int64(n.reported)
	return about
}
