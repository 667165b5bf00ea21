package ratelimit

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/redis/redistest"
)

// TestAnyInterleaving: requests look at the clock, are held up for a while, and are then
// decided, in whatever order. All together never get more than the burst and what came
// back since the first of them.
func TestAnyInterleaving(t *testing.T) {
	t.Parallel()
	const burst = 20
	l := mustLimit(t, "1000/1s", burst)
	s := newStore(100)
	var passed, clock atomic.Int64
	clock.Store(int64(time.Hour))
	var group sync.WaitGroup
	for i := range 8 {
		rng := rand.New(rand.NewPCG(11, uint64(i)))
		group.Go(func() {
			for range 3000 {
				now := clock.Add(rng.Int64N(int64(100 * time.Microsecond)))
				for range rng.IntN(50) { // the clock goes on, for others
					runtime.Gosched()
				}
				if spend(s, l, keyOf(1), now, 1).allowed {
					passed.Add(1)
				}
			}
		})
	}
	group.Wait()
	took := clock.Load() - int64(time.Hour)
	if most := burst + took/l.interval + 1; passed.Load() > most {
		t.Errorf("%d requests passed in %v, at most %d may", passed.Load(), time.Duration(took), most)
	}
	if least := took / l.interval * 9 / 10; passed.Load() < least {
		t.Errorf("only %d requests passed in %v, at least %d should", passed.Load(), time.Duration(took), least)
	}
}

// TestCallsTravelTogether: the calls of 64 requests at once reach the store in few reads
// from the network, and each request costs one call.
func TestCallsTravelTogether(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := sharedOn(t, server)
	terms, err := parseTerms("1000000/1s", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	const requests, each = 64, 200
	s.charge([]string{s.prefix + "first"}, terms.remote.append(nil, 1, 1)) // sends the script
	calls, reads := callsOf(server), statOf(server, "stats", "total_reads_processed")
	var group sync.WaitGroup
	for i := range requests {
		group.Go(func() {
			for range each {
				if _, err := s.charge([]string{s.prefix + string(rune('a'+i))}, terms.remote.append(nil, 1, 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	calls, reads = callsOf(server)-calls, statOf(server, "stats", "total_reads_processed")-reads
	together := float64(calls) / float64(reads)
	t.Logf("%d calls in %d reads: %.1f together", calls, reads, together)
	if calls < requests*each || calls > requests*each+20 { // and heartbeats
		t.Errorf("%d requests cost %d calls", requests*each, calls)
	}
	if together < 4 {
		t.Errorf("%.1f calls travel together, at least 4 should", together)
	}
}

// callsOf is how often scripts were called on a server.
func callsOf(server *redistest.Server) int64 {
	return int64(commandStat(server, "cmdstat_evalsha:calls="))
}
