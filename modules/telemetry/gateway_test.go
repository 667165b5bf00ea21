package telemetry_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metricscollector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"gateway/internal/gatewaytest"
)

// site is a Caddyfile with one API. The series of a process are shared by its
// gateways, so each test has an API with a name of its own.
func site(name, upstream, around, inside string) string {
	return fmt.Sprintf(":9464 {\n\tmetrics /metrics\n}\n\n:8080 {\n%s\tapi %s {\n\t\tcontract testdata/things\n%s\t\treverse_proxy %s\n\t}\n}\n",
		around, name, inside, upstream)
}

func upstream(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }

func TestEveryRequestIsMeasured(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site("measured", upstream(t, ok), "", "")).On(":8080")
	for _, request := range []string{"GET /v1/things/1", "GET /v1/things/2", "HEAD /v1/things/3", "GET /v1/things/x", "PUT /v1/things/1", "GET /v1/nothing"} {
		method, path, _ := strings.Cut(request, " ")
		gw.Do(method, path)
	}
	route := []string{"api", "measured", "version", "v1", "route", "/v1/things/{id}"}
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"gateway_requests_total", append(route, "method", "GET", "code", "200"), 2},
		{"gateway_requests_total", append(route, "method", "HEAD", "code", "200"), 1},
		{"gateway_requests_total", append(route, "method", "GET", "code", "400"), 1},
		{"gateway_requests_total", []string{"api", "measured", "version", "v1", "route", "_other", "method", "PUT", "code", "405"}, 1},
		{"gateway_requests_total", []string{"api", "measured", "version", "v1", "route", "_other", "method", "GET", "code", "404"}, 1},
		{"gateway_rejections_total", append(route, "reason", "schema.path"), 1},
		{"gateway_rejections_total", []string{"api", "measured", "reason", "route.method"}, 1},
		{"gateway_request_duration_seconds", route, 4},
		{"gateway_own_duration_seconds", route, 4},
		{"gateway_upstream_duration_seconds", route, 3},
	} {
		if got := gw.Metric(want.name, want.labels...); got != want.value {
			t.Errorf("%s%v = %v, want %v", want.name, want.labels, got, want.value)
		}
	}
}

func TestUpstreamFailuresHaveAReason(t *testing.T) {
	t.Parallel()
	cut := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	gw := gatewaytest.New(t, site("failing", cut, "", "")).On(":8080")
	func() {
		defer func() { _ = recover() }()
		gw.Do("GET", "/v1/things/1")
	}()
	if got := gw.Metric("gateway_rejections_total", "api", "failing", "reason", "upstream.reset"); got != 1 {
		t.Errorf("a cut response counts %v times as upstream.reset, want 1", got)
	}
}

func TestReloadsKeepCounting(t *testing.T) {
	t.Parallel()
	address := upstream(t, ok)
	gw := gatewaytest.New(t, site("reloaded", address, "", ""))
	const reloads = 20
	for range reloads {
		gw.On(":8080").Do("GET", "/v1/things/1")
		gw = gw.Reload(site("reloaded", address, "", ""))
	}
	if got := gw.Metric("gateway_requests_total", "api", "reloaded"); got != reloads {
		t.Errorf("requests after %d reloads = %v", reloads, got)
	}
	old := gw
	gw = gw.Reload(site("renamed", address, "", ""))
	old.On(":8080").Do("GET", "/v1/things/1") // the old config may still serve
	if got := gw.Metric("gateway_requests_total", "api", "reloaded"); got != 0 {
		t.Errorf("the api that is gone still has %v requests", got)
	}
}

func TestScrapeIsOpenMetrics(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site("scraped", upstream(t, ok), "", ""))
	gw.On(":8080").Do("GET", "/v1/things/1")
	res := gw.On(":9464").Do("GET", "/metrics", "Accept", "application/openmetrics-text; version=1.0.0")
	body := res.Body.String()
	if !strings.HasPrefix(res.Header().Get("Content-Type"), "application/openmetrics-text") || !strings.HasSuffix(body, "# EOF\n") {
		t.Errorf("the scrape is %s and ends %q", res.Header().Get("Content-Type"), body[max(0, len(body)-20):])
	}
	want := `gateway_requests_total{api="scraped",code="200",method="GET",route="/v1/things/{id}",version="v1"} 1.0`
	if !strings.Contains(body, want+"\n") {
		t.Errorf("the scrape has no line %s", want)
	}
}

// attack is text of clients that wants to be a log line of its own.
const attack = "/v1/things/1%0a{%22level%22:%22info%22}?q=%0aforged"

func TestAccessLogHasTheRecord(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "access.log")
	logs := "\tlog {\n\t\toutput file " + file + "\n\t\tformat json\n\t}\n"
	gw := gatewaytest.New(t, site("logged", upstream(t, ok), logs, "\t\tratelimit 1/1h\n")).On(":8080")
	for _, target := range []string{"/v1/things/1", attack, "/v1/things/1", "/v1/nothing"} {
		gw.Do("GET", target)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		var line struct {
			Status  int             `json:"status"`
			Gateway json.RawMessage `json:"gateway"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("not a line of JSON: %v: %s", err, scanner.Text())
		}
		fmt.Fprintf(&got, "%d %s\n", line.Status, line.Gateway)
	}
	text = regexp.MustCompile(`ms":[0-9.e-]+`).ReplaceAll([]byte(got.String()), []byte(`ms":0.1`))
	text = regexp.MustCompile(`"request_id":"[0-9a-f-]{36}"`).ReplaceAll(text, []byte(`"request_id":"…"`))
	gatewaytest.Golden(t, filepath.FromSlash("testdata/access.golden"), text)
}

// receiver is an OTLP collector.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []*trace.Span
	metrics map[string]int // data points by name
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	rec := receiver{metrics: make(map[string]int)}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		rec.mu.Lock()
		defer rec.mu.Unlock()
		if err == nil {
			switch r.URL.Path {
			case "/v1/traces":
				err = rec.takeSpans(body)
			case "/v1/metrics":
				err = rec.takeMetrics(body)
			default:
				err = errors.ErrUnsupported
			}
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(rec.Close)
	return &rec
}

func (rec *receiver) takeSpans(body []byte) error {
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return err
	}
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			rec.spans = append(rec.spans, scope.GetSpans()...)
		}
	}
	return nil
}

func (rec *receiver) takeMetrics(body []byte) error {
	var request metricscollector.ExportMetricsServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return err
	}
	for _, resource := range request.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				rec.metrics[m.GetName()] += len(m.GetSum().GetDataPoints()) + len(m.GetGauge().GetDataPoints()) +
					len(m.GetHistogram().GetDataPoints()) + len(m.GetExponentialHistogram().GetDataPoints())
			}
		}
	}
	return nil
}

func attributes(span *trace.Span) map[string]string {
	m := make(map[string]string)
	for _, a := range span.GetAttributes() {
		m[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return m
}

// TestTracesReachACollector is not parallel: Caddy's tracing is configured by
// variables of the environment, and its provider serves the whole process.
func TestTracesReachACollector(t *testing.T) {
	rec := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", rec.URL)
	var parent string
	gw := gatewaytest.New(t, site("traced", upstream(t, func(w http.ResponseWriter, r *http.Request) {
		parent = r.Header.Get("Traceparent")
		ok(w, r)
	}), "\ttracing\n", ""))
	res := gw.On(":8080").Do("GET", "/v1/things/1?access_token=s3cret", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	exemplars := gw.On(":9464").Do("GET", "/metrics", "Accept", "application/openmetrics-text").Body.String()
	gw.Close() // sends what is left

	if len(rec.spans) != 1 {
		t.Fatalf("the collector has %d spans, want 1", len(rec.spans))
	}
	span := rec.spans[0]
	if span.GetName() != "GET /v1/things/{id}" {
		t.Errorf("the span is named %q", span.GetName())
	}
	traceID, spanID := fmt.Sprintf("%x", span.GetTraceId()), fmt.Sprintf("%x", span.GetSpanId())
	if traceID != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the trace is %s, not the caller's", traceID)
	}
	if want := "00-" + traceID + "-" + spanID + "-01"; parent != want {
		t.Errorf("the service sees traceparent %q, want %q", parent, want)
	}
	if text := span.String(); strings.Contains(text, "s3cret") {
		t.Errorf("the span has the token of the query: %s", text)
	}
	got := attributes(span)
	want := map[string]string{
		"http.request.method": "GET", "url.path": "/v1/things/1", "url.scheme": "http", "http.route": "/v1/things/{id}", "gateway.api": "traced", "gateway.version": "v1",
		"gateway.operation": "getThing", "gateway.request_id": res.Header().Get("X-Request-Id"),
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			delete(got, key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	var events []string
	for _, event := range span.GetEvents() {
		events = append(events, event.GetName())
	}
	if got := strings.Join(events, " "); got != "versioning api validate" {
		t.Errorf("the events are %s, want the policies in their order", got)
	}
	if !regexp.MustCompile(`(?m)^gateway_request_duration_seconds_bucket\{api="traced",.*# \{trace_id="` + traceID + `"\}`).MatchString(exemplars) {
		t.Error("no bucket has the trace as its exemplar")
	}
}
