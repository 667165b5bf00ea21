package telemetry_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// ask sends the fields as they stand, white space included, and waits for the response.
func ask(t *testing.T, address string, fields [][2]string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := "GET /v1/things/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	for _, field := range fields {
		request += field[0] + ":" + field[1] + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200 ") {
		t.Fatalf("the answer is %q, %v", text, err)
	}
}

// TestTraceContext sends the cases of the W3C's own harness. It is not parallel, as
// TestTracesReachACollector is not.
func TestTraceContext(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(gatewaytest.Testdata(t, "trace-context"), "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID      string
			Headers [][2]string
			Expect  map[string]any
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", newReceiver(t).URL)
	var got http.Header
	gw := gatewaytest.New(t, site("context", upstream(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header; ok(w, r) }), "\ttracing\n", "")).On(":8080")
	front := httptest.NewServer(gw)
	defer front.Close()
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			got = nil
			ask(t, front.Listener.Addr().String(), v.Headers)
			parent := got["Traceparent"]
			if len(parent) != 1 || !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`).MatchString(parent[0]) {
				t.Fatalf("the service sees traceparent %q", parent)
			}
			part := strings.Split(parent[0], "-")
			for key, want := range v.Expect {
				switch key {
				case "trace_id":
					if part[1] != want {
						t.Errorf("trace %s, want %s", part[1], want)
					}
				case "trace_id_not":
					if slices.Contains(want.([]any), any(part[1])) {
						t.Errorf("trace %s is taken over", part[1])
					}
				case "parent_id_not":
					if part[2] == want {
						t.Errorf("parent %s is taken over", part[2])
					}
				case "single_valid_traceparent": // above
				default:
					t.Errorf("the vector expects %s, which is not looked at", key)
				}
			}
		})
	}
}
