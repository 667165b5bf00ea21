package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
)

// wire serves the gateway on a socket, in front of a service.
func wire(t *testing.T, service http.HandlerFunc) (gw *gatewaytest.Gateway, address string) {
	t.Helper()
	upstream := httptest.NewServer(service)
	t.Cleanup(upstream.Close)
	gw = gatewaytest.New(t, fmt.Sprintf(":8080 {\n\tapi orders {\n\t\tcontract testdata/orders\n\t\tauth off\n\t\treverse_proxy %s\n\t}\n}\n",
		strings.TrimPrefix(upstream.URL, "http://")))
	front := httptest.NewServer(gw)
	t.Cleanup(front.Close)
	return gw, strings.TrimPrefix(front.URL, "http://")
}

func TestEventStreamsFlowAsTheyCome(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	_, address := wire(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		w.(http.Flusher).Flush()
		<-release
		_, _ = io.WriteString(w, "data: second\n\n")
	})
	res, err := http.Get("http://" + address + "/v1/orders")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "data: first\n" {
		t.Fatalf("got %q, %v before the stream ended", line, err)
	}
	close(release)
	if rest, err := io.ReadAll(lines); err != nil || !strings.Contains(string(rest), "second") {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestUpgradesReachTheService(t *testing.T) {
	t.Parallel()
	_, address := wire(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString("echo " + line)
		_ = rw.Flush()
	})
	for protocol, want := range map[string]string{"websocket": "101", "h2c": "418"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(conn, "GET /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
		reader := bufio.NewReader(conn)
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(res.Status, want) {
			t.Errorf("%s: got %s, want %s", protocol, res.Status, want)
		}
		if want == "101" {
			fmt.Fprint(conn, "hello\n")
			if line, err := reader.ReadString('\n'); line != "echo hello\n" {
				t.Errorf("the tunnel says %q, %v", line, err)
			}
		}
	}
}

func TestHalfAnAnswerNeverLooksWhole(t *testing.T) {
	t.Parallel()
	gw, address := wire(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	res, err := http.Get("http://" + address + "/v1/orders")
	if err == nil {
		defer res.Body.Close()
		if _, err = io.ReadAll(res.Body); err == nil {
			t.Error("the client believes that it has all of it")
		}
	}
	if got := gw.Metric("gateway_rejections_total", "reason", "upstream.reset"); got < 1 {
		t.Errorf("upstream.reset is counted %v times", got)
	}
}

func TestFailuresOfTheServiceHaveNames(t *testing.T) {
	t.Parallel()
	slow := make(chan struct{})
	t.Cleanup(func() { close(slow) })
	for code, answer := range map[string]string{
		"upstream.timeout":      silence,
		"upstream.reset":        "",
		"upstream.bad_response": "SMTP ready\r\n\r\n",
	} {
		gw := gatewaytest.New(t, fmt.Sprintf(`:8080 {
	api orders {
		contract testdata/orders
		auth off
		reverse_proxy %s {
			transport http {
				response_header_timeout 200ms
			}
		}
	}
}
`, raw(t, answer, slow)))
		res := gw.Do("GET", "/v1/orders")
		if p := res.Problem(); p.Code != code || p.Status != res.Code {
			t.Errorf("%s: got %d %s", code, res.Code, res.Body)
		}
	}
}

const silence = "silence"

// raw is a service that answers with the given bytes and hangs up, or never answers.
func raw(t *testing.T, answer string, slow <-chan struct{}) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				if answer == silence {
					<-slow
					return
				}
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return listener.Addr().String()
}

func TestTheServiceSeesNoFictionAboutTheClient(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	_, address := wire(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header })
	req, err := http.NewRequest("GET", "http://"+address+"/v1/orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "X-HTTP-Method-Override", "X-Original-URL", "X-Request-Id", "API-Version"} {
		req.Header.Set(field, "fiction")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for field, values := range <-seen {
		if strings.Contains(strings.Join(values, ","), "fiction") {
			t.Errorf("%s: %q reached the service", field, values)
		}
	}
}
