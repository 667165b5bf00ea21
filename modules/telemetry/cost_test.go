//go:build !race

package telemetry_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/gatewaytest"
)

// What the record of a request and its metrics may cost, in allocations on top of bare
// Caddy: the record and the function that answers placeholders; with several policies
// there is the rest of the record too.
const (
	budgetOne     = 2
	budgetSeveral = 3
)

// discard is a response writer that keeps nothing, so that only what serves allocates.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// recorded is a gateway with a policy that decides nothing, so that all it costs is
// the record and the metrics.
const recorded = ":8080 {\n" + off + "\trespond ok\n}\n"

const off = "\tratelimit 1/1s {\n\t\tmode off\n\t}\n"

// severally is recorded by several policies, and bareSeverally has as many directives:
// each of them costs an allocation of Caddy's.
const severally = ":8080 {\n" + off + off + off + "\trespond ok\n}\n"

var agent = []string{"cost"}

func one(gw http.Handler) func() {
	return func() {
		r := httptest.NewRequest(http.MethodGet, "/v1/things/1", nil)
		r.Header["User-Agent"] = agent
		gw.ServeHTTP(&discard{make(http.Header, 8)}, r)
	}
}

// bare is Caddy with another directive in the place of the policy.
const bare = ":8080 {\n\tlog_skip\n\trespond ok\n}\n"

const bareSeverally = ":8080 {\n\tlog_skip\n\tlog_skip\n\tlog_skip\n\trespond ok\n}\n"

// allocations is the least of several measurements: a garbage collection meanwhile
// empties pools, and what runs in the background allocates too.
func allocations(one func()) float64 {
	least := testing.AllocsPerRun(200, one)
	for range 4 {
		least = min(least, testing.AllocsPerRun(200, one))
	}
	return least
}

func TestAllocationsOfTheRecord(t *testing.T) {
	for _, test := range []struct {
		name, bare, config string
		budget             float64
	}{{"one policy", bare, recorded, budgetOne}, {"several policies", bareSeverally, severally, budgetSeveral}} {
		base, got := allocations(one(gatewaytest.New(t, test.bare))), allocations(one(gatewaytest.New(t, test.config)))
		t.Logf("bare Caddy %.0f allocations, with record and metrics of %s %+.0f", base, test.name, got-base)
		if got-base > test.budget {
			t.Errorf("record and metrics of %s cost %.0f allocations, the budget is %.0f", test.name, got-base, test.budget)
		}
	}
}

// BenchmarkRequest compares a request with and without record and metrics, beside
// Caddy's own metrics and tracing. The configs take turns of a few milliseconds, and
// the fastest turn of each counts, so that what else the machine does disturbs all
// alike. It reports, in ns a request: "bare", what the others cost over it, and as
// "record-sampled-out" what the record adds where Caddy's tracing samples nothing.
func BenchmarkRequest(b *testing.B) {
	b.Setenv("OTEL_TRACES_EXPORTER", "none")
	b.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	configs := []struct{ name, config string }{
		{"bare", bare},
		{"record", recorded},
		{"caddy-metrics", "{\n\tmetrics\n}\n" + bare},
		{"caddy-tracing", strings.Replace(bare, "{\n", "{\n\ttracing\n", 1)},
		{"tracing+record", strings.Replace(recorded, "{\n", "{\n\ttracing\n", 1)},
	}
	var texts []string
	for _, c := range configs {
		texts = append(texts, c.config)
	}
	compared := compare(b, texts...)
	for b.Loop() {
		compared.round()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(compared.fastest[0], "bare-ns")
	for i, c := range configs[1:4] {
		b.ReportMetric(compared.over(i+1, 0), c.name+"-ns")
	}
	b.ReportMetric(compared.over(4, 3), "record-sampled-out-ns")
}

// comparison is of configs that serve the same request.
type comparison struct {
	serve   []func()
	fastest []float64 // ns a request
}

func compare(t testing.TB, configs ...string) *comparison {
	c := new(comparison)
	for _, config := range configs {
		c.serve = append(c.serve, one(gatewaytest.New(t, config)))
		c.fastest = append(c.fastest, math.Inf(1))
	}
	return c
}

// round gives each config a turn.
func (c *comparison) round() {
	const turn = 500 // requests
	for i, serve := range c.serve {
		began := time.Now()
		for range turn {
			serve()
		}
		c.fastest[i] = min(c.fastest[i], float64(time.Since(began).Nanoseconds())/turn)
	}
}

// over returns what one config costs more than another, in ns a request.
func (c *comparison) over(one, other int) float64 { return c.fastest[one] - c.fastest[other] }

// The record, all metrics and the placeholders together cost less than half of Caddy's metrics
// alone. More rounds bring both nearer to what they are on a quiet machine.
func TestRecordCostsLessThanCaddysMetrics(t *testing.T) {
	c := compare(t, bare, recorded, "{\n\tmetrics\n}\n"+bare)
	for round := range 400 {
		c.round()
		if round >= 20 && c.over(1, 0) < .5*c.over(2, 0) {
			return
		}
	}
	t.Errorf("over bare Caddy the record costs %.0f ns and Caddy's metrics %.0f ns, want less than half of that", c.over(1, 0), c.over(2, 0))
}

var body = []byte("ok")

// BenchmarkExchange is the record and the metrics alone, on a request of Caddy's.
func BenchmarkExchange(b *testing.B) {
	gw := gatewaytest.New(b, recorded)
	var step exchange.Step
	if err := step.Provision(gw.Context(), exchange.RateLimit, exchange.ModeOff, ""); err != nil {
		b.Fatal(err)
	}
	w := &discard{make(http.Header, 8)}
	repl := caddy.NewReplacer()
	repl.Map(func(string) (any, bool) { return nil, false }) // as the server does
	unused := *repl
	vars := make(map[string]any, 8)
	ctx := context.WithValue(context.Background(), caddyhttp.ServerCtxKey, &caddyhttp.Server{})
	for _, value := range []struct {
		key   caddy.CtxKey
		value any
	}{
		{caddy.ReplacerCtxKey, repl}, {caddyhttp.VarsCtxKey, vars},
		{"route_group", nil}, {caddyhttp.OriginalRequestCtxKey, http.Request{}}, {caddyhttp.ExtraLogFieldsCtxKey, nil},
	} {
		ctx = context.WithValue(ctx, value.key, value.value)
	}
	r := httptest.NewRequest(http.MethodGet, "/v1/things/1", nil).WithContext(ctx)
	answering := caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusOK)
		_, err := w.Write(body)
		return err
	})
	b.ReportAllocs()
	for b.Loop() {
		*repl = unused // or it would keep every record
		clear(vars)
		clear(w.header)
		clear(r.Header)
		_ = step.Serve(w, r, answering, nil)
	}
}
