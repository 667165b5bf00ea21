package validate_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/validate"
)

// proxied is a gateway that validates bodies in front of a service.
func proxied(t *testing.T, options string, service http.Handler) *httptest.Server {
	t.Helper()
	upstream := httptest.NewServer(service)
	t.Cleanup(upstream.Close)
	gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tvalidate object.json {\n\t\tmax_body 2MiB\n"+options+
		"\t}\n\treverse_proxy "+strings.TrimPrefix(upstream.URL, "http://")+"\n\thandle_errors {\n\t\tproblem\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gw)
	t.Cleanup(server.Close)
	return server
}

// megabyte is a body of 1 MB with as many values as a body may have by default.
func megabyte() []byte {
	var text bytes.Buffer
	text.WriteString(`{"items":[0`)
	for i := 1; i < 90_000; i++ {
		fmt.Fprintf(&text, ",%d", 1000000000+i)
	}
	text.WriteString(`],"note":"`)
	text.WriteString(strings.Repeat("a", 1_000_000-text.Len()-2))
	text.WriteString(`"}`)
	return text.Bytes()
}

// TestMemoryOfManyClients: 256 clients with 1 MB each, all of them in flight at once
// because the service waits for the last one, stay under 1 GB.
func TestMemoryOfManyClients(t *testing.T) {
	clients := 256
	if validate.RaceEnabled {
		clients = 16 // the detector is about the order of events, and slow
	}
	var arrived atomic.Int32
	everybody := make(chan struct{})
	inUse := func() int64 { // what other tests once took from the system does not count
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapInuse)
	}
	var peak int64
	server := proxied(t, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int(arrived.Add(1)) == clients {
			peak = inUse()
			close(everybody)
		}
		<-everybody // nothing of the body has been read
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	}))
	text := megabyte()
	runtime.GC()
	before := inUse()
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			var body io.Reader = bytes.NewReader(text)
			if i%2 == 0 {
				body = struct{ io.Reader }{body} // chunked
			}
			resp, err := http.Post(server.URL, "application/json", body)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if answer, _ := io.ReadAll(resp.Body); string(answer) != fmt.Sprint(len(text), nil) {
				t.Errorf("%d %s", resp.StatusCode, answer)
			}
		})
	}
	all.Wait()
	used := peak - before
	t.Logf("%d MB in use with %d bodies of 1 MB in flight", used>>20, clients)
	if used > 1<<30 {
		t.Errorf("%d bytes are in use", used)
	}
}

// TestDeclaredLengthCostsNothing: clients that declare a megabyte and send nothing.
func TestDeclaredLengthCostsNothing(t *testing.T) {
	const clients = 100
	server := proxied(t, "", http.NotFoundHandler())
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range clients {
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// The interim response says that the gateway is waiting for the body.
		fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n")
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
			t.Fatalf("%q %v", line, err)
		}
	}
	runtime.ReadMemStats(&during)
	if used := int64(during.HeapInuse) - int64(before.HeapInuse); used > clients*200_000 {
		t.Errorf("%d bytes for %d clients that sent nothing", used, clients)
	}
}

// TestEarlyAnswers: a service answers before it has read the body, while the bodies of
// other requests use the same memory. What it reads later must be that request's.
func TestEarlyAnswers(t *testing.T) {
	t.Parallel()
	var mixed atomic.Int32
	server := proxied(t, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(http.StatusAccepted)
		_ = http.NewResponseController(w).Flush()
		body, err := io.ReadAll(r.Body)
		if mark := r.Header.Get("X-Mark"); err == nil && strings.Count(string(body), mark) != len(body)-len(`{"x":""}`) {
			mixed.Add(1)
		}
	}))
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			mark := string(rune('A' + i))
			for range 10 {
				r, _ := http.NewRequest("POST", server.URL, strings.NewReader(`{"x":"`+strings.Repeat(mark, 50_000)+`"}`))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Mark", mark)
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	all.Wait()
	if n := mixed.Load(); n > 0 {
		t.Errorf("%d bodies had bytes of others", n)
	}
}

// TestSecondAttempt: a kept connection dies while a request is on its way, and the
// transport sends the body again on another one.
func TestSecondAttempt(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := proxied(t, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 2 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	for range 2 {
		r, _ := http.NewRequest("PUT", server.URL, strings.NewReader(`{"x":"y"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "1")
		client := http.Client{Timeout: 10 * time.Second}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || string(body) != `{"x":"y"}` {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("the service saw %d requests, want 3", n)
	}
}

// TestMemoryOfManyResponses: 256 clients that are answered with 1 MB each, all of them
// held or copied at once because the service ends none before it has begun the last,
// stay under 1 GB.
func TestMemoryOfManyResponses(t *testing.T) {
	clients := 256
	if validate.RaceEnabled {
		clients = 16 // the detector is about the order of events, and slow
	}
	body := `{"id":"` + strings.Repeat("a", 1_000_000) + `","quantity":1}`
	for _, mode := range []string{"report", "enforce"} {
		var begun atomic.Int32
		everybody := make(chan struct{})
		var peak uint64
		gw, server := answering(t, mode, []string{"max_body 2MiB"}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Count", "1")
			_, _ = io.WriteString(w, body[:len(body)-1])
			w.(http.Flusher).Flush()
			if int(begun.Add(1)) == clients {
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				peak = stats.HeapInuse
				close(everybody)
			}
			<-everybody
			_, _ = io.WriteString(w, body[len(body)-1:])
		})
		var done sync.WaitGroup
		for range clients {
			done.Go(func() {
				if got := fetch(t, "GET", server.URL+"/orders/7"); got.StatusCode != 200 || len(got.body) != len(body) {
					t.Errorf("%s: got %d with %d bytes", mode, got.StatusCode, len(got.body))
				}
			})
		}
		done.Wait()
		t.Logf("%s: %d clients, %d MB in use", mode, clients, peak>>20)
		if peak > 1<<30 {
			t.Errorf("%s: %d clients take %d MB", mode, clients, peak>>20)
		}
		if got := int(gw.checks("passed")); got != clients {
			t.Errorf("%s: %d of %d are checked", mode, got, clients)
		}
	}
}
