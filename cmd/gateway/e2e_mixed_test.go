package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gateway/internal/freeport"
)

// mixedFor is how long the mixed traffic lasts; the real proof takes five minutes.
const (
	mixedVariable = "GATEWAY_MIXED_TRAFFIC"
	mixedFor      = 8 * time.Second
)

const mixedContract = `openapi: 3.1.0
info: {title: Mixed, version: "1"}
security: [{token: []}]
paths:
  /items/{id}:
    get:
      operationId: getItem
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: The item}}
  /items:
    post:
      operationId: addItem
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [name], properties: {name: {type: string, maxLength: 20}}}
      responses: {"201": {description: Added}}
  /slow:
    get: {operationId: slow, security: [], responses: {"200": {description: After a while}}}
  /events:
    get: {operationId: events, security: [], responses: {"200": {description: Events}}}
  /socket:
    get: {operationId: socket, security: [], responses: {"101": {description: A WebSocket}}}
components:
  securitySchemes:
    token: {type: http, scheme: bearer, bearerFormat: JWT}
`

const mixedConfig = `{
	admin {$CADDY_ADMIN}
	gateway {
		console 127.0.0.1:CONSOLE
	}
}
:{$METRICS_PORT} {
	metrics /metrics
}
:{$GATEWAY_PORT} {
	log {
		output file LOG {
			roll_disabled
		}
	}
	api mixed {
		contract CONTRACT
		auth {$ISSUER} {
			audience orders
		}
		ratelimit {
			policy tenants {
				quota 100/1d
				key {header.X-Tenant}
				missing skip
			}
		}
		reverse_proxy {$ORDERS_UPSTREAM}
	}
}
`

// mixedService is what stands behind.
func mixedService(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/slow"):
		select {
		case <-r.Context().Done():
		case <-time.After(80 * time.Millisecond):
		}
	case strings.HasSuffix(r.URL.Path, "/broken"):
		panic(http.ErrAbortHandler)
	case strings.HasSuffix(r.URL.Path, "/events"):
		w.Header().Set("Content-Type", "text/event-stream")
		for n := range 3 {
			_, _ = fmt.Fprintf(w, "data: %d\n\n", n)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	case strings.HasSuffix(r.URL.Path, "/socket"):
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
	default:
		_, _ = io.WriteString(w, "an item")
	}
}

// mixed is the traffic and what its clients got.
type mixed struct {
	*process
	token string

	mu  sync.Mutex
	got totals
	cut int // requests that their client gave up
}

func (m *mixed) count(status int, reason string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got.status[strconv.Itoa(status)]++
	if reason != "" {
		m.got.reason[reason]++
	}
}

// traffic has the kinds of requests.
var traffic = []func(m *mixed, c *http.Client, n int) error{
	func(m *mixed, c *http.Client, n int) error {
		return m.ask(c, "GET", fmt.Sprintf("/items/%d", n), true, "")
	},
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "POST", "/items", true, `{"name":"tea"}`) },
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "POST", "/items", true, `{"nome":"tea"}`) },
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "GET", "/items/1", false, "") },
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "GET", "/nothing/here", true, "") },
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "DELETE", "/items/1", true, "") },
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "GET", "/items/..%2f1", true, "") },
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "GET", "/items/broken", true, "") },
	func(m *mixed, c *http.Client, n int) error {
		return m.ask(c, "GET", "/items/1", true, "", "X-Tenant", "greedy")
	},
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "GET", "/slow", false, "") },
	func(m *mixed, c *http.Client, n int) error { return m.ask(c, "GET", "/events", false, "") },
	func(m *mixed, _ *http.Client, _ int) error { return m.socket() },
	func(m *mixed, c *http.Client, _ int) error { return m.giveUp(c) },
}

// ask sends a request and counts the answer.
func (m *mixed) ask(c *http.Client, method, path string, known bool, body string, header ...string) error {
	r, err := http.NewRequest(method, "http://"+m.api+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if known {
		r.Header.Set("Authorization", m.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var problem struct{ Code string }
	if response.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal(text, &problem); err != nil {
			return err
		}
	}
	m.count(response.StatusCode, problem.Code)
	return nil
}

// socket opens a WebSocket, sends something, gets it back, and closes it.
func (m *mixed) socket() error {
	conn, err := net.Dial("tcp", m.api)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	lines := bufio.NewReader(conn)
	response, err := http.ReadResponse(lines, nil)
	if err != nil {
		return err
	}
	fmt.Fprint(conn, "hello\n")
	if line, err := lines.ReadString('\n'); err != nil || line != "hello\n" {
		return fmt.Errorf("the WebSocket says %q, %v", line, err)
	}
	m.count(response.StatusCode, "")
	return nil
}

// giveUp goes away before the answer comes.
func (m *mixed) giveUp(c *http.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+m.api+"/slow", nil)
	if err != nil {
		return err
	}
	sent := false
	r = r.WithContext(traced(ctx, &sent))
	response, err := c.Do(r)
	if err == nil { // the machine was slow
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err == nil {
			m.count(response.StatusCode, "")
			return nil
		}
	}
	if sent {
		m.mu.Lock()
		m.cut++
		m.mu.Unlock()
	}
	return nil
}

// run sends traffic for a while.
func (m *mixed) run(during time.Duration) {
	var group sync.WaitGroup
	end := time.Now().Add(during)
	for worker := range 8 {
		c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: patience}
		rng := rand.New(rand.NewPCG(uint64(worker), 1))
		group.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				if err := traffic[rng.IntN(len(traffic))](m, c, n); err != nil {
					m.t.Error(err)
					return
				}
				time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
			}
			c.CloseIdleConnections()
		})
	}
	group.Wait()
}

// TestMixedTraffic: after good, bad and slow requests, WebSockets and event streams, the
// clients, the metrics, the access log and the console have counted the same.
func TestMixedTraffic(t *testing.T) {
	t.Parallel()
	during := mixedFor
	if text := os.Getenv(mixedVariable); text != "" {
		var err error
		if during, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s has to be a duration such as 5m: %v", mixedVariable, err)
		}
	}
	service := httptest.NewUnstartedServer(http.HandlerFunc(mixedService))
	service.Config.ErrorLog = quiet
	service.Start()
	t.Cleanup(service.Close)
	w := newWorld(t)
	dir, console := t.TempDir(), freeport.Port(t)
	contract, accessLog := filepath.Join(dir, "mixed.yaml"), filepath.Join(dir, "access.log")
	config := strings.NewReplacer("CONTRACT", contract, "LOG", accessLog, "CONSOLE", strconv.Itoa(console)).Replace(mixedConfig)
	for name, text := range map[string]string{contract: mixedContract, filepath.Join(dir, "Caddyfile"): config} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, startOptions{config: filepath.Join(dir, "Caddyfile"), upstream: strings.TrimPrefix(service.URL, "http://"), issuer: w.issuerURL})
	m := &mixed{process: p, token: w.token(t, "reader", nil), got: newTotals()}
	p.waitFor("the issuer's keys", func() bool {
		before := m.got.status["200"]
		return m.ask(http.DefaultClient, "GET", "/items/1", true, "") == nil && m.got.status["200"] > before
	})
	m.run(during)
	p.waitFor("the last request to end", func() bool {
		return p.metric("gateway_requests_in_flight") == 0 && p.metric("gateway_streams_in_flight") == 0
	})
	m.compare(t, accessLog, console)
}

// traced tells when a request has been sent: one that is given up before that never was.
func traced(ctx context.Context, sent *bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { *sent = info.Err == nil },
	})
}

// quiet is for services that break on purpose.
var quiet = log.New(io.Discard, "", 0)
