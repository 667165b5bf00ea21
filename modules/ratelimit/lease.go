package ratelimit

import (
	"sync"
	"time"
)

// leases are units that this gateway has taken ahead from the shared store, so that
// most requests need not ask it. They are charged there when they are taken, so all
// gateways together never hold more than nodes × size units of a partition beyond what
// was spent; these are the bounds of the error, see the README.
type leases struct {
	shared *shared
	size   int64 // at most, of one partition
	bound  int   // partitions in a shard
	shards []leaseShard
	stop   chan struct{}
}

type leaseShard struct {
	mu    sync.Mutex
	table map[partition]*lease
}

// lease is what is known about one partition.
type lease struct {
	units  int64 // taken and not spent
	batch  int64 // the largest so far
	used   int64 // when it was last looked at
	tat    int64 // of the partition in the shared store, by this gateway's clock
	denied int64 // until when the shared store has nothing to give
	busy   bool  // a batch is on its way
	digest digest
	terms  *terms
}

const (
	// leaseLife is how long units are kept for a partition that nobody asks about;
	// then they are given back.
	leaseLife = time.Second
	// leaseShards bounds the contention between requests.
	leaseShards = 256
)

func newLeases(s *shared, size int64, bound int) *leases {
	l := &leases{shared: s, size: size, bound: max(1, bound/leaseShards), shards: make([]leaseShard, leaseShards), stop: make(chan struct{})}
	for i := range l.shards {
		l.shards[i].table = make(map[partition]*lease)
	}
	return l
}

func (l *leases) shard(key partition) *leaseShard { return &l.shards[key.hi%leaseShards] }

// recall takes the digest of a key that is in use from its lease, which is cheaper than
// to compute it.
func (l *leases) recall(c *claim) bool {
	if l == nil {
		return false
	}
	s := l.shard(c.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.table[c.key]
	if e != nil {
		c.digest = e.digest
	}
	return e != nil
}

// draw pays a claim out of a lease. Where that is not enough it says what the claim
// wants of the shared store. It is false if the store is known to have nothing.
func (l *leases) draw(c *claim, now, cost int64) bool {
	s := l.shard(c.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.table[c.key]
	if e == nil {
		if c.want = cost; len(s.table) < l.bound {
			s.table[c.key] = &lease{used: now, digest: c.digest, terms: c.terms}
		}
		return true
	}
	e.used, e.terms = now, c.terms
	if e.units >= cost {
		l.spend(e, c, now, cost)
		return true
	}
	if c.decision = decide(c.terms.limit, e.tat, now, cost); now < e.denied && !c.decision.allowed {
		c.decided = true
		return false
	}
	c.want = cost
	if more := l.room(e); !e.busy && more > 0 {
		e.busy = true
		c.want += more
	}
	return true
}

// spend takes units of a lease, and fetches the next batch when half is gone.
func (l *leases) spend(e *lease, c *claim, now, cost int64) {
	c.decision = decide(c.terms.limit, e.unspent(), now, cost)
	c.decision.allowed, c.drawn, c.decided = true, true, true
	e.units -= cost
	if more := l.room(e); e.units < e.batch/2 && more > 0 && !e.busy && now >= e.denied {
		e.busy = true
		go l.refill(c.key, e.digest, c.terms, more)
	}
}

// unspent is the theoretical arrival time without what was taken and not spent.
func (e *lease) unspent() int64 { return e.tat - e.units*e.terms.limit.interval }

// room is how many units the next batch has: twice as many as the largest, so that
// keys that are seen once leave nothing behind.
func (l *leases) room(e *lease) int64 {
	return min(max(1, 2*e.batch), min(l.size, e.terms.burst)-e.units)
}

// settle tells the lease how its claim ended.
func (l *leases) settle(c *claim, ok bool, now, cost int64) {
	if !c.drawn && c.want == 0 {
		return
	}
	s := l.shard(c.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.table[c.key]
	if e == nil {
		return
	}
	if c.drawn {
		if !ok {
			e.units += cost
			c.decision = decide(e.terms.limit, e.unspent(), now, 0)
		}
		return
	}
	if c.want > cost {
		e.busy = false
	}
	if c.decided {
		e.learn(&c.terms.remote, c.tat, now, cost, c.want, ok)
	}
}

// learn takes over what the shared store said: how far ahead the partition was before
// need to want units were asked for. With ok they were charged, and need are spent.
func (e *lease) learn(r *remote, ahead, now, need, want int64, ok bool) {
	if !ok {
		if d := r.decide(ahead, now, need); !d.allowed {
			e.tat, e.denied = now+ahead*r.tick, now+min(d.retryAfter, int64(leaseLife))
		}
		return
	}
	granted := r.granted(ahead, want)
	e.units += granted - need
	e.batch = max(e.batch, granted-need)
	e.tat, e.denied = now+(ahead+granted*r.limit.interval)*r.tick, 0
}

// refill takes a batch while requests go on.
func (l *leases) refill(key partition, d digest, t *terms, units int64) {
	ahead, err := l.shared.charge([]string{l.shared.keyOf(d)}, t.remote.append(nil, 1, units))
	now := monotonic()
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.table[key] // busy, so nobody has swept it
	e.busy = false
	switch {
	case err != nil:
		e.denied = now + int64(leaseLife)/10 // requests ask for themselves until then
	case t.remote.decide(ahead[0], now, 1).allowed:
		e.learn(&t.remote, ahead[0], now, 0, units, true)
	default:
		e.learn(&t.remote, ahead[0], now, 1, units, false)
	}
}
