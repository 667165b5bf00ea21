package telemetry

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(TraceContext{})
}

// TraceContext stands before Caddy's "tracing", where the adapter puts it. OpenTelemetry
// takes the first of several traceparent fields; by the standard (W3C Trace Context
// §3.2.1, §4.1) they are invalid and a new trace begins, without the tracestate.
type TraceContext struct{}

// CaddyModule implements caddy.Module.
func (TraceContext) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.trace_context", New: func() caddy.Module { return new(TraceContext) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (TraceContext) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if len(r.Header["Traceparent"]) > 1 {
		delete(r.Header, "Traceparent")
		delete(r.Header, "Tracestate")
	}
	return next.ServeHTTP(w, r)
}

var _ caddyhttp.MiddlewareHandler = TraceContext{}
