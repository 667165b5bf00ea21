package api_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// Budgets in allocations, on top of bare Caddy with reverse_proxy or respond. What
// is refused last has been identified and counted before, so it costs what these
// steps cost too.
const (
	budgetAccepted    = 15
	budgetRefused     = 8
	budgetRefusedLast = 10
)

// discard is a response writer that keeps nothing, so that only the gateway's
// allocations count.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// canned is a service that answers every request with the same bytes and allocates
// nothing meanwhile, because it runs in the process that is measured.
func canned(t testing.TB) string {
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
			go answer(conn)
		}
	}()
	return listener.Addr().String()
}

func answer(conn net.Conn) {
	defer conn.Close()
	response := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	end := []byte("\r\n\r\n")
	buf := make([]byte, 16<<10)
	for n := 0; ; {
		read, err := conn.Read(buf[n:])
		if err != nil {
			return
		}
		if n += read; bytes.HasSuffix(buf[:n], end) {
			if _, err := conn.Write(response); err != nil {
				return
			}
			n = 0
		}
	}
}

// serve returns a function that serves one request as a server would see it.
func serve(gw http.Handler, method, path string, header http.Header) func() {
	return func() {
		r := httptest.NewRequest(method, path, nil)
		for key, values := range header {
			r.Header[key] = values
		}
		gw.ServeHTTP(&discard{make(http.Header, 8)}, r)
	}
}

// scene is bare Caddy and the whole gateway in front of one service.
type scene struct {
	bare, full *gatewaytest.Gateway
	token      string
}

func newScene(t testing.TB) scene {
	t.Helper()
	issuer := gatewaytest.NewIssuer(t)
	service := canned(t)
	return scene{
		bare: gatewaytest.New(t, fmt.Sprintf(":8080 {\n\treverse_proxy %s\n}\n", service)),
		full: gatewaytest.New(t, fmt.Sprintf(`:8080 {
	api orders {
		contract testdata/orders
		auth %s {
			audience orders
			header X-User-Id sub
		}
		ratelimit 1000000/1s {http.auth.user.id}
		reverse_proxy %s
	}
}
`, issuer.URL, service)),
		token: "Bearer " + issuer.Token(t, map[string]any{"sub": "alice", "aud": "orders", "scope": "orders:read"}),
	}
}

// requests are the requests whose cost has a budget.
func (s scene) requests() map[string]struct {
	path   string
	header http.Header
	status int
} {
	authorized := http.Header{"Authorization": {s.token}}
	return map[string]struct {
		path   string
		header http.Header
		status int
	}{
		"accepted":        {"/v1/orders/42", authorized, 200},
		"route.path":      {"/v1//orders", nil, 400},
		"route.not_found": {"/v1/nothing", nil, 404},
		"version.unknown": {"/v9/orders", nil, 404},
		"auth.missing":    {"/v1/orders/42", nil, 401},
		"auth.signature":  {"/v1/orders/42", http.Header{"Authorization": {s.token[:len(s.token)-4] + "AAAA"}}, 401},
		"schema.path":     {"/v1/orders/x", authorized, 400},
		"schema.query":    {"/v1/orders?limit=0", authorized, 400},
	}
}

func TestCostInAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := newScene(t)
	respond := gatewaytest.New(t, ":8080 {\n\trespond 404\n}\n")
	bareProxy := testing.AllocsPerRun(200, serve(s.bare, "GET", "/v1/orders/42", http.Header{"Authorization": {s.token}}))
	for name, request := range s.requests() {
		if got := s.full.Do("GET", request.path, pairs(request.header)...).Code; got != request.status {
			t.Errorf("%s: answered %d, want %d", name, got, request.status)
			continue
		}
		base, budget := testing.AllocsPerRun(200, serve(respond, "GET", request.path, request.header)), float64(budgetRefused)
		switch {
		case name == "accepted":
			base, budget = bareProxy, budgetAccepted
		case strings.HasPrefix(name, "schema."):
			budget = budgetRefusedLast
		}
		got := testing.AllocsPerRun(200, serve(s.full, "GET", request.path, request.header))
		t.Logf("%-16s %4.0f allocations, %+.0f on top of bare Caddy", name, got, got-base)
		if got-base > budget {
			t.Errorf("%s costs %.0f allocations more than bare Caddy, the budget is %.0f", name, got-base, budget)
		}
	}
}

func pairs(header http.Header) []string {
	var list []string
	for key, values := range header {
		list = append(list, key, values[0])
	}
	return list
}

func BenchmarkBareProxy(b *testing.B) {
	s := newScene(b)
	benchmark(b, serve(s.bare, "GET", "/v1/orders/42", http.Header{"Authorization": {s.token}}))
}

func BenchmarkGateway(b *testing.B) {
	s := newScene(b)
	for name, request := range s.requests() {
		b.Run(name, func(b *testing.B) { benchmark(b, serve(s.full, "GET", request.path, request.header)) })
	}
}

func benchmark(b *testing.B, one func()) {
	one()
	b.ReportAllocs()
	for b.Loop() {
		one()
	}
}
