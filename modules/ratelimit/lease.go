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
	tally  *tally // takes over what was counted here
}

// leaseShard holds a part of the leases, by one half of their keys. Shards do not share
// cache lines.
type leaseShard struct {
	mu     sync.Mutex
	table  map[uint64]*lease
	passed uint64 // decisions for which a lease was enough
	closed bool   // they are counted elsewhere
	_      [96]byte
}

// lease is what is known about one partition.
type lease struct {
	hi     uint32 // the other part of the key
	units  int64  // taken and not spent
	batch  int64  // the largest so far
	used   int64  // when it was last looked at
	tat    int64  // of the partition in the shared store, by this gateway's clock
	denied int64  // until when the shared store has nothing to give
	terms  *terms
	busy   bool // a batch is on its way
	digest digest
}

const (
	// leaseLife is how long units are kept for a partition that nobody asks about;
	// then they are given back.
	leaseLife = time.Second
	// leaseShards bounds the contention between requests.
	leaseShards = 256
)

func newLeases(s *shared, size int64, bound int, t *tally) *leases {
	l := &leases{
		shared: s, size: size, bound: max(1, bound/leaseShards), tally: t,
		shards: make([]leaseShard, leaseShards), stop: make(chan struct{}),
	}
	for i := range l.shards {
		l.shards[i].table = make(map[uint64]*lease)
	}
	return l
}

func (l *leases) shard(key partition) *leaseShard { return &l.shards[key.hi%leaseShards] }

// find returns the lease of a partition, or nil. Of two partitions with lo in
// common, which the hash makes less likely than a broken machine, one has none.
func (s *leaseShard) find(key partition) *lease {
	if e := s.table[key.lo]; e != nil && e.hi == key.hi {
		return e
	}
	return nil
}

// draw pays a claim out of a lease. Where that is not enough it says what the claim
// wants of the shared store. It is false if the store is known to have nothing.
func (l *leases) draw(c *claim, now, cost int64) bool {
	s := l.shard(c.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(c.key)
	if e == nil {
		c.want, c.fresh = cost, true
		return true
	}
	e.used, e.terms, c.digest = now, c.terms, e.digest
	if e.units >= cost {
		l.spend(e, c, now, cost)
		if c.counted = !s.closed; c.counted {
			s.passed++
		}
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

// open begins a lease, without units, for the partition of a claim.
func (l *leases) open(c *claim, now int64) {
	s := l.shard(c.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.table[c.key.lo] == nil && len(s.table) < l.bound {
		s.table[c.key.lo] = &lease{hi: c.key.hi, used: now, digest: c.digest, terms: c.terms}
	}
}

// spend takes units of a lease, and fetches the next batch when half is gone.
func (l *leases) spend(e *lease, c *claim, now, cost int64) {
	c.decision = decide(c.terms.limit, e.unspent(), now, cost)
	c.decision.allowed, c.drawn, c.decided = true, true, true
	e.units -= cost
	if e.units >= e.batch/2 || e.busy || now < e.denied {
		return
	}
	if more := l.room(e); more > 0 {
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
	if c.drawn && ok || !c.drawn && c.want == 0 {
		return
	}
	s := l.shard(c.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(c.key)
	if c.drawn {
		l.uncount(s, c)
		if e != nil {
			e.units += cost
			c.decision = decide(e.terms.limit, e.unspent(), now, 0)
		}
		return
	}
	if e == nil {
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
	e := s.find(key) // busy, so nobody has swept it
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

// uncount takes back that a claim was counted, because another policy has refused.
func (l *leases) uncount(s *leaseShard, c *claim) {
	switch {
	case !c.counted:
	case s.closed: // and handed over since
		l.tally[0].passed.Add(^uint64(0))
	default:
		s.passed--
	}
	c.counted = false
}

// passed is how many requests leases were enough for.
func (l *leases) passed() (n float64) {
	for i := range l.shards {
		l.shards[i].mu.Lock()
		n += float64(l.shards[i].passed)
		l.shards[i].mu.Unlock()
	}
	return n
}

// handOver lets the policy's tally take over what was counted, so that it outlives the
// leases.
func (l *leases) handOver() {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		l.tally[0].passed.Add(s.passed)
		s.passed, s.closed = 0, true
		s.mu.Unlock()
	}
}
