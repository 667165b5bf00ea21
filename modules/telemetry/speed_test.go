package telemetry

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/common/expfmt"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// records are the kinds of exchange that have a budget.
func records(b bench) map[string]*exchange.Exchange {
	route := ordersRoute()
	b.Prepare(route)
	accepted := answered(route, 200)
	for policy := range exchange.PolicyCount {
		accepted.Pass(policy)
	}
	return map[string]*exchange.Exchange{
		"accepted": accepted,
		"refused":  refused(route, exchange.Auth, problem.New(problem.AuthMissing)),
		"no route": answered(nil, 200),
	}
}

// inCaddy returns a context as deep as Caddy's, on a server that does not log.
func inCaddy() context.Context {
	ctx := context.WithValue(context.Background(), caddyhttp.ServerCtxKey, &caddyhttp.Server{})
	for _, key := range []caddy.CtxKey{"replacer", "vars", "route_group", "original_request", "extra_log_fields"} {
		ctx = context.WithValue(ctx, key, key)
	}
	return ctx
}

func TestRecordDoesNotAllocate(t *testing.T) {
	b := newBench(t, maxRoutes)
	r := httptest.NewRequest("GET", "/", nil).WithContext(inCaddy())
	for name, x := range records(b) {
		if got := testing.AllocsPerRun(100, func() { b.serve(x, r) }); got > 0 {
			t.Errorf("%s: %v allocations, want none", name, got)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	bench := newBench(b, maxRoutes)
	r := httptest.NewRequest("GET", "/", nil).WithContext(inCaddy())
	for name, x := range records(bench) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.serve(x, r)
			}
		})
	}
}

// BenchmarkScrape gathers and writes what a contract of 1,000 operations has when all
// of them are in use.
func BenchmarkScrape(b *testing.B) {
	bench := newBench(b, maxRoutes)
	for i := range 1000 {
		route := ordersRoute()
		route.Template = fmt.Sprintf("/v1/%d", i)
		bench.Prepare(route)
		for _, code := range []int{200, 404} {
			bench.serve(answered(route, code), get)
		}
		bench.serve(refused(route, exchange.Auth, problem.New(problem.AuthMissing)), get)
	}
	b.ReportAllocs()
	for b.Loop() {
		families, err := bench.registry.Gather()
		if err != nil {
			b.Fatal(err)
		}
		encoder := expfmt.NewEncoder(io.Discard, expfmt.NewFormat(expfmt.TypeOpenMetrics))
		for _, family := range families {
			if err := encoder.Encode(family); err != nil {
				b.Fatal(err)
			}
		}
	}
}
