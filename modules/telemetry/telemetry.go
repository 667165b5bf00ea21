// Package telemetry turns the record of every request into metrics, a span, a field
// of the access log and, where the gateway or its upstream is at fault, a log line.
//
// It is not a directive: the app "gateway" holds a Telemetry and hands it every
// exchange, so a Caddyfile with only "auth" in it is measured too. Traces belong to
// Caddy's "tracing" and the scrape to Caddy's "metrics"; telemetry has no provider,
// exporter or listener of its own.
//
// # How many series there can be
//
// No label holds anything a client chose. Routes are templates of the contract, with
// _other for what matches none; methods are the known ones or _other; reasons are
// those of the catalogue. What an upstream could choose, its status codes, ends at
// maxCodes for each method of a route. With R routes, at most maxRoutes, the families
// that have a route hold at most
//
//	(R + 1) × (11 methods × 33 codes + 64 reasons + 16 results + 2 parts + 3 histograms + 3 of streams + 1)
//
// children, a histogram having 16 samples at most and 240 native buckets (2.1 KB). The
// others hold 6 policies × 4 decisions + 3 kinds of streams + 4, and 7 for each API
// with objectives. A child exists only once it has counted something, so a contract's
// real number is close to its number of operations times the two or three codes they
// answer with. Beyond a bound, requests are counted under
// _other and in gateway_series_dropped_total.
package telemetry

import (
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"gateway/internal/exchange"
)

// Telemetry records the exchanges of one config. Its series are shared with the
// config before and after it.
type Telemetry struct {
	metrics *metrics
	faults  faults

	mu       sync.Mutex
	held     map[labels]*holding
	promises map[string]*promise // by API
	closed   bool
}

// holding is a series that the config uses, for that many routes.
type holding struct {
	series *series
	routes int
}

// New returns the telemetry of the config that ctx belongs to, with its metrics in
// that config's registry. Close it when the config is cleaned up.
func New(ctx caddy.Context) (*Telemetry, error) {
	if err := process.register(ctx.GetMetricsRegistry()); err != nil {
		return nil, err
	}
	return newTelemetry(process, ctx.Logger()), nil
}

func newTelemetry(m *metrics, logger *zap.Logger) *Telemetry {
	return &Telemetry{metrics: m, faults: faults{logger: logger}, held: make(map[labels]*holding)}
}

// Prepare resolves what requests of a route need, into route.Series. Requests of a
// route that was not prepared count as those without a route. A route whose Template
// is exchange.Other stands for all requests of a version that match no operation.
func (t *Telemetry) Prepare(route *exchange.Route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return // a contract changed while the config was on its way out
	}
	l := labelsOf(route)
	h := t.held[l]
	if h == nil {
		h = &holding{series: t.metrics.acquire(l)}
		if h.series.labels == l {
			t.held[l] = h
		}
	}
	h.routes++
	p := prepare(h.series, route)
	p.folded = h.series.labels != l
	p.promise = t.promises[route.API]
	route.Series = p
}

// Release gives back what Prepare took for a route that has left its contract.
// Requests of the route may still be recorded afterwards.
func (t *Telemetry) Release(route *exchange.Route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := labelsOf(route)
	h := t.held[l]
	if p, ok := route.Series.(*prepared); !ok || h == nil || p.folded {
		return
	}
	if h.routes--; h.routes == 0 {
		t.metrics.release(h.series)
		delete(t.held, l)
	}
}

// Started tells that the config went live.
func (t *Telemetry) Started(now time.Time) {
	t.metrics.generation.Inc()
	t.metrics.loaded.Set(float64(now.UnixNano()) / 1e9)
	t.metrics.objectives.live.Store(t)
}

// Close gives the series back; those that no live config has leave the metrics.
// Requests may still be recorded afterwards.
func (t *Telemetry) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for l, h := range t.held {
		t.metrics.release(h.series)
		delete(t.held, l)
	}
	t.withdraw()
}

// Begin counts a request in.
func (t *Telemetry) Begin(*exchange.Exchange) { t.metrics.inFlight.Inc() }

// Stream counts a request out, whose answer has begun, and a stream in.
func (t *Telemetry) Stream(x *exchange.Exchange) {
	t.metrics.streams[x.Stream].Inc()
	t.metrics.inFlight.Dec()
}

// Record counts a request, or the stream that it became, out and passes its record on to the trace and the log.
func (t *Telemetry) Record(x *exchange.Exchange, r *http.Request) {
	p := t.prepared(x)
	var of trace.SpanContext
	if x.Traced {
		span := trace.SpanFromContext(r.Context())
		if of = span.SpanContext(); span.IsRecording() {
			p.describe(span, x, r.Method)
		}
	}
	t.count(p, x, methodSlot(r.Method), of)
	addLogField(r.Context(), x)
	t.faults.log(x)
	if x.Stream != exchange.NoStream {
		t.metrics.streams[x.Stream].Dec()
		return
	}
	t.metrics.inFlight.Dec()
}

func (t *Telemetry) prepared(x *exchange.Exchange) *prepared {
	if x.Route != nil {
		if p, ok := x.Route.Series.(*prepared); ok {
			return p
		}
	}
	return t.metrics.unrouted
}

// count brings one exchange into the metrics.
func (t *Telemetry) count(p *prepared, x *exchange.Exchange, method int, span trace.SpanContext) {
	decisions := x.Decisions()
	for i := range decisions {
		if decisions[i].Response {
			if decisions[i].Policy == exchange.Validate {
				p.series.check(&decisions[i])
			}
			continue
		}
		t.metrics.decisions[decisions[i].Policy][decisions[i].Verdict].Inc()
	}
	status := statusOf(x)
	p.series.request(method, status)
	if p.promise != nil {
		p.promise.count(x, status)
	}
	if x.Deprecated != 0 {
		p.series.outdated(x.Deprecated)
	}
	if p.folded {
		t.metrics.dropped.Inc()
	}
	if x.Refusal != nil {
		p.series.rejection(x.Refusal.Reason)
	}
	times := p.series.times()
	if times == nil {
		return
	}
	times.bytes.Add(float64(x.Bytes))
	traceID := ""
	if span.IsSampled() {
		traceID = span.TraceID().String()
	}
	times.total.Observe(x.Total, traceID)
	times.own.Observe(x.Own, traceID)
	if x.Forwarded {
		times.upstream.Observe(x.Upstream(), traceID)
	}
	if x.Stream != exchange.NoStream {
		p.series.lived(x.Stream, x.Life, traceID)
	}
}

// statusOf returns the status that the client saw. Handlers that write nothing are
// answered for by net/http, with 200; a response cut off before it began has none, 0.
func statusOf(x *exchange.Exchange) int {
	if x.Status == 0 && !x.Aborted {
		return http.StatusOK
	}
	return x.Status
}
