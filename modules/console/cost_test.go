//go:build !race

package console_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

// discard is a response writer that keeps nothing, so that only what serves allocates.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// site is a gateway whose policies have something to do.
const site = ":8080 {\n\tapi things {\n\t\tcontract testdata/things.yaml\n\t\tratelimit 1000000/1s\n\t\trespond ok\n\t}\n}\n"

// one serves a request with the fields that a service's client sends.
func one(gw http.Handler) func() {
	header := http.Header{
		"User-Agent": {"cost"}, "Accept": {"application/json"}, "Accept-Encoding": {"gzip"}, "Authorization": {"Bearer abcdefgh"},
		"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, "X-Tenant": {"acme"}, "Referer": {"https://shop.example/"},
	}
	return func() {
		r := httptest.NewRequest(http.MethodGet, "/things?limit=3", nil)
		for name, values := range header {
			r.Header[name] = values
		}
		gw.ServeHTTP(&discard{make(http.Header, 8)}, r)
	}
}

// allocations is the least of several measurements: a garbage collection meanwhile
// empties pools, and what runs in the background allocates too.
func allocations(one func()) float64 {
	least := testing.AllocsPerRun(200, one)
	for range 9 {
		least = min(least, testing.AllocsPerRun(200, one))
	}
	return least
}

// TestRecordingCostsOneAllocation on top of the same gateway without a console: the
// request id, which is a part of the exchange otherwise.
func TestRecordingCostsOneAllocation(t *testing.T) {
	on := one(started(t, freeport.Address(t), site[len(":8080 {\n"):len(site)-len("}\n")]))
	for range 1100 {
		on() // until everything that is pooled has been in use
	}
	off := one(gatewaytest.New(t, site))
	base, got := allocations(off), allocations(on)
	t.Logf("without a console %.0f allocations, with one %+.0f", base, got-base)
	if got > base+1 {
		t.Errorf("recording costs %.0f allocations, want one", got-base)
	}
}

// TestRecordingCostsLittle holds the price of recording as a part of what the same request
// costs without a console, which is some 9 µs where nothing else runs: 3 µs are a third. The fastest of many short rounds, one after
// the other, is what neither side loses to whatever else the machine does meanwhile.
func TestRecordingCostsLittle(t *testing.T) {
	on := one(started(t, freeport.Address(t), site[len(":8080 {\n"):len(site)-len("}\n")]))
	off := one(gatewaytest.New(t, site))
	const (
		requests = 100  // of a round
		enough   = 40   // rounds, of which the fastest counts
		rounds   = 400  // at most
		bound    = 1.60 // which no busy machine reaches, and masking on the path of a request does
	)
	for range 1100 {
		on() // until everything that is pooled has been in use
	}
	took := func(serve func()) time.Duration {
		start := time.Now()
		for range requests {
			serve()
		}
		return time.Since(start)
	}
	without, with, ratio := time.Hour, time.Hour, 0.0
	for round := range rounds {
		without, with = min(without, took(off)), min(with, took(on))
		if ratio = float64(with) / float64(without); round >= enough && ratio <= bound {
			break
		}
	}
	t.Logf("without a console %v, with one %v: %.3f times", without/requests, with/requests, ratio)
	if ratio > bound {
		t.Errorf("recording makes a request cost %.3f times as much, the bound is %.2f", ratio, bound)
	}
}

// BenchmarkConsole compares a request with and without a console.
func BenchmarkConsole(b *testing.B) {
	for name, gw := range map[string]http.Handler{
		"off": gatewaytest.New(b, site),
		"on":  started(b, freeport.Address(b), site[len(":8080 {\n"):len(site)-len("}\n")]),
	} {
		b.Run(name, func(b *testing.B) {
			serve := one(gw)
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}
