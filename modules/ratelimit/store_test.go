package ratelimit

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// keyOf is the partition of a numbered key.
func keyOf(n int) partition {
	return hashKey(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

// spend makes one claim on one store.
func spend(s *store, l limit, key partition, now, cost int64) decision {
	claims := [1]claim{{store: s, limit: l, key: key}}
	chargeMemory(claims[:], []uint8{0}, now, cost)
	return claims[0].decision
}

func size(s *store) int { return int(s.census().keys) }

func TestPartitionsAreIndependent(t *testing.T) {
	t.Parallel()
	s, l := newStore(1000), mustLimit(t, "2/1m", 0)
	for n := range 100 {
		for i := range 3 {
			if d := spend(s, l, keyOf(n), 0, 1); d.allowed != (i < 2) {
				t.Fatalf("key %d, request %d: got %+v", n, i, d)
			}
		}
	}
}

// TestStoreAgainstModel does the same random things to a shard and to a map.
func TestStoreAgainstModel(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	s, l := newStore(10_000), mustLimit(t, "10/10s", 0)
	model := make(map[partition]int64)
	var now int64
	for step := range 60_000 {
		now += rng.Int64N(int64(2 * time.Millisecond))
		key := keyOf(rng.IntN(3000))
		cost := 1 + rng.Int64N(4)
		want := decide(l, model[key], now, cost)
		if got := spend(s, l, key, now, cost); got != want {
			t.Fatalf("step %d: got %+v, want %+v", step, got, want)
		}
		if want.allowed {
			model[key] = want.tat
		}
		if step%5000 == 4999 {
			s.sweep(now)
			for key, tat := range model {
				if tat <= now {
					delete(model, key)
				}
			}
			if size(s) != len(model) {
				t.Fatalf("step %d: %d keys after the sweep, want %d", step, size(s), len(model))
			}
		}
	}
	if s.census().evicted != 0 {
		t.Error("live keys were evicted below the bound")
	}
}

func TestAtTheBoundDrainedKeysLeaveFirst(t *testing.T) {
	t.Parallel()
	s, l := newStore(100), mustLimit(t, "60/1m", 0)
	spend(s, l, keyOf(0), 0, 1) // drained after one second
	for n := 1; n < 100; n++ {
		spend(s, l, keyOf(n), 0, int64(10+n%7))
	}
	now := int64(time.Second)
	spend(s, l, keyOf(100), now, 1)
	if s.shards[0].find(keyOf(0)) != nil || s.census().evicted != 0 {
		t.Error("the drained key did not leave first")
	}
	for n := 1; n <= 100; n++ {
		if s.shards[0].find(keyOf(n)) == nil {
			t.Errorf("key %d left although another had drained", n)
		}
	}
}

func TestAtTheBoundTheLeastSpentKeyLeaves(t *testing.T) {
	t.Parallel()
	s, l := newStore(10), mustLimit(t, "60/1m", 0)
	for n := range 10 {
		spend(s, l, keyOf(n), 0, int64(20+n))
	}
	for range 30 {
		spend(s, l, keyOf(0), 0, 1) // the first becomes the most spent
	}
	spend(s, l, keyOf(10), 0, 50)
	for n := range 11 {
		if there := s.shards[0].find(keyOf(n)) != nil; there != (n != 1) {
			t.Errorf("key %d there: %t", n, there)
		}
	}
	if s.census().evicted != 1 {
		t.Errorf("%v evictions counted, want 1", s.census().evicted)
	}
}

// TestFloodFreesNobody offers ten times more keys than fit, while some callers have
// spent their burst.
func TestFloodFreesNobody(t *testing.T) {
	t.Parallel()
	bound := 20_000
	if raceEnabled {
		bound = 5000
	}
	s, l := newStore(bound), mustLimit(t, "100/1m", 0)
	victims := bound / 10
	for n := range victims {
		spend(s, l, keyOf(n), 0, 100)
	}
	var now int64
	for n := range 10 * bound {
		now += 1000
		spend(s, l, keyOf(1_000_000+n), now, 1)
		if n%1000 == 0 && size(s) > bound {
			t.Fatalf("%d keys, bound %d", size(s), bound)
		}
	}
	for n := range victims {
		if d := spend(s, l, keyOf(n), now, 1); d.allowed {
			t.Fatalf("key %d got a free pass: %+v", n, d)
		}
	}
	// About a sixteenth is forgotten at once, and how much that is comes from a sample.
	if c := s.census(); int(c.keys) < bound*85/100 || c.evicted == 0 {
		t.Errorf("census %+v: the bound was not used", c)
	}
}

func TestSweepGivesMemoryBack(t *testing.T) {
	t.Parallel()
	s, l := newStore(100_000), mustLimit(t, "100/1m", 0)
	for n := range 80_000 { // well below the bound, so that no shard evicts
		spend(s, l, keyOf(n), 0, 1)
	}
	spend(s, l, keyOf(5), 0, 99)
	s.sweep(int64(30 * time.Second))
	if size(s) != 1 {
		t.Fatalf("%d keys are left, want the one that has not drained", size(s))
	}
	for i := range s.shards {
		if sh := &s.shards[i]; cap(sh.lines) > 20 {
			t.Fatalf("shard %d keeps room for %d partitions", i, cap(sh.lines)*ways)
		}
	}
	if d := spend(s, l, keyOf(5), int64(30*time.Second), 51); d.allowed {
		t.Error("the sweep changed the key that it kept")
	}
	s.sweep(int64(time.Hour))
	if size(s) != 0 {
		t.Error("drained keys are left")
	}
	if d := spend(s, l, keyOf(5), int64(time.Hour), 100); !d.allowed {
		t.Error("a swept store refused")
	}
}

func TestBoundFollowsItsHolders(t *testing.T) {
	t.Parallel()
	s, l := newStore(50), mustLimit(t, "100/1m", 0)
	s.hold(50, nil)
	s.hold(200, nil) // a config that asks for more, and then fails to load
	s.release(200, nil)
	for n := range 300 {
		spend(s, l, keyOf(n), 0, 1)
	}
	if size(s) != 50 {
		t.Fatalf("%d keys, want 50", size(s))
	}
	s.hold(20, nil)
	s.release(50, nil)
	for n := range 300 {
		spend(s, l, keyOf(n), 0, 1)
	}
	if size(s) != 20 {
		t.Errorf("%d keys after the bound was lowered, want 20", size(s))
	}
	s.release(20, nil)
	if s.census().bound != 20 {
		t.Error("the last holder took the bound away from running requests")
	}
}

func TestConcurrentRequestsAreCountedExactly(t *testing.T) {
	t.Parallel()
	const workers, quota = 16, 1000
	s, l := newStore(100), mustLimit(t, "1000/1h", 0)
	var allowed atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range quota / 4 {
				if spend(s, l, keyOf(1), 0, 1).allowed {
					allowed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if allowed.Load() != quota {
		t.Errorf("%d of %d requests passed, want exactly %d", allowed.Load(), workers*quota/4, quota)
	}
}

// TestRefusedByOneChargedToNone decides two policies from many goroutines, in both
// orders of their locks.
func TestRefusedByOneChargedToNone(t *testing.T) {
	t.Parallel()
	small, large := newStore(100), newStore(100)
	perSecond, perDay := mustLimit(t, "10/1m", 0), mustLimit(t, "1000/1d", 0)
	var allowed atomic.Int64
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 100 {
				claims := []claim{{store: small, limit: perSecond, key: keyOf(1)}, {store: large, limit: perDay, key: keyOf(2)}}
				order := []uint8{0, 1}
				if i%2 == 1 {
					slices.Reverse(claims)
					slices.Reverse(order)
				}
				if chargeMemory(claims, order, 0, 1) {
					allowed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if allowed.Load() != 10 {
		t.Errorf("%d requests passed, want 10", allowed.Load())
	}
	if d := spend(large, perDay, keyOf(2), 0, 0); d.remaining != 990 {
		t.Errorf("the day has %d left, want 990: refused requests were charged", d.remaining)
	}
	claims := []claim{{store: small, limit: perSecond, key: keyOf(1)}, {store: large, limit: perDay, key: keyOf(77)}}
	if chargeMemory(claims, []uint8{0, 1}, 0, 1) || size(large) != 1 {
		t.Error("a refused request left a key behind")
	}
	if got := claims[1].decision.remaining; got != 1000 {
		t.Errorf("the policy that did not refuse tells %d remaining, want 1000", got)
	}
}

func TestClockJumpBackInStoreEndsAsTold(t *testing.T) {
	t.Parallel()
	s, l := newStore(10), mustLimit(t, "6/1m", 3)
	spend(s, l, keyOf(1), int64(time.Hour), 3)
	d := spend(s, l, keyOf(1), 0, 1)
	if d.allowed || d.retryAfter != int64(10*time.Second) {
		t.Fatalf("after the jump: %+v", d)
	}
	if d := spend(s, l, keyOf(1), d.retryAfter, 1); !d.allowed {
		t.Errorf("waiting as told was not enough: %+v", d)
	}
}

// TestBytesPerKey measures the heap at several fillings of a store for a million.
func TestBytesPerKey(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector changes what memory costs")
	}
	const most = 64
	l := mustLimit(t, "100/1m", 0)
	s, keys := newStore(1_000_000), 0
	before := heapInUse()
	for _, want := range []int{200_000, 500_000, 700_000, 1_000_000, 1_200_000} {
		for ; keys < want; keys++ {
			spend(s, l, keyOf(keys), 0, 1)
		}
		perKey := float64(heapInUse()-before) / float64(size(s))
		t.Logf("%d keys offered, %d remembered: %.1f bytes a key", want, size(s), perKey)
		if perKey > most {
			t.Errorf("%.1f bytes a key, at most %d", perKey, most)
		}
	}
	runtime.KeepAlive(s)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func BenchmarkChargeAtAMillionKeys(b *testing.B) {
	s, l := newStore(1_000_000), mustLimit(b, "100/1m", 0)
	keys := make([]partition, 1_000_000)
	for n := range keys {
		keys[n] = keyOf(n)
		spend(s, l, keys[n], 0, 1)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		rng := rand.New(rand.NewPCG(1, 2))
		var now int64
		for pb.Next() {
			now += 100
			spend(s, l, keys[rng.IntN(len(keys))], now, 1)
		}
	})
}

func BenchmarkInsertAtTheBound(b *testing.B) {
	s, l := newStore(1_000_000), mustLimit(b, "100/1m", 0)
	n := 0
	for ; n < 1_100_000; n++ {
		spend(s, l, keyOf(n), 0, 1)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	for ; b.Loop(); n++ {
		spend(s, l, keyOf(n), int64(n), 1)
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// TestStateLivesAsLongAsAHolder goes through two reloads and a failed one.
func TestStateLivesAsLongAsAHolder(t *testing.T) {
	t.Parallel()
	config := func() *Handler { return &Handler{Policies: []Policy{{Name: "lives as long as", Quota: "1/1h"}}} }
	hold := func(h *Handler) *store {
		p, err := h.Policies[0].compile()
		if err != nil {
			t.Fatal(err)
		}
		if err := h.hold(&p, 0, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
		return p.store
	}
	cleanUp := func(h *Handler) {
		for range 2 { // it may run twice, and gives back only what it took
			if err := h.Cleanup(); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, second, failed := config(), config(), config()
	state := hold(first)
	if hold(failed) != state {
		t.Error("the config that fails has a store of its own")
	}
	cleanUp(failed)
	cleanUp(config()) // one that failed before it took anything
	if hold(second) != state {
		t.Error("the reload lost the state")
	}
	cleanUp(first)
	select {
	case <-state.stop:
		t.Fatal("the store stopped while it was held")
	default:
	}
	cleanUp(second)
	select {
	case <-state.stop:
	default:
		t.Error("the sweeping goes on after the last holder")
	}
	third := config()
	if hold(third) == state {
		t.Error("a store that was destructed came back")
	}
	cleanUp(third)
}
