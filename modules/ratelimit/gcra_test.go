package ratelimit

import (
	"math/rand/v2"
	"testing"
	"time"
)

// mustLimit compiles "100/1m" with a burst; burst 0 is the quota.
func mustLimit(t testing.TB, text string, burst int64) limit {
	t.Helper()
	q, err := parseQuota(text)
	if err != nil {
		t.Fatal(err)
	}
	if burst == 0 {
		burst = q.units
	}
	l, err := q.compile(burst)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// timeline tells a story about one partition.
type timeline struct {
	*testing.T
	limit
	tat, now int64
}

func (tl *timeline) request(cost int64) decision {
	d := decide(tl.limit, tl.tat, tl.now, cost)
	tl.tat = d.tat
	return d
}

func (tl *timeline) allowed(cost, remaining int64) {
	tl.Helper()
	if d := tl.request(cost); !d.allowed || d.remaining != remaining || d.retryAfter != 0 {
		tl.Fatalf("at %v: got %+v, want allowed with %d remaining", time.Duration(tl.now), d, remaining)
	}
}

func (tl *timeline) denied(cost int64, wait time.Duration) {
	tl.Helper()
	if d := tl.request(cost); d.allowed || d.retryAfter != int64(wait) {
		tl.Fatalf("at %v: got %+v, want denied with a wait of %v", time.Duration(tl.now), d, wait)
	}
}

func (tl *timeline) wait(d time.Duration) { tl.now += int64(d) }

func TestSpendWaitExactlyAsToldAllowed(t *testing.T) {
	t.Parallel()
	tl := timeline{T: t, limit: mustLimit(t, "6/1m", 3), now: int64(time.Hour)}
	tl.allowed(1, 2)
	tl.allowed(1, 1)
	tl.allowed(1, 0)
	tl.denied(1, 10*time.Second)
	tl.wait(10*time.Second - 1)
	tl.denied(1, 1) // one nanosecond earlier than told
	tl.wait(1)
	tl.allowed(1, 0)
	tl.denied(1, 10*time.Second)
	tl.wait(30 * time.Second) // the whole burst is back
	tl.allowed(3, 0)
	tl.wait(time.Hour) // an idle hour saves nothing up
	tl.allowed(2, 1)
	tl.denied(2, 10*time.Second)
	tl.denied(3, 20*time.Second)
	tl.allowed(0, 1) // looking is free
}

func TestDeniedRequestsCostNothing(t *testing.T) {
	t.Parallel()
	tl := timeline{T: t, limit: mustLimit(t, "1/10s", 1)}
	tl.allowed(1, 0)
	for range 9 { // a client that hammers is let in no later than one that waits
		tl.wait(time.Second)
		tl.denied(1, time.Duration(int64(10*time.Second)-tl.now))
	}
	tl.wait(time.Second)
	tl.allowed(1, 0)
}

func TestClockJumpsBack(t *testing.T) {
	t.Parallel()
	tl := timeline{T: t, limit: mustLimit(t, "6/1m", 3), now: int64(10 * time.Hour)}
	tl.allowed(3, 0)
	tl.wait(-9 * time.Hour)
	tl.denied(1, 10*time.Second) // as with a spent burst, not nine hours
	tl.wait(10 * time.Second)
	tl.allowed(1, 0)
	tl.wait(9 * time.Hour) // forward again: the burst and no more
	tl.allowed(3, 0)
	tl.denied(1, 10*time.Second)
}

func TestChangedNumbersMeetTheStateAsItIs(t *testing.T) {
	t.Parallel()
	tl := timeline{T: t, limit: mustLimit(t, "60/1h", 60)}
	tl.allowed(60, 0)
	tl.limit = mustLimit(t, "60/1m", 10) // faster, but still spent
	tl.denied(1, time.Second)
	tl.wait(time.Second)
	tl.allowed(1, 0)
	tl.limit = mustLimit(t, "60/1m", 20) // ten units more
	tl.allowed(10, 0)
	tl.denied(1, time.Second)
}

// TestNeverMoreThanBurstPlusRate sends requests of random cost at random times,
// some of them with the clock standing still, and checks every window of the run.
func TestNeverMoreThanBurstPlusRate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		quota string
		burst int64
	}{{"1/1s", 1}, {"3/1s", 3}, {"7/1m", 7}, {"100/1m", 5}, {"10/1s", 40}, {"999983/1s", 1000}} {
		l := mustLimit(t, tt.quota, tt.burst)
		q, _ := parseQuota(tt.quota)
		rng := rand.New(rand.NewPCG(1, uint64(tt.burst)))
		type grant struct{ at, units int64 }
		var grants []grant
		var tat, now int64
		for range 3000 {
			if rng.IntN(3) > 0 {
				now += rng.Int64N(2 * l.interval)
			}
			cost := 1 + rng.Int64N(tt.burst)
			d := decide(l, tat, now, cost)
			tat = d.tat
			if d.allowed {
				grants = append(grants, grant{now, cost})
			}
		}
		for i := range grants {
			var units int64
			for j := i; j < len(grants); j++ {
				units += grants[j].units
				window := float64(grants[j].at - grants[i].at)
				if most := float64(tt.burst) + window*float64(q.units)/float64(q.window); float64(units) > most+1e-6 {
					t.Fatalf("%s burst %d: %d units within %v, at most %.3f allowed", tt.quota, tt.burst, units, time.Duration(window), most)
				}
			}
		}
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(int64(600e6), int64(100), int64(0), int64(1e9), int64(1))
	f.Add(int64(1000), int64(1), int64(5e18), int64(3), int64(1))
	f.Fuzz(func(t *testing.T, interval, burst, tat, now, cost int64) {
		interval = 1 + abs(interval)%int64(maxWindow)
		burst = 1 + abs(burst)%(int64(maxRefill)/interval)
		now = abs(now) % (1 << 60)
		cost = abs(cost) % (burst + 1)
		l := limit{interval, burst * interval}
		d := decide(l, tat, now, cost)
		if d.remaining < 0 || d.remaining > burst || d.retryAfter < 0 || d.tat < now || d.tat > now+l.offset {
			t.Fatalf("out of bounds: %+v", d)
		}
		if d.allowed != (d.retryAfter == 0) {
			t.Fatalf("allowed and told to wait, or neither: %+v", d)
		}
		if d.allowed {
			return
		}
		if e := decide(l, d.tat, now+d.retryAfter, cost); !e.allowed {
			t.Fatalf("waiting %d as told was not enough", d.retryAfter)
		}
		if e := decide(l, d.tat, now+d.retryAfter-1, cost); e.allowed {
			t.Fatal("one nanosecond less was enough")
		}
	})
}

func abs(n int64) int64 { return max(n, -(n + 1)) }

func BenchmarkDecide(b *testing.B) {
	l := mustLimit(b, "100/1m", 0)
	b.ReportAllocs()
	var tat, now int64
	for b.Loop() {
		now += 1000
		tat = decide(l, tat, now, 1).tat
	}
}
