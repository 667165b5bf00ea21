package ratelimit

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"gateway/internal/prefetch"
)

// store keeps the theoretical arrival times of a policy's partitions in memory. It
// holds state, never policy: a changed quota meets the times as they are.
//
// The bound is split evenly between the shards, so a store of many shards begins to
// evict a few percent below it. What happens at the bound is told at shard.tidy.
type store struct {
	// id orders the locks of several stores, see charge.
	id      uint64
	shards  []shard
	heads   []atomic.Pointer[[]line] // the lines of each shard, see expect
	stop    chan struct{}
	clock   func() int64 // what the times in it are compared with
	alone   alone
	archive *archive // nil unless the state outlives the process
	tally   tally
	near    atomic.Pointer[near] // nil as long as no policy needs it

	mu     sync.Mutex
	bounds []int // one for each holder; the largest counts
}

const (
	// shardSize is how many partitions a shard holds at most, give or take a factor
	// of two. It bounds the longest time that a shard is locked.
	shardSize = 8192
	// maxShards bounds what an empty store costs.
	maxShards = 1024
	// sweepInterval is how often drained partitions are removed. Nothing depends on
	// it but memory.
	sweepInterval = 15 * time.Second
)

var lastStore atomic.Uint64

// newStore returns an empty store whose number of shards suits bound.
func newStore(bound int) *store {
	count := 1
	for count < maxShards && bound > count*shardSize {
		count *= 2
	}
	s := &store{id: lastStore.Add(1), shards: make([]shard, count), heads: make([]atomic.Pointer[[]line], count), stop: make(chan struct{}), clock: monotonic}
	for i := range s.shards {
		s.shards[i].head = &s.heads[i]
	}
	s.share(bound)
	return s
}

// hold raises the bound to what one more holder needs.
func (s *store) hold(bound int, storage *shelf) {
	if s.archive != nil {
		s.archive.hold(storage)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bounds = append(s.bounds, bound)
	s.rebound()
}

// release takes the bound of one holder back. A config that failed to load thus
// leaves the bound as it was.
func (s *store) release(bound int, storage *shelf) {
	if s.archive != nil {
		s.archive.release(storage)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.bounds, bound); i >= 0 {
		s.bounds = slices.Delete(s.bounds, i, i+1)
	}
	s.rebound()
}

// rebound applies the largest bound that is held. The last one stays: requests may
// still be running after its holder has gone.
func (s *store) rebound() {
	if len(s.bounds) > 0 {
		s.share(slices.Max(s.bounds))
	}
}

func (s *store) share(bound int) {
	each := max(1, bound/len(s.shards))
	for i := range s.shards {
		s.shards[i].mu.Lock()
		s.shards[i].limit = each
		s.shards[i].mu.Unlock()
	}
}

// shard returns the shard of key. The table within uses the other part of the hash.
func (s *store) shard(key partition) *shard { return &s.shards[s.shardOf(key)] }

func (s *store) shardOf(key partition) uint32 { return key.hi & uint32(len(s.shards)-1) }

// expect tells the processor which two lines of memory a charge of key will touch, as soon
// as the key is known: with a million keys, or where another core had the shard last, they
// are far away, and the clock can be read until they are here. The heads stand apart from the
// shards because they hardly ever change, so that every core has them.
func (s *store) expect(key partition) {
	i := s.shardOf(key)
	prefetch.Line(unsafe.Pointer(&s.shards[i]))
	if lines := s.heads[i].Load(); lines != nil {
		prefetch.Line(unsafe.Pointer(&(*lines)[home(*lines, key.lo)]))
	}
}

// sweep removes what has drained by now.
func (s *store) sweep(now int64) {
	for i := range s.shards {
		s.shards[i].mu.Lock()
		s.shards[i].sweep(now)
		s.shards[i].mu.Unlock()
	}
}

// keepSwept sweeps until the store is destructed.
func (s *store) keepSwept() {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.sweep(s.clock())
		case <-s.stop:
			return
		}
	}
}

// Destruct implements caddy.Destructor. Requests that are still running may go on
// using the store; what they charge is not kept.
func (s *store) Destruct() error {
	close(s.stop)
	if s.archive != nil {
		<-s.archive.done
	}
	return nil
}

// census is what the metrics tell about a store.
type census struct {
	keys, bound, evicted float64
	local, open, closed  float64 // decisions without the shared store
}

func (s *store) census() census {
	c := census{local: s.alone.local.get(), open: s.alone.open.get(), closed: s.alone.closed.get()}
	for i := range s.shards {
		s.shards[i].mu.Lock()
		c.keys += float64(s.shards[i].live)
		c.bound += float64(s.shards[i].limit)
		c.evicted += float64(s.shards[i].evicted)
		s.shards[i].mu.Unlock()
	}
	return c
}

var processStart = time.Now()

// monotonic is the clock of the stores in memory: nanoseconds that no change of the
// system's time touches.
func monotonic() int64 { return int64(time.Since(processStart)) }
