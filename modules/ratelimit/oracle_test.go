package ratelimit

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/throttled/throttled/v2"
)

// cell is a store of throttled for one key, with a clock of its own. ok is false while
// nothing has been stored.
type cell struct {
	now   time.Time
	value int64
	ok    bool
}

// GetWithTime implements throttled.GCRAStoreCtx.
func (c *cell) GetWithTime(context.Context, string) (int64, time.Time, error) {
	if !c.ok {
		return -1, c.now, nil
	}
	return c.value, c.now, nil
}

// SetIfNotExistsWithTTL implements throttled.GCRAStoreCtx.
func (c *cell) SetIfNotExistsWithTTL(_ context.Context, _ string, value int64, _ time.Duration) (bool, error) {
	if c.ok {
		return false, nil
	}
	c.value, c.ok = value, true
	return true, nil
}

// CompareAndSwapWithTTL implements throttled.GCRAStoreCtx.
func (c *cell) CompareAndSwapWithTTL(_ context.Context, _ string, before, after int64, _ time.Duration) (bool, error) {
	if !c.ok || c.value != before {
		return false, nil
	}
	c.value = after
	return true, nil
}

// TestAgainstThrottled does the same random things to decide and to another
// implementation of the same algorithm. Both count in nanoseconds, so they agree in
// everything: what is allowed, what remains, and how long to wait.
func TestAgainstThrottled(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(11, 11))
	start := time.Unix(1_800_000_000, 0)
	for _, text := range []string{"10/1s", "100/1m", "3/1h", "1000/1s", "7/10s"} {
		for _, burst := range []int64{1, 5, 100} {
			l := mustLimit(t, text, burst)
			store := &cell{}
			quota := throttled.RateQuota{MaxRate: throttled.PerDuration(1, time.Duration(l.interval)), MaxBurst: int(burst) - 1}
			other, err := throttled.NewGCRARateLimiterCtx(store, quota)
			if err != nil {
				t.Fatal(err)
			}
			var tat, now int64
			counts := map[bool]int{}
			for step := range 20_000 {
				if rng.IntN(3) > 0 { // else at the same instant
					now += rng.Int64N(3 * l.interval)
				}
				cost := 1 + rng.Int64N(burst)
				store.now = start.Add(time.Duration(now))
				limited, got, err := other.RateLimitCtx(t.Context(), "key", int(cost))
				if err != nil {
					t.Fatal(err)
				}
				d := decide(l, tat, now, cost)
				wait := int64(max(got.RetryAfter, 0)) // -1 if it is not limited
				if d.allowed == limited || d.remaining != int64(got.Remaining) || d.retryAfter != wait {
					t.Fatalf("%s, burst %d, step %d, cost %d: throttled says limited %t, %+v; decide says %+v", text, burst, step, cost, limited, got, d)
				}
				tat = d.tat
				counts[d.allowed]++
			}
			if counts[true] < 1000 || counts[false] < 1000 {
				t.Errorf("%s, burst %d: only %d were allowed and %d denied, which shows little", text, burst, counts[true], counts[false])
			}
		}
	}
}
