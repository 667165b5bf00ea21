package telemetry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// traced serves one exchange inside a span as Caddy's tracing makes it, and returns
// the span as an exporter sees it.
func traced(t *testing.T, b bench, sampler sdktrace.Sampler, method string, x *exchange.Exchange) tracetest.SpanStubs {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter), sdktrace.WithSampler(sampler))
	ctx, span := provider.Tracer("test").Start(context.Background(), "handler")
	r := httptest.NewRequest(http.MethodGet, "/v1/orders/7?access_token=s3cret", nil).WithContext(ctx)
	r.Method, x.Traced = method, true
	b.serve(x, r)
	span.End()
	return exporter.GetSpans()
}

func attributesOf(attributes []attribute.KeyValue) map[string]any {
	m := make(map[string]any)
	for _, a := range attributes {
		m[string(a.Key)] = a.Value.AsInterface()
	}
	return m
}

func TestSpanTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	b := newBench(t, maxRoutes)
	route := ordersRoute()
	b.Prepare(route)
	x := refused(route, exchange.RateLimit, problem.New(problem.LimitExceeded))
	spans := traced(t, b, sdktrace.AlwaysSample(), "GET", x)
	if len(spans) != 1 {
		t.Fatalf("%d spans, want 1", len(spans))
	}
	span := spans[0]
	if span.Name != "GET /v1/orders/{id}" {
		t.Errorf("the span is named %q", span.Name)
	}
	want := map[string]any{
		"http.route":          "/v1/orders/{id}",
		"gateway.api":         "orders",
		"gateway.version":     "v1",
		"gateway.operation":   "getOrder",
		"gateway.request_id":  x.RequestID,
		"gateway.reason":      "limit.exceeded",
		"gateway.own_ms":      1.0,
		"gateway.upstream_ms": 0.0,
	}
	if diff := cmp.Diff(want, attributesOf(span.Attributes)); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if len(span.Events) != 1 || span.Events[0].Name != "ratelimit" {
		t.Fatalf("events are %v, want one for ratelimit", span.Events)
	}
	event := attributesOf(span.Events[0].Attributes)
	if event["gateway.verdict"] != "refused" || event["gateway.reason"] != "limit.exceeded" {
		t.Errorf("the event says %v", event)
	}
	if end := x.Start.Add(x.Decisions()[0].Took); !span.Events[0].Time.Equal(end) {
		t.Errorf("the event is at %v, want the end of the step, %v", span.Events[0].Time, end)
	}
	if span.Status.Code != 0 {
		t.Errorf("the status is %v, want it left to Caddy's tracing", span.Status)
	}
}

func TestSpanNames(t *testing.T) {
	t.Parallel()
	unmatched := &exchange.Route{API: "orders", Version: "v1", Template: exchange.Other}
	tests := map[string]struct {
		route  *exchange.Route
		method string
		want   string
	}{
		"the route's method":                 {ordersRoute(), "GET", "GET /v1/orders/{id}"},
		"another known method":               {ordersRoute(), "HEAD", "HEAD /v1/orders/{id}"},
		"an unknown method":                  {ordersRoute(), "X<script>", "HTTP /v1/orders/{id}"},
		"no operation":                       {unmatched, "GET", "GET"},
		"no operation or method":             {unmatched, "BREW", "HTTP"},
		"no contract, named by the operator": {nil, "GET", "handler"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, maxRoutes)
			if test.route != nil {
				b.Prepare(test.route)
			}
			spans := traced(t, b, sdktrace.AlwaysSample(), test.method, answered(test.route, 200))
			if len(spans) != 1 || spans[0].Name != test.want {
				t.Errorf("spans are %v, want one named %q", spans, test.want)
			}
			if got, ok := attributesOf(spans[0].Attributes)["http.route"]; ok && got == exchange.Other {
				t.Error("http.route is set for a request that matched none")
			}
		})
	}
}

func TestExemplarsOfSampledTracesOnly(t *testing.T) {
	t.Parallel()
	for name, sampler := range map[string]sdktrace.Sampler{
		"sampled": sdktrace.AlwaysSample(), "dropped": sdktrace.NeverSample(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, maxRoutes)
			spans := traced(t, b, sampler, "GET", answered(nil, 200))
			var want trace.TraceID
			if len(spans) == 1 {
				want = spans[0].SpanContext.TraceID()
			}
			for _, family := range []string{"gateway_request_duration_seconds", "gateway_own_duration_seconds", "gateway_upstream_duration_seconds"} {
				var got []string
				for _, bucket := range b.gather(t)[family].GetMetric()[0].GetHistogram().GetBucket() {
					for _, pair := range bucket.GetExemplar().GetLabel() {
						got = append(got, pair.GetName()+"="+pair.GetValue())
					}
				}
				switch {
				case len(spans) == 0 && len(got) > 0:
					t.Errorf("%s has exemplars of a trace nobody kept: %v", family, got)
				case len(spans) == 1 && (len(got) != 1 || got[0] != "trace_id="+want.String()):
					t.Errorf("%s has exemplars %v, want trace_id=%s", family, got, want)
				}
			}
		})
	}
}

func TestMilliseconds(t *testing.T) {
	t.Parallel()
	if got := milliseconds(1234567 * time.Nanosecond); got != 1.234 {
		t.Errorf("milliseconds = %v, want 1.234", got)
	}
}
