package telemetry

import (
	"testing"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// failing returns the record of a request that the upstream failed after its response
// had begun with status.
func failing(route *exchange.Route, status int) *exchange.Exchange {
	x := answered(route, status)
	x.Refusal = problem.New(problem.UpstreamReset)
	return x
}

func slow(x *exchange.Exchange, total time.Duration) *exchange.Exchange {
	x.Total = total
	return x
}

func TestWhatMissesAnObjective(t *testing.T) {
	t.Parallel()
	route := ordersRoute()
	const within = 250 * time.Millisecond
	for name, test := range map[string]struct {
		x                                  *exchange.Exchange
		eligible, failed, succeeded, tardy float64
	}{
		"a good request":                    {answered(route, 200), 1, 0, 1, 0},
		"exactly in time":                   {slow(answered(route, 200), within), 1, 0, 1, 0},
		"a nanosecond late":                 {slow(answered(route, 200), within+1), 1, 0, 1, 1},
		"a client's mistake by the service": {answered(route, 404), 1, 0, 1, 0},
		"the service's 5xx":                 {answered(route, 500), 1, 1, 0, 0},
		"a slow 5xx":                        {slow(answered(route, 503), time.Second), 1, 1, 0, 0},
		"cut off after 200":                 {failing(route, 200), 1, 1, 0, 0},
		"refused because of the client":     {refused(route, exchange.Auth, problem.New(problem.AuthMissing)), 0, 0, 0, 0},
		"over a limit":                      {refused(route, exchange.RateLimit, problem.New(problem.LimitExceeded)), 0, 0, 0, 0},
		"no keys":                           {refused(route, exchange.Auth, problem.New(problem.AuthKeysUnavailable)), 1, 1, 0, 0},
		"no store":                          {refused(route, exchange.RateLimit, problem.New(problem.LimitStoreUnavailable)), 1, 1, 0, 0},
		"a response against the contract":   {refused(route, exchange.Validate, problem.New(problem.SchemaResponse)), 1, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, maxRoutes)
			b.Promise("orders", Objectives{Availability: .999, Latency: .99, Within: within})
			r := *route
			b.Prepare(&r)
			test.x.Route = &r
			b.Begin(test.x)
			b.Record(test.x, get)
			for _, want := range []struct {
				family, slo string
				value       float64
			}{
				{"gateway_slo_requests_total", "availability", test.eligible},
				{"gateway_slo_bad_requests_total", "availability", test.failed},
				{"gateway_slo_requests_total", "latency", test.succeeded},
				{"gateway_slo_bad_requests_total", "latency", test.tardy},
			} {
				if got := b.counter(t, want.family, "api", "orders", "slo", want.slo); got != want.value {
					t.Errorf("%s of %s = %v, want %v", want.family, want.slo, got, want.value)
				}
			}
		})
	}
}

func TestObjectivesAreThoseOfTheLiveConfig(t *testing.T) {
	t.Parallel()
	gauge := func(b bench, name string) float64 {
		for _, metric := range b.gather(t)[name].GetMetric() {
			return metric.GetGauge().GetValue()
		}
		return -1
	}
	old := newBench(t, maxRoutes)
	old.Promise("orders", Objectives{Availability: .999})
	if got := gauge(old, "gateway_slo_objective_ratio"); got != -1 {
		t.Errorf("a config that is not live promises %v", got)
	}
	old.Started(time.Now())
	next := old.next()
	next.Promise("orders", Objectives{Latency: .99, Within: time.Second})
	if got := gauge(old, "gateway_slo_objective_ratio"); got != .999 {
		t.Errorf("the live config promises %v, want 0.999", got)
	}
	next.Started(time.Now())
	old.Close()
	if ratio, within := gauge(next, "gateway_slo_objective_ratio"), gauge(next, "gateway_slo_latency_threshold_seconds"); ratio != .99 || within != 1 {
		t.Errorf("after the reload %v within %v s, want 0.99 within 1 s", ratio, within)
	}
	if got := next.counter(t, "gateway_slo_requests_total", "slo", "latency"); got != 0 {
		t.Errorf("the counter begins with %v, want 0", got)
	}
	next.Close()
	if got := gauge(next, "gateway_slo_objective_ratio"); got != -1 {
		t.Errorf("a config that is gone promises %v", got)
	}
	if n := len(next.gather(t)["gateway_slo_requests_total"].GetMetric()); n != 0 {
		t.Errorf("%d counters are left", n)
	}
}

func TestAnAPIWithoutObjectivesHasNoSuchSeries(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	b.Promise("users", Objectives{Availability: .99})
	route := ordersRoute()
	b.Prepare(route)
	b.Record(answered(route, 500), get)
	if got := b.counter(t, "gateway_slo_requests_total", "api", "orders"); got != -1 {
		t.Errorf("orders has promised nothing and counts %v", got)
	}
}
