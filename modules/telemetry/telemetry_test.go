package telemetry

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// bench is a telemetry with metrics of its own, so that tests can run in parallel
// and count from zero.
type bench struct {
	*Telemetry
	registry *prometheus.Registry
}

func newBench(t testing.TB, routes int) bench {
	t.Helper()
	m := newMetrics(routes)
	registry := prometheus.NewPedanticRegistry()
	if err := m.register(registry); err != nil {
		t.Fatal(err)
	}
	return bench{newTelemetry(m, zap.NewNop()), registry}
}

// next returns the telemetry of another config in the same process.
func (b bench) next() bench {
	return bench{newTelemetry(b.metrics, zap.NewNop()), b.registry}
}

func (b bench) gather(t testing.TB) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatalf("gathering: %v", err)
	}
	byName := make(map[string]*dto.MetricFamily, len(families))
	for _, family := range families {
		byName[family.GetName()] = family
	}
	return byName
}

// children counts the series of all families that have a route.
func (b bench) children(t testing.TB) int {
	n := 0
	for _, family := range b.gather(t) {
		for _, metric := range family.GetMetric() {
			if label(metric, "route") != "" {
				n++
			}
		}
	}
	return n
}

func label(metric *dto.Metric, name string) string {
	for _, pair := range metric.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

// counter returns the value of one series of a counter family, -1 if there is none.
func (b bench) counter(t testing.TB, name string, pairs ...string) float64 {
	t.Helper()
	for _, metric := range b.gather(t)[name].GetMetric() {
		matches := true
		for i := 0; i < len(pairs); i += 2 {
			matches = matches && label(metric, pairs[i]) == pairs[i+1]
		}
		if matches {
			return metric.GetCounter().GetValue()
		}
	}
	return -1
}

func ordersRoute() *exchange.Route {
	return &exchange.Route{
		API: "orders", Version: "v1", Method: "GET", Template: "/v1/orders/{id}", Operation: "getOrder",
	}
}

// answered returns the record of a request that took 3 ms, 1 of them the gateway's.
func answered(route *exchange.Route, status int) *exchange.Exchange {
	return &exchange.Exchange{
		RequestID: "019ab3c0-5c1e-7d3a-9f00-5b7d6f3f2a10",
		Start:     time.Unix(1_800_000_000, 0),
		Route:     route, Status: status, Bytes: 120, Forwarded: true,
		Total: 3 * time.Millisecond, Own: time.Millisecond,
	}
}

// refused returns the record of a request that a policy refused.
func refused(route *exchange.Route, policy exchange.Policy, refusal *problem.Refusal) *exchange.Exchange {
	x := answered(route, refusal.Code())
	x.Forwarded, x.Total = false, x.Own
	_ = x.Refuse(policy, refusal)
	return x
}

// judged returns the record of a request whose response was, or was not, checked.
func judged(route *exchange.Route, verdict exchange.Verdict, unchecked string) *exchange.Exchange {
	x := answered(route, http.StatusOK)
	x.Judge(exchange.Decision{Policy: exchange.Validate, Verdict: verdict, Name: unchecked})
	return x
}

var get = httptest.NewRequest(http.MethodGet, "/v1/orders/7", nil)

// streamed returns the record of a request whose response became a stream of an hour.
func streamed(route *exchange.Route, kind exchange.Stream) *exchange.Exchange {
	x := answered(route, http.StatusOK)
	x.Stream, x.Life = kind, time.Hour
	return x
}

// serve begins and records an exchange.
func (b bench) serve(x *exchange.Exchange, r *http.Request) {
	b.Begin(x)
	if x.Stream != exchange.NoStream {
		b.Stream(x)
	}
	b.Record(x, r)
}

// fill brings at least one series into every family.
func (b bench) fill() {
	route := ordersRoute()
	b.Prepare(route)
	b.serve(answered(route, http.StatusOK), get)
	b.serve(refused(route, exchange.Auth, problem.New(problem.AuthExpired)), get)
	b.serve(judged(route, exchange.Passed, ""), get)
	outdated := answered(route, http.StatusOK)
	outdated.Deprecated = exchange.DeprecatedOperation | exchange.DeprecatedParameter
	b.serve(outdated, get)
	for kind := exchange.NoStream + 1; kind < exchange.StreamCount; kind++ {
		b.serve(streamed(route, kind), get)
	}
	b.Promise("orders", Objectives{Availability: .999, Latency: .99, Within: time.Second})
	b.Started(time.Unix(1_800_000_000, 0))
}

func TestMetricsAreWellNamed(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	b.fill()
	problems, err := testutil.GatherAndLint(b.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestTableListsWhatIsGathered(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	b.fill()
	var got []Metric
	kinds := map[dto.MetricType]string{dto.MetricType_COUNTER: "counter", dto.MetricType_GAUGE: "gauge", dto.MetricType_HISTOGRAM: "histogram"}
	for _, family := range b.gather(t) {
		m := Metric{Name: family.GetName(), Type: kinds[family.GetType()], Help: family.GetHelp()}
		for _, pair := range family.GetMetric()[0].GetLabel() {
			m.Labels = append(m.Labels, pair.GetName())
		}
		got = append(got, m)
	}
	want := Metrics()
	for i := range want {
		want[i].Labels = slices.Sorted(slices.Values(want[i].Labels))
	}
	byName := func(x, y Metric) int { return strings.Compare(x.Name, y.Name) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Metrics() and the registry differ (-table +registry):\n%s", diff)
	}
}

func TestEveryReasonHasASlot(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, reason := range problem.Catalogue() {
		got := reasonLabel(reasonSlot(reason))
		if got != reason.Code {
			t.Errorf("the label of %s is %s: raise reasonSlots", reason.Code, got)
		}
		seen[got] = true
	}
	if got := reasonLabel(reasonSlot(&problem.Reason{Code: "made.up"})); got != exchange.Other || seen[got] {
		t.Errorf("the label of a reason outside the catalogue is %s, want %s", got, exchange.Other)
	}
}

func TestRequestCounts(t *testing.T) {
	t.Parallel()
	reset := answered(nil, 0)
	reset.Aborted = true
	tests := map[string]struct {
		record *exchange.Exchange
		method string
		want   []string // labels of gateway_requests_total
	}{
		"a route":           {answered(ordersRoute(), 200), "GET", []string{"api", "orders", "version", "v1", "route", "/v1/orders/{id}", "method", "GET", "code", "200"}},
		"no route":          {answered(nil, 404), "GET", []string{"api", "_other", "version", "_other", "route", "_other", "method", "GET", "code", "404"}},
		"an unknown method": {answered(nil, 405), "get", []string{"method", "_other", "code", "405"}},
		"no version":        {answered(&exchange.Route{API: "orders", Template: exchange.Other}, 404), "PUT", []string{"api", "orders", "version", "_other", "route", "_other", "method", "PUT", "code", "404"}},
		"nothing written":   {answered(nil, 0), "GET", []string{"code", "200"}},
		"cut off before":    {reset, "GET", []string{"code", "0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, maxRoutes)
			if test.record.Route != nil {
				b.Prepare(test.record.Route)
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Method = test.method
			b.serve(test.record, r)
			if got := b.counter(t, "gateway_requests_total", test.want...); got != 1 {
				t.Errorf("gateway_requests_total%v = %v, want 1", test.want, got)
			}
			if got := testutil.CollectAndCount(b.metrics.requests); got != 1 {
				t.Errorf("gateway_requests_total has %d series, want 1", got)
			}
		})
	}
}

func TestRejectionsHaveTheExactReason(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	route := ordersRoute()
	b.Prepare(route)
	// To the client this one is "auth.rejected".
	b.serve(refused(route, exchange.Auth, problem.New(problem.AuthSignature)), get)
	failed := answered(route, http.StatusBadGateway)
	failed.Refusal = problem.New(problem.UpstreamRefused)
	b.serve(failed, get)
	for _, reason := range []string{"auth.signature", "upstream.refused"} {
		if got := b.counter(t, "gateway_rejections_total", "route", "/v1/orders/{id}", "reason", reason); got != 1 {
			t.Errorf("rejections for %s = %v, want 1", reason, got)
		}
	}
	if got := b.counter(t, "gateway_policy_decisions_total", "policy", "auth", "decision", "refused"); got != 1 {
		t.Errorf("decisions of auth that refused = %v, want 1", got)
	}
}

// TestResponsesAreCountedByResult: and are no decisions about requests.
func TestResponsesAreCountedByResult(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	route := ordersRoute()
	b.Prepare(route)
	want := map[string]exchange.Decision{"passed": {}, "reported": {Verdict: exchange.Reported}, "refused": {Verdict: exchange.Refused}, "_other": {Verdict: exchange.Skipped, Name: "no such reason"}}
	for _, reason := range exchange.Unchecked {
		want[reason] = exchange.Decision{Verdict: exchange.Skipped, Name: reason}
	}
	for label, d := range want {
		b.serve(judged(route, d.Verdict, d.Name), get)
		if got := b.counter(t, "gateway_response_checks_total", "result", label, "route", "/v1/orders/{id}"); got != 1 {
			t.Errorf("%s is counted %v times", label, got)
		}
		if got := b.counter(t, "gateway_policy_decisions_total", "policy", "validate", "decision", d.Verdict.String()); got != 0 {
			t.Errorf("%s is counted as a decision about the request", label)
		}
	}
	if len(want) > resultSlots {
		t.Errorf("%d results need more than %d slots", len(want), resultSlots)
	}
}

func TestTotalIsOwnAndUpstream(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	route := ordersRoute()
	b.Prepare(route)
	for i := range 50 {
		x := answered(route, http.StatusOK)
		x.Own = time.Duration(rand.Int64N(int64(time.Second)))
		x.Total = x.Own + time.Duration(rand.Int64N(int64(time.Minute)))
		if i%5 == 0 {
			x.Forwarded, x.Total = false, x.Own
		}
		b.serve(x, get)
	}
	families := b.gather(t)
	histogram := func(name string) *dto.Histogram { return families[name].GetMetric()[0].GetHistogram() }
	total, own, upstream := histogram("gateway_request_duration_seconds"), histogram("gateway_own_duration_seconds"), histogram("gateway_upstream_duration_seconds")
	if diff := total.GetSampleSum() - own.GetSampleSum() - upstream.GetSampleSum(); diff > 1e-6 || diff < -1e-6 {
		t.Errorf("total differs from own + upstream by %v s", diff)
	}
	if total.GetSampleCount() != 50 || own.GetSampleCount() != 50 || upstream.GetSampleCount() != 40 {
		t.Errorf("counts are %d, %d, %d; want 50, 50 and the 40 that were forwarded", total.GetSampleCount(), own.GetSampleCount(), upstream.GetSampleCount())
	}
	if total.GetSchema() == 0 || len(total.GetPositiveSpan()) == 0 {
		t.Error("the histogram is not native as well")
	}
	if len(total.GetBucket()) != len(requestBuckets) {
		t.Errorf("the histogram has %d classic buckets, want %d", len(total.GetBucket()), len(requestBuckets))
	}
}

func TestInFlight(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	x, y := answered(nil, 200), answered(nil, 200)
	b.Begin(x)
	b.Begin(y)
	if got := testutil.ToFloat64(b.metrics.inFlight); got != 2 {
		t.Errorf("in flight = %v, want 2", got)
	}
	b.Record(x, get)
	b.Record(y, get)
	if got := testutil.ToFloat64(b.metrics.inFlight); got != 0 {
		t.Errorf("in flight after the end = %v, want 0", got)
	}
}

func TestStreamsInFlight(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	x := streamed(nil, exchange.WebSocket)
	open := b.metrics.streams[exchange.WebSocket]
	b.Begin(x)
	b.Stream(x)
	if requests, streams := testutil.ToFloat64(b.metrics.inFlight), testutil.ToFloat64(open); requests != 0 || streams != 1 {
		t.Errorf("%v requests and %v streams are in flight, want one stream", requests, streams)
	}
	b.Record(x, get)
	if requests, streams := testutil.ToFloat64(b.metrics.inFlight), testutil.ToFloat64(open); requests != 0 || streams != 0 {
		t.Errorf("%v requests and %v streams are in flight after the end", requests, streams)
	}
	families := b.gather(t)
	if got := families["gateway_request_duration_seconds"].GetMetric()[0].GetHistogram().GetSampleSum(); got != .003 {
		t.Errorf("the latency is %v s, want that of the beginning", got)
	}
	life := families["gateway_stream_duration_seconds"].GetMetric()[0]
	if got := life.GetHistogram().GetSampleSum(); got != 3600 || label(life, "kind") != "websocket" {
		t.Errorf("the life of the %s is %v s, want an hour", label(life, "kind"), got)
	}
}

func TestReloadContinuesToCount(t *testing.T) {
	t.Parallel()
	old := newBench(t, maxRoutes)
	route := ordersRoute()
	old.Prepare(route)
	old.serve(answered(route, 200), get)

	next := old.next()
	same := ordersRoute()
	next.Prepare(same)
	old.Close()
	old.Close() // a module may be cleaned up twice
	next.serve(answered(same, 200), get)
	old.serve(answered(route, 200), get) // a request that the old config still had
	if got := next.counter(t, "gateway_requests_total", "code", "200"); got != 3 {
		t.Errorf("requests after the reload = %v, want 3", got)
	}
	if got := next.counter(t, "gateway_response_bytes_total", "api", "orders"); got != 3*120 {
		t.Errorf("bytes after the reload = %v, want 360", got)
	}
}

// TestRoutesLeaveWithTheirContract: a config goes on while one of its contracts changes.
func TestRoutesLeaveWithTheirContract(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	get1, post, again := ordersRoute(), ordersRoute(), ordersRoute()
	post.Method = "POST"
	b.Prepare(get1)
	b.Prepare(post)
	b.serve(answered(get1, 200), get)
	b.Release(post)
	b.Prepare(again) // of the new contract, before the old one leaves
	b.Release(get1)
	b.serve(answered(again, 200), get)
	if got := b.counter(t, "gateway_requests_total", "code", "200"); got != 2 {
		t.Errorf("requests of a route that stayed = %v, want 2", got)
	}
	b.Release(again)
	b.serve(answered(again, 200), get) // a request that was on its way
	if got := b.counter(t, "gateway_requests_total", "code", "200"); got != -1 {
		t.Errorf("requests of a route that has left = %v, want no series", got)
	}
	b.Close()
	late := ordersRoute()
	b.Prepare(late)
	b.Release(late)
	b.serve(answered(late, 200), get)
	if got := b.counter(t, "gateway_requests_total", "route", "/v1/orders/{id}"); got != -1 {
		t.Errorf("a route that came after the end counts %v, want no series", got)
	}
}

func TestRemovedRoutesLeave(t *testing.T) {
	t.Parallel()
	old := newBench(t, maxRoutes)
	route := ordersRoute()
	old.Prepare(route)
	old.serve(answered(route, 200), get)
	old.serve(refused(route, exchange.Auth, problem.New(problem.AuthMissing)), get)

	next := old.next()
	other := ordersRoute()
	other.Template = "/v1/orders"
	next.Prepare(other)
	next.serve(answered(other, 200), get)
	rejected := next.next() // a config that failed to load, with the old route in it
	rejected.Prepare(ordersRoute())
	rejected.Close()
	if got := next.counter(t, "gateway_requests_total", "route", "/v1/orders/{id}", "code", "200"); got != 1 {
		t.Errorf("the old route has %v requests while its config lives, want 1", got)
	}
	old.serve(judged(route, exchange.Reported, ""), get)
	old.Close()
	old.Close()
	// Requests of the old config that end late must not bring the route back.
	old.serve(answered(route, 200), get)
	old.serve(answered(route, 201), get)
	old.serve(refused(route, exchange.Validate, problem.New(problem.SchemaBody)), get)
	old.serve(judged(route, exchange.Passed, ""), get)
	for name, family := range next.gather(t) {
		for _, metric := range family.GetMetric() {
			if label(metric, "route") == "/v1/orders/{id}" {
				t.Errorf("%s still has the removed route", name)
			}
		}
	}
	if got := next.counter(t, "gateway_requests_total", "route", "/v1/orders"); got != 1 {
		t.Errorf("the route that stayed has %v requests, want 1", got)
	}
}

func TestCodesEndAtOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	for range 2 {
		for code := range maxCodes + 10 {
			b.serve(answered(nil, 200+code), get)
		}
	}
	if got := b.counter(t, "gateway_requests_total", "code", "_other"); got != 20 {
		t.Errorf("requests with one code too many = %v, want 20", got)
	}
	if got := b.counter(t, "gateway_requests_total", "code", "231"); got != 2 {
		t.Errorf("requests with the last code that has a place = %v, want 2", got)
	}
	if got := testutil.ToFloat64(b.metrics.dropped); got != 20 {
		t.Errorf("gateway_series_dropped_total = %v, want 20", got)
	}
}

func TestRoutesEndAtOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	first, second := ordersRoute(), ordersRoute()
	second.Template = "/v1/orders"
	b.Prepare(first)
	b.Prepare(second)
	b.serve(answered(first, 200), get)
	b.serve(answered(second, 200), get)
	if got := b.counter(t, "gateway_requests_total", "api", "_other", "route", "_other"); got != 1 {
		t.Errorf("requests of the route that found no place = %v, want 1", got)
	}
	if got := testutil.ToFloat64(b.metrics.dropped); got != 1 {
		t.Errorf("gateway_series_dropped_total = %v, want 1", got)
	}
	b.Close()
	third := b.next()
	third.Prepare(second)
	third.serve(answered(second, 200), get)
	if got := third.counter(t, "gateway_requests_total", "route", "/v1/orders"); got != 1 {
		t.Errorf("requests of the route after there was place = %v, want 1", got)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	const routes = 20
	b := newBench(t, routes+1) // and the one without a route
	prepared := make([]*exchange.Route, 3*routes)
	for i := range prepared {
		prepared[i] = ordersRoute()
		prepared[i].Template = fmt.Sprintf("/v1/%d", i)
		b.Prepare(prepared[i])
	}
	random := rand.New(rand.NewPCG(1, 2))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	const attack = 100_000
	for range attack {
		r.Method = string([]byte{byte('A' + random.IntN(26)), byte('A' + random.IntN(26)), byte('A' + random.IntN(26))})
		x := answered(prepared[random.IntN(len(prepared))], 100+random.IntN(900))
		x.Refusal = &problem.Refusal{Reason: problem.Catalogue()[0]}
		b.serve(x, r)
	}
	if bound, got := (routes+1)*(methodCount*(maxCodes+1)+reasonSlots+resultSlots+3+3+1), b.children(t); got > bound {
		t.Errorf("%d series, want at most %d", got, bound)
	}
	// Nearly all methods of three letters are unknown and two of three routes found no place.
	if got := b.children(t); got > (routes+1)*(3*(maxCodes+1)+1+3+1) {
		t.Errorf("%d series, too many for a handful of methods", got)
	}
	if got := testutil.ToFloat64(b.metrics.dropped); got < attack/2 {
		t.Errorf("gateway_series_dropped_total = %v, want most of %d", got, attack)
	}
	var total float64
	for _, metric := range b.gather(t)["gateway_requests_total"].GetMetric() {
		total += metric.GetCounter().GetValue()
	}
	if total != attack {
		t.Errorf("requests = %v, want all %d: folding must not lose any", total, attack)
	}
}

func TestRecordWhileConfigsComeAndGo(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				config := b.next()
				route := ordersRoute()
				config.Prepare(route)
				for j := range 5 {
					config.serve(answered(route, 200+(i+j)%50), get)
				}
				config.Close()
				config.serve(refused(route, exchange.Auth, problem.New(problem.AuthMissing)), get)
			}
		})
	}
	wg.Wait()
	if got := b.children(t); got != 0 {
		t.Errorf("%d series are left of configs that are gone", got)
	}
	if got := len(b.metrics.series); got != 1 {
		t.Errorf("%d routes are held, want only the one for no route", got)
	}
}

func TestRegisterTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	if err := b.metrics.register(b.registry); err != nil {
		t.Errorf("the second time: %v", err)
	}
	foreign := prometheus.NewRegistry()
	foreign.MustRegister(prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gateway_requests_total", Help: "Somebody else's."}, []string{"x"}))
	if err := b.metrics.register(foreign); err == nil {
		t.Error("a registry where the name is taken was accepted")
	}
}

func TestStarted(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	b.Started(time.Unix(1_800_000_000, 500_000_000))
	b.next().Started(time.Unix(1_800_000_100, 500_000_000))
	if got := testutil.ToFloat64(b.metrics.generation); got != 2 {
		t.Errorf("generation = %v, want 2", got)
	}
	if got := testutil.ToFloat64(b.metrics.loaded); got != 1_800_000_100.5 {
		t.Errorf("last load = %v, want 1800000100.5", got)
	}
}
