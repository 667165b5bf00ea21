package telemetry

import (
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gateway/internal/problem"
)

func init() {
	caddy.RegisterModule(new(TracedTransport))
}

// TracedTransport is Caddy's transport "http", with a span of its own for each request
// to the service, below that of Caddy's "tracing". The service becomes a child of it,
// so that a trace tells the time in the service from that in the gateway, and one
// attempt from the next. It has the options of "http".
//
// Without "tracing", and in requests whose trace is not kept, it is that transport.
type TracedTransport struct {
	reverseproxy.HTTPTransport

	propagator propagation.TextMapPropagator
}

// CaddyModule implements caddy.Module.
func (*TracedTransport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.reverse_proxy.transport.traced", New: func() caddy.Module { return new(TracedTransport) }}
}

// Provision implements caddy.Provisioner. The context is propagated as "tracing" does
// it, in the formats that OTEL_PROPAGATORS names.
func (t *TracedTransport) Provision(ctx caddy.Context) error {
	t.propagator = autoprop.NewTextMapPropagator()
	return t.HTTPTransport.Provision(ctx)
}

// RoundTrip implements http.RoundTripper.
func (t *TracedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	parent := trace.SpanFromContext(r.Context())
	if !parent.IsRecording() {
		return t.HTTPTransport.RoundTrip(r)
	}
	method := methodLabels[methodSlot(r.Method)]
	name := method
	if methodSlot(r.Method) == otherMethod {
		method, name = semconv.HTTPRequestMethodOther.Value.AsString(), "HTTP"
	}
	t.SetScheme(r) // as the transport is about to do
	ctx, span := parent.TracerProvider().Tracer("gateway").Start(r.Context(), name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(clientAttributes(r, method)...))
	// A transport must not change the request (http.RoundTripper); the next attempt has
	// the header of this one.
	r = r.WithContext(ctx)
	r.Header = maps.Clone(r.Header)
	t.propagator.Inject(ctx, propagation.HeaderCarrier(r.Header))
	res, err := t.HTTPTransport.RoundTrip(r)
	if err != nil {
		fail(span, upstreamError(err))
		span.End()
		return nil, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(res.StatusCode))
	if res.StatusCode >= 400 { // of a client span, also those of clients
		fail(span, strconv.Itoa(res.StatusCode))
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		span.End() // what follows is no response
		return res, nil
	}
	res.Body = &tracedBody{ReadCloser: res.Body, span: span}
	return res, nil
}

// clientAttributes are those of the HTTP client span (OpenTelemetry semantic
// conventions). The query may hold secrets and is left out.
func clientAttributes(r *http.Request, method string) []attribute.KeyValue {
	url := *r.URL
	url.User, url.RawQuery, url.Fragment = nil, "", ""
	attributes := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(method),
		semconv.URLFull(url.String()),
	}
	if dial, ok := reverseproxy.GetDialInfo(r.Context()); ok {
		attributes = append(attributes, semconv.ServerAddress(dial.Host))
		if port, err := strconv.Atoi(dial.Port); err == nil {
			attributes = append(attributes, semconv.ServerPort(port))
		}
	}
	return attributes
}

// upstreamError is the word for a failed attempt: that of the reason which the client
// would be answered with.
func upstreamError(err error) string { return problem.UpstreamReason(err).Code }

func fail(span trace.Span, kind string) {
	span.SetAttributes(semconv.ErrorTypeKey.String(kind))
	span.SetStatus(codes.Error, "")
}

// tracedBody ends the span with the body of the response.
type tracedBody struct {
	io.ReadCloser
	span  trace.Span
	ended atomic.Bool
}

// Read implements io.Reader.
func (b *tracedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		if err != io.EOF {
			fail(b.span, upstreamError(err))
		}
		b.end()
	}
	return n, err
}

// Close implements io.Closer.
func (b *tracedBody) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

func (b *tracedBody) end() {
	if b.ended.CompareAndSwap(false, true) {
		b.span.End()
	}
}

var (
	_ caddy.Provisioner         = (*TracedTransport)(nil)
	_ caddy.CleanerUpper        = (*TracedTransport)(nil)
	_ caddyfile.Unmarshaler     = (*TracedTransport)(nil)
	_ http.RoundTripper         = (*TracedTransport)(nil)
	_ reverseproxy.TLSTransport = (*TracedTransport)(nil)
)
