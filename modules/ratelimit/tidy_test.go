package ratelimit

import (
	"math"
	"math/rand/v2"
	"testing"
)

// shardOf returns a shard that is full of partitions whose times next tells.
func shardOf(limit int, next func() int64) (*shard, map[partition]int64) {
	s, times := &shard{limit: limit}, make(map[partition]int64)
	for n := range limit {
		key, tat := keyOf(n), next()
		s.insert(key, tat, 0)
		times[key] = tat
	}
	return s, times
}

// TestTidyInOrder: whatever the times are, those that have drained are forgotten, and of
// the others the earliest; everybody else is found as he was.
func TestTidyInOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 5))
	const limit, now = 8000, 1000
	for name, tt := range map[string]struct {
		next func() int64
		// slack is how many forgotten ones may have later times than kept ones.
		slack int
	}{
		"spread out":  {func() int64 { return now + 1 + random.Int64N(1<<40) }, 100},
		"crowded":     {func() int64 { return now + 1<<30 + random.Int64N(1000) }, 100},
		"one far out": {func() int64 { return now + 1 + random.Int64N(1000)*random.Int64N(2)*random.Int64N(1<<30) }, 100},
		"all alike":   {func() int64 { return now + 7 }, 0},
		"few alike":   {func() int64 { return now + 1 + random.Int64N(5) }, 0},
		"some passed": {func() int64 { return max(1, random.Int64N(30*now)) }, 100},
		"extremes":    {func() int64 { return 1 + random.Int64N(2)*(math.MaxInt64-2) }, 0},
	} {
		s, times := shardOf(limit, tt.next)
		s.tidy(now, limit-limit/drainedShare, limit-limit/evictedShare)
		left, earliest, forgotten := 0, int64(math.MaxInt64), []int64(nil)
		for key, tat := range times {
			switch at := s.find(key); {
			case at == nil:
				forgotten = append(forgotten, tat)
			case *at != tat || tat <= now:
				t.Fatalf("%s: kept with time %d, was %d, now %d", name, *at, tat, now)
			default:
				left, earliest = left+1, min(earliest, tat)
			}
		}
		late := 0
		for _, tat := range forgotten {
			if tat > earliest && tat > now {
				late++
			}
		}
		if late > tt.slack {
			t.Errorf("%s: %d of %d were forgotten before earlier ones", name, late, len(forgotten))
		}
		if left != s.live || left >= limit || s.earliest > earliest {
			t.Errorf("%s: %d are left, %d counted; the earliest is at %d, not %d", name, left, s.live, earliest, s.earliest)
		}
		if most := limit / evictedShare * 3 / 2; int(s.evicted) > most {
			t.Errorf("%s: %d were evicted, at most %d should", name, s.evicted, most)
		}
	}
}

// TestSearchesStayShort: however many keys have come and gone, nearly all are in the line
// where the search for them begins.
func TestSearchesStayShort(t *testing.T) {
	t.Parallel()
	const limit = 8000
	s, _ := shardOf(limit, func() int64 { return 1 << 40 })
	for n := range 20 * limit {
		s.insert(keyOf(limit+n), 1<<40+int64(n), 0)
	}
	steps, misses, found := 0, 0, 0
	for i := range s.lines {
		for key := range s.lines[i].all {
			for at := s.home(key.lo); at != i; at = s.after(at) {
				steps++
			}
			found++
		}
		for at := i; s.lines[at].spilled; at = s.after(at) {
			misses++
		}
	}
	if found != s.live || steps > found/2 || misses > len(s.lines) {
		t.Errorf("%d of %d found with %d steps more than one each, and %d searches in vain with %d", found, s.live, steps, len(s.lines), misses)
	}
}

// TestTwins: a place that is free, or a key that has half of its hash in common with
// another one, misleads nobody.
func TestTwins(t *testing.T) {
	t.Parallel()
	s := &shard{limit: 100}
	keys := []partition{{lo: 1 << 60, hi: 1}, {lo: 1 << 60, hi: 2}, {lo: 1 << 60, hi: 3}, {lo: 1 << 60, hi: 4}, {lo: 1 << 60, hi: 5}}
	for i, key := range keys {
		s.insert(key, int64(10+i), 0)
	}
	s.forget(s.find(keys[2]))
	s.forget(s.find(keys[0]))
	s.insert(keys[2], 99, 0)
	for i, want := range []int64{0, 11, 99, 13, 14} {
		got := int64(0)
		if at := s.find(keys[i]); at != nil {
			got = *at
		}
		if got != want {
			t.Errorf("key %d: got %d, want %d", i, got, want)
		}
	}
}
