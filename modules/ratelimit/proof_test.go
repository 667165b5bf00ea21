package ratelimit

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// TestAgainstTokenBucket does the same random things to decide and to a token bucket,
// which is the same idea in other arithmetic: with floating point, so that they may
// differ where a token is back just now.
func TestAgainstTokenBucket(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	for _, text := range []string{"10/1s", "100/1m", "3/1h", "1000/1s", "7/10s"} {
		q, err := parseQuota(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, burst := range []int64{1, 5, q.units} {
			l, err := q.compile(burst)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Unix(1_800_000_000, 0)
			bucket := rate.NewLimiter(rate.Every(time.Duration(l.interval)), int(burst))
			var tat, now int64
			for step := range 20_000 {
				now += rng.Int64N(3 * l.interval)
				cost := 1 + rng.Int64N(burst)
				at := start.Add(time.Duration(now))
				missing := float64(cost) - bucket.TokensAt(at)
				d := decide(l, tat, now, cost)
				if close := missing > -1e-6 && missing < 1e-6; close {
					continue // neither is asked to spend, so they stay together
				}
				if got := bucket.AllowN(at, int(cost)); got != d.allowed {
					t.Fatalf("%s, burst %d, step %d: a token bucket says %t and lacks %g tokens, decide says %+v", text, burst, step, got, missing, d)
				}
				tat = d.tat
			}
		}
	}
}

var tenMillion = flag.Bool("ten-million", false, "offer ten million keys to a policy that remembers one million")

// TestTenMillionKeys: memory and the time of a decision stay what they are, however many
// keys come. A new key at the bound costs at most 1.3 of what one costs while the store
// fills and grows; 0.3 are for chance.
func TestTenMillionKeys(t *testing.T) {
	keys, bound, rounds := 10_000_000, 1_000_000, 1
	if !*tenMillion {
		keys, bound, rounds = 400_000, 40_000, 3 // a small one always; the flag runs the real one
	}
	if raceEnabled {
		keys, bound, rounds = 50_000, 5_000, 1 // times mean nothing then
	}
	fill, full := time.Hour, time.Hour // the least of all rounds, and of all parts at the bound
	for range rounds {
		a, b := offer(t, keys, bound)
		fill, full = min(fill, a), min(full, b)
	}
	t.Logf("%d keys: %v of processor time a decision while it fills, %v at the bound", keys, fill, full)
	if ratio := float64(full) / float64(fill); ratio > 1.6 && !raceEnabled {
		t.Errorf("a decision at the bound takes %.2f of what it takes while the store fills", ratio)
	}
}

// offer charges keys, each once, to a new store with a bound of a tenth of them. It returns
// what a decision takes while the store fills, and at the bound.
func offer(t *testing.T, keys, bound int) (fill, full time.Duration) {
	s, l := newStore(bound), mustLimit(t, "100/1h", 0)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var filled uint64
	tenth := keys / 10
	for part := range 10 {
		begin := processorTime(t)
		for n := range tenth {
			spend(s, l, keyOf(part*tenth+n), int64(part*tenth+n), 1)
		}
		took := (processorTime(t) - begin) / time.Duration(tenth)
		switch part {
		case 0:
			fill, full, filled = took, time.Hour, heap()
		default:
			full = min(full, took)
		}
	}
	if now := heap(); now > filled+filled/10+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", filled, now)
	}
	if n := size(s); n > bound || n < bound*9/10 {
		t.Errorf("%d keys are remembered, the bound is %d", n, bound)
	}
	runtime.KeepAlive(s)
	return fill, full
}

// TestRandomClock: whatever the clock does, nobody gets more than the burst at once, and
// nobody waits longer than a spent burst takes.
func TestRandomClock(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 9))
	l := mustLimit(t, "10/1m", 0)
	s := newStore(100)
	now := int64(time.Hour)
	for range 50_000 {
		now += rng.Int64N(int64(2*time.Hour)) - int64(time.Hour)
		now = max(now, 0)
		if back := s.shards[0].clock - now; back > 0 && back < stale {
			continue // not a clock that was set back, but a request that was held up
		}
		d := spend(s, l, keyOf(rng.IntN(3)), now, 1+rng.Int64N(10))
		if d.retryAfter > l.offset || d.remaining < 0 || d.remaining > 10 || d.tat > now+l.offset {
			t.Fatalf("at %v: %+v", time.Duration(now), d)
		}
	}
}
