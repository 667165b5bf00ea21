package telemetry

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gateway/internal/exchange"
)

// prepared is what is resolved for a route before its first request.
type prepared struct {
	series *series
	// folded tells that the route found no place among the series.
	folded bool
	// promise holds the objectives of the route's API; nil if there are none.
	promise *promise
	// method and name are the method of the route and the name of its spans.
	method, name string
	// attributes are those that all spans of the route have.
	attributes []attribute.KeyValue
}

// prepare resolves a route; nil stands for no route at all.
func prepare(s *series, route *exchange.Route) *prepared {
	p := &prepared{series: s}
	if route == nil {
		return p
	}
	p.attributes = []attribute.KeyValue{
		attribute.String("gateway.api", route.API),
		attribute.String("gateway.version", route.Version),
	}
	if route.Template == exchange.Other {
		return p
	}
	p.method, p.name = route.Method, route.Method+" "+route.Template
	p.attributes = append(p.attributes,
		semconv.HTTPRoute(route.Template),
		attribute.String("gateway.operation", route.Operation),
	)
	return p
}

// spanName names the span after the route, never after the path (OpenTelemetry HTTP
// semantic conventions, "Name"). It returns "" where there is no contract and whoever
// configured the span knows better.
func (p *prepared) spanName(method string) string {
	if p.attributes == nil {
		return ""
	}
	if p.name != "" && method == p.method {
		return p.name
	}
	if methodSlot(method) == otherMethod {
		method = "HTTP"
	}
	if p.name == "" {
		return method
	}
	return method + p.name[len(p.method):]
}

// describe writes the record of the request onto Caddy's span. The span's status
// stays with Caddy's tracing, which sets an error for 5xx and nothing else.
func (p *prepared) describe(span trace.Span, x *exchange.Exchange, method string) {
	if name := p.spanName(method); name != "" {
		span.SetName(name)
	}
	span.SetAttributes(p.attributes...)
	span.SetAttributes(
		attribute.String("gateway.request_id", strings.Clone(x.RequestID)),
		attribute.Float64("gateway.own_ms", milliseconds(x.Own)),
		attribute.Float64("gateway.upstream_ms", milliseconds(x.Upstream())),
	)
	if x.Stream != exchange.NoStream {
		span.SetAttributes(
			attribute.String("gateway.stream", x.Stream.String()),
			attribute.Float64("gateway.stream_ms", milliseconds(x.Life)),
		)
	}
	if x.Plan != "" {
		span.SetAttributes(attribute.String("gateway.plan", x.Plan))
	}
	if x.Refusal != nil {
		span.SetAttributes(attribute.String("gateway.reason", x.Refusal.Reason.Code))
	}
	// Policies run one after the other, so each ends when the sum of them says.
	end := x.Start
	for _, d := range x.Decisions() {
		end = end.Add(d.Took)
		span.AddEvent(d.Policy.String(), trace.WithTimestamp(end), trace.WithAttributes(eventAttributes(d)...))
	}
}

func eventAttributes(d exchange.Decision) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.String("gateway.verdict", d.Verdict.String()),
		attribute.Float64("gateway.ms", milliseconds(d.Took)),
	}
	if d.Response {
		attributes = append(attributes, attribute.Bool("gateway.response", true))
	}
	if d.Name != "" {
		attributes = append(attributes, attribute.String("gateway.name", d.Name))
	}
	if d.Refusal != nil {
		attributes = append(attributes, attribute.String("gateway.reason", d.Refusal.Reason.Code))
	}
	return attributes
}

// milliseconds is how durations read in spans and logs: to the microsecond.
func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
