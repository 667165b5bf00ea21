package ratelimit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/redis/redistest"
)

// statOf returns a number of a server's INFO.
func statOf(server *redistest.Server, section, name string) (n int64) {
	for line := range strings.Lines(server.Do("INFO", section)) {
		if text, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ = strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		}
	}
	return n
}

// TestEviction fills a store that evicts with far more keys than it has memory for, while
// one client that has spent its quota goes on asking, and others that have do not.
func TestEviction(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]struct {
		least, most int   // of those who have spent their quota and do not ask, of 50, are forgotten
		busy        int64 // requests of the client that asks all the time that may pass
	}{
		// The store looks at samples and counts in whole seconds: chance may forget the
		// busy one as well, a few times.
		"allkeys-lru":  {40, 50, 500},
		"volatile-lru": {40, 50, 500},
		"volatile-ttl": {0, 0, 0},
		// Two of three keys go.
		"allkeys-random":  {10, 50, math.MaxInt64},
		"volatile-random": {10, 50, math.MaxInt64},
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, "--maxmemory-policy", policy)
			s := sharedOn(t, server)
			terms, err := parseTerms("100/1d", 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			spend := func(key string, units int64) bool {
				ahead, err := s.charge([]string{s.prefix + key}, terms.remote.append(nil, units, units))
				if err != nil {
					t.Error(err)
					return false
				}
				return terms.remote.decide(ahead[0], 0, units).allowed
			}
			const idle = 50
			for i := range idle {
				spend(fmt.Sprint("idle-", i), 100)
			}
			spend("busy", 100)
			time.Sleep(1500 * time.Millisecond) // the store's idea of a time is a second
			server.Do("CONFIG", "SET", "maxmemory", fmt.Sprint(statOf(server, "memory", "used_memory")+1<<20))
			passed := whileFlooded(s, &terms, func() bool { return spend("busy", 1) })
			forgotten := 0
			for i := range idle {
				if spend(fmt.Sprint("idle-", i), 100) {
					forgotten++
				}
			}
			evicted := statOf(server, "stats", "evicted_keys")
			t.Logf("%d keys evicted: %d of %d idle clients have their quota again, and %d requests of the busy one passed", evicted, forgotten, idle, passed)
			if evicted < 5000 || !s.store.Up() {
				t.Fatalf("%d keys evicted, up %t: nothing is shown", evicted, s.store.Up())
			}
			if forgotten < want.least || forgotten > want.most {
				t.Errorf("%d of %d idle clients were forgotten, want %d to %d", forgotten, idle, want.least, want.most)
			}
			if passed > want.busy {
				t.Errorf("%d requests of the busy client passed, at most %d may", passed, want.busy)
			}
		})
	}
}

// whileFlooded charges one unit to each of many keys, and counts how often something is
// true meanwhile.
func whileFlooded(s *shared, t *terms, true func() bool) (n int64) {
	var next atomic.Int64
	var flood, watch sync.WaitGroup
	done := make(chan struct{})
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if true() {
					n++
				}
			}
		}
	})
	for range 32 {
		flood.Go(func() {
			for {
				i := next.Add(1)
				if i > 20_000 {
					return
				}
				time.Sleep(4 * time.Millisecond) // so that most keys are older than a second when they go
				_, _ = s.charge([]string{s.prefix + "flood-" + strconv.FormatInt(i, 10)}, t.remote.append(nil, 1, 1))
			}
		})
	}
	flood.Wait()
	close(done)
	watch.Wait()
	return n
}
