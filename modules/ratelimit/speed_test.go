package ratelimit

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/redis/redistest"
)

// tenants sends requests to a handler, one after the other, within an open exchange.
// Nothing about them is new but who they come from.
type tenants struct {
	h    *Handler
	keys uint32
	pick *rand.Rand
	name [8]byte
}

func tenantsOf(h *Handler, keys int) *tenants {
	return &tenants{h: h, keys: uint32(keys), pick: rand.New(rand.NewPCG(rand.Uint64(), 2))}
}

// next writes the name of some tenant over that of the last one, where the request's
// field has its value: what was just read from a connection is in the cache, too.
func (c *tenants) next() {
	n := c.pick.Uint32N(c.keys)
	for i := range c.name {
		c.name[i] = 'a' + byte(n&15)
		n >>= 4
	}
}

// nobody records nothing: what the record costs is measured in internal/exchange.
type nobody struct{}

func (nobody) Begin(*exchange.Exchange, *http.Request)  {}
func (nobody) Stream(*exchange.Exchange)                {}
func (nobody) Record(*exchange.Exchange, *http.Request) {}

// busyQuota does not come back while a test runs, so that each request has to be told
// something else. With idleQuota it has come back each time, as for most clients.
const busyQuota, idleQuota = "1000000/30d", "1000000/1s"

var byTenant = []string{"{http.request.header.X-Tenant}"}

var served = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })

// run calls ServeHTTP as long as more says. It returns how many requests passed.
func (c *tenants) run(more func() bool) (passed int) {
	r := requestFrom("192.0.2.1")
	r.Header["X-Tenant"] = []string{unsafe.String(&c.name[0], len(c.name))}
	_, vars := exchange.Look(r)
	_ = exchange.Run(httptest.NewRecorder(), r, vars, nobody{}, func(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) error {
		for more() {
			c.next()
			x.OwnHeader(policyField, nil)
			x.OwnHeader(limitField, nil)
			if c.h == nil || c.h.ServeHTTP(w, r, served) == nil {
				passed++
			}
		}
		return nil
	})
	return passed
}

// handlerFor is handlerOf with the header fields that clients usually get.
func handlerFor(t testing.TB, p Policy) *Handler {
	h := handlerOf(t, p)
	h.tellLimits, h.inMemory = true, true
	return h
}

// warm sends so many requests that every tenant is known.
func (c *tenants) warm(requests int) {
	c.run(func() bool { requests--; return requests >= 0 })
}

// contend benchmarks serving with all cores at once. "cpu-ns" by the number of cores is what
// one request takes if nobody else uses the machine.
func contend(b *testing.B, serve func(more func() bool)) {
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	b.RunParallel(func(pb *testing.PB) {
		serve(pb.Next)
	})
	took := processorTime(b) - before
	b.ReportMetric(float64(took)/float64(b.N), "cpu-ns/op")
}

// processorTime is how much of it this process has used so far, by all cores: what else
// the machine does makes a benchmark take longer, but not that.
func processorTime(t testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkHandler is a whole request to the directive with the state in memory, all cores
// contending: finding the key, its hash, decision and charge, the counters,
// RateLimit and RateLimit-Policy, and the step in the record. It does not contain the
// opening and closing of the record, nor the writing of the response, which are there
// without limits, too. What "none" takes is in the others as well: it is the same without
// a directive, which is the choice of a client by the benchmark, and nothing else. The aim
// is 300 ns with a million keys; TestManyKeysCostLittleMore holds what does not depend on the
// machine. Clients whose quota was whole again, as most of a million are, cost least:
// what they are told was written at load.
func BenchmarkHandler(b *testing.B) {
	b.Run("none", func(b *testing.B) {
		contend(b, func(more func() bool) { tenantsOf(nil, 1000).run(more) })
	})
	for _, run := range []struct {
		keys  int
		quota string
	}{{1000, busyQuota}, {1_000_000, busyQuota}, {1_000_000, idleQuota}} {
		var h *Handler // warmed up once, although the benchmark runs several times
		keys := run.keys
		b.Run(fmt.Sprintf("%d-keys-of-%s", keys, strings.ReplaceAll(run.quota, "/", "-in-")), func(b *testing.B) {
			if h == nil {
				h = handlerFor(b, Policy{Quota: run.quota, MaxKeys: 1_200_000, Key: byTenant})
				tenantsOf(h, keys).warm(5 * keys)
			}
			contend(b, func(more func() bool) { tenantsOf(h, keys).run(more) })
		})
	}
}

// TestManyKeysCostLittleMore holds a million keys beside a thousand, turn by turn, because
// ratios hold on a busy machine where times do not: what they cost more is a wait for
// memory, which may take as long as the rest of a request, and half of it is for chance.
func TestManyKeysCostLittleMore(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector changes what things cost")
	}
	handlers := make(map[int]*Handler)
	for _, keys := range []int{1000, 1_000_000} {
		handlers[keys] = handlerFor(t, Policy{Quota: busyQuota, MaxKeys: 1_200_000, Key: byTenant})
		tenantsOf(handlers[keys], keys).warm(2 * keys)
	}
	turn := func(keys int) time.Duration {
		const requests = 2000
		c, n := tenantsOf(handlers[keys], keys), requests
		before := processorTime(t)
		c.run(func() bool { n--; return n >= 0 })
		return (processorTime(t) - before) / requests
	}
	few, many := time.Hour, time.Hour
	for range 200 {
		few, many = min(few, turn(1000)), min(many, turn(1_000_000))
	}
	t.Logf("%v of processor time with a thousand keys, %v with a million", few, many)
	if many > 5*few/2 {
		t.Errorf("a request takes %v with a million keys and %v with a thousand", many, few)
	}
}

// leasing returns a handler with leases on a store of its own, all of them warm.
func leasing(t testing.TB, keys int) *Handler {
	s := sharedOn(t, redistest.Start(t))
	h := handlerFor(t, Policy{Quota: busyQuota, Key: byTenant})
	h.policies[0].shared, h.memoryOrder, h.remoteOrder, h.inMemory = s, nil, []uint8{0}, false
	h.policies[0].leases = newLeases(s, 20_000, 1_000_000, &h.policies[0].store.tally)
	for range 20 { // leases double
		tenantsOf(h, keys).warm(50 * keys)
		time.Sleep(5 * time.Millisecond) // what is under way arrives
	}
	return h
}

// BenchmarkLease is BenchmarkHandler with units taken ahead from the shared store, for
// keys whose leases have grown.
func BenchmarkLease(b *testing.B) {
	const keys = 100
	h := leasing(b, keys)
	contend(b, func(more func() bool) { tenantsOf(h, keys).run(more) })
}

// TestLeaseCostsNoMoreThanMemory holds the two beside each other, turn by turn, because
// ratios hold on a busy machine where times do not.
func TestLeaseCostsNoMoreThanMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector changes what things cost")
	}
	const keys = 100
	memory := handlerFor(t, Policy{Quota: busyQuota, Key: byTenant})
	lease := leasing(t, keys)
	turn := func(h *Handler) time.Duration {
		n := 2000
		c := tenantsOf(h, keys)
		begin := time.Now()
		if passed := c.run(func() bool { n--; return n >= 0 }); passed != 2000 {
			t.Fatalf("%d of 2000 requests passed", passed)
		}
		return time.Since(begin)
	}
	var ratios []float64
	for range 400 {
		a, b := turn(memory), turn(lease)
		ratios = append(ratios, float64(b)/float64(a))
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	t.Logf("a lease costs %.2f of memory, in the middle of %d turns", ratio, len(ratios))
	if ratio > 1.15 {
		t.Errorf("a lease costs %.2f of what memory does, at most 1.1 and 0.05 for chance", ratio)
	}
}

// TestStaleRequests: a request that is held up between looking at the clock and getting
// the lock gives nobody more than there is.
func TestStaleRequests(t *testing.T) {
	t.Parallel()
	s, l := newStore(10), mustLimit(t, "10/1s", 0)
	now := int64(time.Hour)
	if d := spend(s, l, keyOf(1), now, 10); !d.allowed {
		t.Fatal("the burst was refused")
	}
	for _, late := range []time.Duration{1, time.Millisecond, 500 * time.Millisecond, 30 * time.Second} {
		d := spend(s, l, keyOf(1), now-int64(late), 1)
		if d.allowed || d.retryAfter != int64(100*time.Millisecond) {
			t.Errorf("%v late: %+v", late, d)
		}
		if d := spend(s, l, keyOf(1), now, 1); d.allowed {
			t.Fatalf("a request that came %v late has given something back", late)
		}
	}
}

// TestDecisionsAreCountedOnce: wherever a decision is counted, it is once, and it stays
// when the leases go.
func TestDecisionsAreCountedOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := sharedOn(t, server)
	h := handlerOf(t, Policy{Name: "leased", Quota: "40/1d"}, Policy{Name: "local", Quota: "25/1d"})
	for i := range h.policies {
		h.policies[i].mode = exchange.ModeEnforce
	}
	leased, local := &h.policies[0], &h.policies[1]
	leased.shared, h.memoryOrder, h.remoteOrder = s, []uint8{1}, []uint8{0}
	leased.leases = newLeases(s, 5, 100, &leased.store.tally)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 15 {
				h.Decide(&exchange.Exchange{}, nil, requestFrom("192.0.2.7"))
			}
		})
	}
	group.Wait()
	tell := func() string {
		var a, b counts
		a.addStore(leased.store)
		a.passed += leased.leases.passed()
		b.addStore(local.store)
		return fmt.Sprint(a, b)
	}
	const want = "{25 0 0} {25 35 0}"
	if got := tell(); got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	leased.leases.handOver()
	if got := tell(); got != want {
		t.Errorf("after the leases have gone: %s, want %s", got, want)
	}
}
