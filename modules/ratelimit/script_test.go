package ratelimit

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gateway/internal/redis"
	"gateway/internal/redis/redistest"
)

// sharedOn returns a policy's share of a store that is in use.
func sharedOn(t testing.TB, server *redistest.Server) *shared {
	t.Helper()
	options := redis.Options{Prefix: "test:", Timeout: time.Second, OnError: "local"}
	if err := options.ParseURL(server.URL()); err != nil {
		t.Fatal(err)
	}
	store := redis.Open(options, zap.NewNop())
	t.Cleanup(func() { _ = store.Destruct() })
	for deadline := time.Now().Add(5 * time.Second); !store.Up(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the store is not in use")
		}
	}
	return &shared{store: store, prefix: "test:limit:x:", logger: zap.NewNop()}
}

// TestScriptAgainstDecide: the script and decide agree about everything but the time
// that passes between two calls, which is measured.
func TestScriptAgainstDecide(t *testing.T) {
	t.Parallel()
	s := sharedOn(t, redistest.Start(t))
	rng := rand.New(rand.NewPCG(5, 5))
	type state struct {
		after      int64 // how far ahead the partition was left
		begin, end time.Time
	}
	for _, quota := range []string{"10/1s", "1000000/1s", "7/1m", "333/1h", "100000/30d", "3/366d"} {
		terms, err := parseTerms(quota, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := &terms.remote
		last := state{begin: time.Now(), end: time.Now()}
		for step := range 150 {
			cost := 1 + rng.Int64N(max(1, terms.burst/4))
			want := cost + rng.Int64N(3)
			if rng.IntN(6) == 0 {
				cost = -1 - rng.Int64N(3) // given back
				want = cost
			}
			now := state{begin: time.Now()}
			ahead, err := s.charge([]string{s.prefix + quota}, r.append(nil, cost, want))
			now.end = time.Now()
			if err != nil {
				t.Fatal(err)
			}
			// The store's clock has microseconds, and so may be late by two of them.
			least := last.after - int64(now.end.Sub(last.begin)+2*time.Microsecond)/r.tick - 1
			most := last.after - int64(now.begin.Sub(last.end)-2*time.Microsecond)/r.tick + 1
			if ahead[0] < max(0, least) || ahead[0] > max(0, most) {
				t.Fatalf("%s, step %d: %d ticks ahead, want %d to %d", quota, step, ahead[0], least, most)
			}
			now.after = ahead[0]
			if d := decide(r.limit, ahead[0], 0, cost); d.allowed {
				now.after = max(0, ahead[0]+r.granted(ahead[0], want)*r.limit.interval)
			}
			last = now
		}
	}
}

// TestStatesOfOtherNumbers: a time too far ahead counts as a spent burst, and is
// brought back, as in memory.
func TestStatesOfOtherNumbers(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := sharedOn(t, server)
	terms, _ := parseTerms("2/1h", 0, nil)
	key := s.prefix + "k"
	far := strconv.FormatInt(time.Now().Add(1000*time.Hour).Unix(), 10) + ".000000000"
	server.Do("SET", key, far)
	ahead, err := s.charge([]string{key}, terms.remote.append(nil, 1, 1))
	if err != nil || ahead[0] != terms.limit.offset {
		t.Fatal(ahead, err)
	}
	if got := server.Do("GET", key); got >= far || !strings.Contains(got, ".") {
		t.Errorf("the key still says %s", got)
	}
	if ttl, _ := strconv.Atoi(server.Do("TTL", key)); ttl < 3590 || ttl > 7201 {
		t.Errorf("it lives for %d s", ttl)
	}
}

// TestCluster: on a Cluster claims are charged one by one; what a refused request was
// granted comes back, and nobody is let through who should not.
func TestCluster(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--cluster-enabled", "yes")
	server.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	s := sharedOn(t, server)
	if !s.store.Clustered() {
		t.Fatal("this is no cluster")
	}
	h := handlerOf(t, Policy{Name: "few", Quota: "3/1d"}, Policy{Name: "many", Quota: "5/1d"})
	for i := range h.policies {
		h.policies[i].shared = &shared{store: s.store, prefix: s.prefix + h.policies[i].name, onError: OnErrorClosed, logger: s.logger}
	}
	h.memoryOrder, h.remoteOrder = nil, []uint8{0, 1}
	ask := func(few, many byte) verdict {
		claims := []claim{{terms: &h.policies[0].terms, digest: digest{few}}, {terms: &h.policies[1].terms, digest: digest{many}}}
		return h.charge(visitor{}, claims, monotonic(), 1)
	}
	for i, want := range []verdict{allowed, allowed, allowed, exceeded, exceeded} {
		if got := ask(1, 1); got != want {
			t.Fatalf("step %d: %v", i, got)
		}
	}
	// The refusals cost the other policy nothing, once the units are back.
	passed := 0
	for deadline := time.Now().Add(2 * time.Second); passed < 2 && time.Now().Before(deadline); {
		if ask(byte(10+passed), 1) == allowed {
			passed++
		}
	}
	if passed != 2 || ask(99, 1) != exceeded {
		t.Errorf("%d requests passed after the refusals, want exactly 2", passed)
	}
}

// BenchmarkExact is one claim on the shared store with 64 requests at once. Reported
// are the calls that the server got with one read from the network.
func BenchmarkExact(b *testing.B) {
	server := redistest.Start(b)
	s := sharedOn(b, server)
	h := handlerOf(b, Policy{Quota: "1000000/1s"})
	h.policies[0].shared, h.memoryOrder, h.remoteOrder = s, nil, []uint8{0}
	calls, reads := callsOf(server), statOf(server, "stats", "total_reads_processed")
	b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for n := byte(0); pb.Next(); n++ {
			claims := []claim{{terms: &h.policies[0].terms, digest: digest{n}}}
			if h.charge(visitor{}, claims, monotonic(), 1) != allowed {
				b.Error("refused")
			}
		}
	})
	calls, reads = callsOf(server)-calls, statOf(server, "stats", "total_reads_processed")-reads
	b.ReportMetric(float64(calls)/float64(reads), "calls/read")
}

// commandStat returns a number of what a server tells about its commands.
func commandStat(server *redistest.Server, name string) (n float64) {
	for line := range strings.Lines(server.Do("INFO", "commandstats")) {
		if text, ok := strings.CutPrefix(line, name); ok {
			n, _ = strconv.ParseFloat(strings.TrimSpace(strings.SplitN(text, ",", 2)[0]), 64)
		}
	}
	return n
}
