package recording

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"gateway/internal/exchange"
)

// typical is a request as a browser's script or a service sends it.
func typical() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/v1/orders/17?limit=3", nil)
	for name, value := range map[string]string{
		"User-Agent": "curl/8.5.0", "Accept": "application/json", "Accept-Encoding": "gzip", "Authorization": "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
		"Referer": "https://shop.example/", "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Tenant": "acme", "Content-Language": "en",
	} {
		r.Header.Set(name, value)
	}
	return r
}

// answers is the header of a usual response, and content its body.
var (
	answers = http.Header{"Content-Type": {"application/json"}, "Ratelimit": {`"tenants";r=99;t=60`}, "X-Request-Id": {"1"}, "Vary": {"Accept"}}
	content = []byte(`{"id":"17","items":[{"sku":"a","quantity":1}],"customer":{"email":"alice@example.com"}}`)
	route   = &exchange.Route{API: "orders", Version: "v1", Method: "GET", Template: "/v1/orders/{id}", Operation: "getOrder"}
)

// one records a request that runs through five steps.
func one(rec *Recording, r *http.Request, x *exchange.Exchange) {
	*x = exchange.Exchange{RequestID: "1", Route: route, Status: 200}
	rec.Begin(x, r)
	for range 5 {
		x.Watcher.Decided(r, "Caddyfile:12")
	}
	x.Watcher.Began(answers)
	x.Watcher.Wrote(content)
	rec.Record(x, r)
}

// TestRecordingAllocatesTheID: captures and their buffers are pooled. The id is a part
// of the exchange, which nobody wants to keep.
func TestRecordingAllocatesTheID(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools")
	}
	rec, r, x := New(), typical(), new(exchange.Exchange)
	rec.Close() // what settles in the background allocates
	for range 2 * Capacity {
		one(rec, r, x)
	}
	least := testing.AllocsPerRun(500, func() { one(rec, r, x) })
	for range 4 {
		least = min(least, testing.AllocsPerRun(500, func() { one(rec, r, x) }))
	}
	if least > 1 {
		t.Errorf("recording a request costs %.0f allocations, want one", least)
	}
}

// BenchmarkRecord is the whole cost of recording on the path of a request.
func BenchmarkRecord(b *testing.B) {
	rec, r, x := New(), typical(), new(exchange.Exchange)
	defer rec.Close()
	b.ReportAllocs()
	for b.Loop() {
		one(rec, r, x)
	}
}

// BenchmarkSettle is what a remembered request costs off its path.
func BenchmarkSettle(b *testing.B) {
	rec, r, x := New(), typical(), new(exchange.Exchange)
	rec.Close()
	b.ReportAllocs()
	for b.Loop() {
		one(rec, r, x)
		rec.settle()
	}
}
