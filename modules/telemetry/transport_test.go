package telemetry_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"gateway/internal/gatewaytest"
)

// toward is a site whose requests to the service have spans.
func toward(name, upstream, tracing string) string {
	return ":8080 {\n" + tracing + "\tapi " + name + " {\n\t\tcontract testdata/things\n\t\tratelimit {\n\t\t\tquota 1000/1s\n\t\t}\n\t\treverse_proxy " + upstream +
		" {\n\t\t\ttransport traced {\n\t\t\t\tresponse_header_timeout 5s\n\t\t\t}\n\t\t}\n\t}\n}\n"
}

// exporting sends spans to a collector, as Caddy's tracing is configured: by variables
// of the environment, for the whole process. Tests that use it are not parallel.
func exporting(t *testing.T) *receiver {
	t.Helper()
	rec := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", rec.URL)
	return rec
}

// number returns an attribute that is an integer.
func number(span *trace.Span, key string) int64 {
	for _, a := range span.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetIntValue()
		}
	}
	return -1
}

func TestRequestsToTheServiceHaveASpan(t *testing.T) {
	rec := exporting(t)
	var parents []string
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		parents = append(parents, r.Header["Traceparent"]...)
		switch r.URL.Path {
		case "/v1/things/2":
			w.WriteHeader(http.StatusNotFound)
		case "/v1/things/3":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		default:
			ok(w, r)
		}
	})
	gw := gatewaytest.New(t, toward("outward", address, "\ttracing\n")).On(":8080")
	for id := 1; id <= 3; id++ {
		func() {
			defer func() { _ = recover() }()
			gw.Do("GET", fmt.Sprintf("/v1/things/%d?access_token=s3cret", id))
		}()
	}
	refusing := gatewaytest.New(t, toward("nowhere", "127.0.0.1:1", "\ttracing\n")).On(":8080")
	refusing.Do("GET", "/v1/things/4")
	refusing.Close()
	gw.Close() // sends what is left

	servers, clients := make(map[string]*trace.Span), []*trace.Span(nil)
	for _, span := range rec.spans {
		if strings.Contains(span.String(), "s3cret") {
			t.Errorf("a span has the token of the query: %s", span)
		}
		if span.GetKind() == trace.Span_SPAN_KIND_CLIENT {
			clients = append(clients, span)
			continue
		}
		servers[string(span.GetSpanId())] = span
	}
	if len(clients) != 4 || len(servers) != 4 {
		t.Fatalf("%d spans of requests to services in %d of requests, want 4 in 4", len(clients), len(servers))
	}
	slices.SortFunc(clients, func(a, b *trace.Span) int {
		return strings.Compare(attributes(a)["url.full"], attributes(b)["url.full"])
	})
	host, _, _ := strings.Cut(address, ":")
	for i, want := range []struct {
		url, server, failure string
		status               int64
	}{
		{"http://127.0.0.1:1/v1/things/4", "127.0.0.1", "upstream.refused", -1},
		{"http://" + address + "/v1/things/1", host, "", 200},
		{"http://" + address + "/v1/things/2", host, "404", 404},
		{"http://" + address + "/v1/things/3", host, "upstream.reset", 200},
	} {
		span := clients[i]
		got := attributes(span)
		parent := servers[string(span.GetParentSpanId())]
		if parent == nil || string(parent.GetTraceId()) != string(span.GetTraceId()) {
			t.Errorf("%s is no child of a request", want.url)
		} else if parent.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR && want.status == 404 {
			t.Error("a 404 is an error of the server's span")
		}
		if span.GetName() != "GET" || got["http.request.method"] != "GET" || got["url.full"] != want.url || got["server.address"] != want.server {
			t.Errorf("%s: the span is %s %v", want.url, span.GetName(), got)
		}
		if got["error.type"] != want.failure || (span.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR) != (want.failure != "") {
			t.Errorf("%s: error.type %q, status %v, want %q", want.url, got["error.type"], span.GetStatus(), want.failure)
		}
		if number(span, "http.response.status_code") != want.status || number(span, "server.port") <= 0 {
			t.Errorf("%s: status %d at port %d", want.url, number(span, "http.response.status_code"), number(span, "server.port"))
		}
		if own := fmt.Sprintf("-%x-01", span.GetSpanId()); want.status > 0 && !slices.ContainsFunc(parents, func(p string) bool { return strings.HasSuffix(p, own) }) {
			t.Errorf("%s: no request to the service is a child of the span: %v", want.url, parents)
		}
	}
	for i, p := range parents {
		if slices.Contains(parents[i+1:], p) || len(parents) != 3 {
			t.Errorf("the service sees %v, want one parent for each request", parents)
		}
	}
}

func TestTheTracedTransportWorksWithoutTracing(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, toward("untraced", upstream(t, ok), "")).On(":8080")
	if res := gw.Do("GET", "/v1/things/1"); res.Code != 200 || res.Body.String() != "{}" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
}

func TestWebSocketsPassTheTracedTransport(t *testing.T) {
	rec := exporting(t)
	gw := gatewaytest.New(t, toward("tunnelled", upstream(t, streaming), "\ttracing\n")).On(":8080")
	front := httptest.NewServer(gw)
	conn, lines := opened(t, front.Listener.Addr().String(), "/v1/things/1", "websocket", 101)
	fmt.Fprint(conn, "hello\n")
	if line, err := lines.ReadString('\n'); line != "hello\n" {
		t.Errorf("the echo is %q, %v", line, err)
	}
	_ = conn.Close()
	front.Close()
	eventually(t, "the end", func() bool { return gw.Metric("gateway_requests_total", "api", "tunnelled") == 1 })
	gw.Close()
	if len(rec.spans) != 2 {
		t.Errorf("%d spans, want one of the request and one of that to the service", len(rec.spans))
	}
}

func TestPlansAreInTheSpan(t *testing.T) {
	rec := exporting(t)
	limit := "\t\tratelimit {\n\t\t\tquota 10/1s\n\t\t\ttier {http.vars.plan} {\n\t\t\t\tgold 100/1s\n\t\t\t}\n\t\t}\n"
	gw := gatewaytest.New(t, site("planned", upstream(t, ok), "\ttracing\n\tvars plan {query.plan}\n", limit)).On(":8080")
	for _, plan := range []string{"gold", "invented"} {
		gw.Do("GET", "/v1/things/1?plan="+plan)
	}
	gw.Close()
	if len(rec.spans) != 2 {
		t.Fatalf("%d spans, want 2", len(rec.spans))
	}
	var plans []string
	for _, span := range rec.spans {
		plans = append(plans, attributes(span)["gateway.plan"])
	}
	if slices.Sort(plans); !slices.Equal(plans, []string{"", "gold"}) {
		t.Errorf("the plans are %q, want gold, and nothing for one that no tier lists", plans)
	}
}

// TestMetricsArePushed: what the gateway registers is what Caddy's option otlp sends.
func TestMetricsArePushed(t *testing.T) {
	rec := exporting(t)
	t.Setenv("OTEL_METRICS_EXPORTER", "otlp")
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "50")
	gw := gatewaytest.New(t, "{\n\tmetrics {\n\t\totlp\n\t}\n}\n"+site("pushed", upstream(t, ok), "", "")).On(":8080")
	gw.Do("GET", "/v1/things/1")
	eventually(t, "a push", func() bool {
		rec.mu.Lock()
		defer rec.mu.Unlock()
		return rec.metrics["gateway_requests_total"]+rec.metrics["gateway_requests"] > 0 && rec.metrics["gateway_request_duration_seconds"] > 0
	})
}
