package telemetry_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
)

// streaming is a service that opens an event stream under path 2 and a WebSocket under
// all others, and ends it when the client has gone.
func streaming(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/things/2" {
		w.Header().Set("Content-Type", "Text/Event-Stream; charset=utf-8")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
	_ = rw.Flush()
	_, _ = io.Copy(conn, rw) // an echo
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come true", what)
		}
	}
}

// opened sends a request and reads the beginning of its response.
func opened(t *testing.T, address, path, upgrade string, want int) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n", path)
	if upgrade != "" {
		fmt.Fprintf(conn, "Connection: Upgrade\r\nUpgrade: %s\r\n", upgrade)
	}
	fmt.Fprint(conn, "\r\n")
	lines := bufio.NewReader(conn)
	if res, err := http.ReadResponse(lines, nil); err != nil || res.StatusCode != want {
		t.Fatalf("%s %s: %v, %v", path, upgrade, res, err)
	}
	return conn, lines
}

// TestStreamsAreCountedApart is not parallel: open streams are counted for the whole
// process.
func TestStreamsAreCountedApart(t *testing.T) {
	gw := gatewaytest.New(t, site("streamed", upstream(t, streaming), "", "")).On(":8080")
	front := httptest.NewServer(gw)
	defer front.Close()
	address := front.Listener.Addr().String()
	for _, test := range []struct {
		kind, path, upgrade string
		status              int
	}{
		{"websocket", "/v1/things/1", "websocket", 101},
		{"sse", "/v1/things/2", "", 200},
	} {
		t.Run(test.kind, func(t *testing.T) {
			requests, bytes := gw.Metric("gateway_requests_total", "api", "streamed"), gw.Metric("gateway_response_bytes_total", "api", "streamed")
			conn, lines := opened(t, address, test.path, test.upgrade, test.status)
			eventually(t, "one open "+test.kind, func() bool { return gw.Metric("gateway_streams_in_flight", "kind", test.kind) == 1 })
			if got := gw.Metric("gateway_requests_in_flight"); got != 0 {
				t.Errorf("%v requests are in flight, but the only one has its answer", got)
			}
			want := 9.0 // of the event, without the framing
			if test.upgrade != "" {
				want = 13
				fmt.Fprint(conn, "still there?\n")
				if line, err := lines.ReadString('\n'); line != "still there?\n" {
					t.Fatalf("the echo is %q, %v", line, err)
				}
			}
			_ = conn.Close()
			eventually(t, "the end", func() bool { return gw.Metric("gateway_requests_total", "api", "streamed") == requests+1 })
			eventually(t, "no open "+test.kind, func() bool { return gw.Metric("gateway_streams_in_flight", "kind", test.kind) == 0 })
			if got := gw.Metric("gateway_stream_duration_seconds", "api", "streamed", "route", "/v1/things/{id}", "kind", test.kind); got != 1 {
				t.Errorf("%v streams have ended, want 1", got)
			}
			if got := gw.Metric("gateway_response_bytes_total", "api", "streamed") - bytes; got != want {
				t.Errorf("%v bytes went to the client, want %v", got, want)
			}
			if got := gw.Metric("gateway_requests_in_flight"); got != 0 {
				t.Errorf("%v requests are in flight after the end", got)
			}
		})
	}
}
