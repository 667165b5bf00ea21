package tail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"gateway/internal/freeport"
	"gateway/internal/recording"
)

// safe is a buffer for several goroutines.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// await waits until the buffer has a text.
func await(t *testing.T, s *safe, text string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %q in:\n%s", text, s)
		}
	}
}

// hostile is what a terminal would obey.
const hostile = "\x1b[2J\x1b]0;owned\x07\u009b31m\u202Egnp\r\n\x00"

func hostileEntry() *recording.Entry {
	return &recording.Entry{
		Row: recording.Row{
			Seq: 1, ID: "id" + hostile, Method: "GET" + hostile, Path: "/" + hostile, Status: 422, Outcome: recording.Refused,
			Reason: "schema.body", Consumer: hostile, Version: hostile, Host: hostile, ReplayOf: hostile, Total: 1.25,
		},
		Steps:      []recording.Step{{StepRow: recording.StepRow{Policy: "validate", Verdict: "refused"}, Reason: "schema.body", Cause: hostile, Detail: hostile, Source: &recording.Source{File: hostile, Line: 3}}},
		Violations: []recording.Violation{{Place: "/" + hostile, Message: hostile}},
		Request:    recording.Message{Body: recording.Body{Text: "one\n" + hostile, Bytes: 10, MediaType: hostile}},
		Response:   recording.Answer{Body: recording.Body{Text: hostile, Bytes: 10}},
	}
}

// TestNothingIsObeyed: bytes of clients reach no terminal, in any form.
func TestNothingIsObeyed(t *testing.T) {
	t.Parallel()
	text := render(hostileEntry(), Options{Bodies: true})
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U reaches the terminal: %q", r, text)
		}
	}
	if n := strings.Count(text, "\n"); n > 12 {
		t.Errorf("line breaks of the client make lines: %q", text)
	}
}

// TestLines are the lines that people read.
func TestLines(t *testing.T) {
	t.Parallel()
	at := recording.Moment(time.Date(2026, 12, 1, 14, 3, 22, 0, time.Local))
	for _, c := range []struct {
		name string
		e    recording.Entry
		want string
	}{
		{
			"answered", recording.Entry{Row: recording.Row{At: at, Method: "GET", Path: "/v1/orders", Query: "limit=3&token=••••", Status: 200, Outcome: recording.Answered, Total: 3.14, Version: "v1", Group: "canary", Consumer: "alice"}},
			"14:03:22 200 GET    /v1/orders?limit=3&token=••••        3.1ms  alice  v1  canary\n",
		},
		{
			"broken rules", recording.Entry{
				Row:        recording.Row{ID: "01JD", At: at, Method: "POST", Path: "/v1/orders", Status: 422, Outcome: recording.Refused, Reason: "schema.body", Total: 0.5},
				Steps:      []recording.Step{{Reason: "schema.body", Cause: "not shown beside the rules", Source: &recording.Source{File: "Caddyfile", Line: 2}}},
				Violations: []recording.Violation{{Place: "/items/0/qty", Message: "must be at least 1"}, {Place: "/x", Message: "is required"}}, More: 3,
			},
			"14:03:22 422 POST   /v1/orders                           0.5ms  schema.body  01JD\n" +
				"             /items/0/qty  must be at least 1\n             /x            is required\n             and 3 more\n             Caddyfile:2\n",
		},
		{
			"a token", recording.Entry{
				Row:   recording.Row{ID: "01JD", At: at, Method: "GET", Path: "/", Status: 401, Outcome: recording.Refused, Reason: "auth.expired", Total: 0.1},
				Steps: []recording.Step{{Reason: "auth.expired", Detail: "general", Cause: "expired 3 minutes ago"}},
			},
			"14:03:22 401 GET    /                                    0.1ms  auth.expired  01JD\n             expired 3 minutes ago\n",
		},
		{
			"an upstream", recording.Entry{
				Row:   recording.Row{ID: "01JD", At: at, Method: "GET", Path: "/", Status: 502, Outcome: recording.Failed, Reason: "upstream.refused", Total: 12345},
				Steps: []recording.Step{{Reason: "upstream.refused", Cause: "{id=k2g9} reverseproxy.statusError (reverseproxy.go:1776): HTTP 502: dial tcp: connection refused"}},
			},
			"14:03:22 502 GET    /                                    12.3s  upstream.refused  01JD\n             dial tcp: connection refused\n",
		},
		{
			"a stream that lives", recording.Entry{Row: recording.Row{At: at, Method: "GET", Path: "/live", Status: 101, Outcome: recording.Open, Stream: "websocket"}},
			"14:03:22 101 GET    /live                                 open  websocket\n",
		},
		{
			"cut off", recording.Entry{Row: recording.Row{At: at, Method: "GET", Path: "/", Outcome: recording.Aborted}},
			"14:03:22 --- GET    /                                    0.0ms  aborted\n",
		},
		{
			"only reported", recording.Entry{Row: recording.Row{ID: "01JD", At: at, Method: "GET", Path: "/", Status: 200, Outcome: recording.Reported, Reason: "limit.exceeded"}},
			"14:03:22 200 GET    /                                    0.0ms  reported limit.exceeded  01JD\n",
		},
	} {
		if got := render(&c.e, Options{}); got != c.want {
			t.Errorf("%s: got\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// fakeConsole is a console that tells what it is told to.
type fakeConsole struct {
	mu     sync.Mutex
	events []string // of the next connections
	afters []string
	state  string
}

func (c *fakeConsole) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.URL.Path == "/api/events":
		c.afters = append(c.afters, r.URL.Query().Get("after"))
		if len(c.events) == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"title":"busy","status":503}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, c.events[0])
		c.events = c.events[1:]
	case r.URL.Path == "/api/state":
		fmt.Fprint(w, c.state)
	case r.URL.Path == "/api/requests":
		fmt.Fprint(w, `{"requests":[{"seq":7}]}`)
	default:
		entry := hostileEntry()
		entry.ID = strings.TrimPrefix(r.URL.Path, "/api/requests/")
		_ = json.NewEncoder(w).Encode(entry)
	}
}

// TestAConnectionThatBreaks: it is made again, from the number that was seen last; gaps
// and configurations are told of once.
func TestAConnectionThatBreaks(t *testing.T) {
	t.Parallel()
	row := func(seq int) string {
		return fmt.Sprintf("event: request\ndata: {\"seq\":%d,\"id\":\"r%d\",\"method\":\"GET\",\"path\":\"/r%d\",\"status\":200,\"outcome\":\"answered\"}\nid: %d\n\n", seq, seq, seq, seq)
	}
	fake := &fakeConsole{
		events: []string{
			": hello\n\nevent: state\ndata: {}\n\n" + row(8) + row(9),
			"event: state\ndata: {}\n\nevent: gap\ndata: {}\n\n" + row(2) + "event: request\r\ndata: {\"seq\":3,\"id\":\"bad\",\"method\":\"GET\",\"path\":\"/bad\",\"status\":422,\"outcome\":\"refused\",\"reason\":\"schema.body\"}\r\n\r\n",
		},
		state: `{"load_error":{"text":"Caddyfile:1:1: broken\n > 1 │ \u001b[2J"}}`,
	}
	server := httptest.NewServer(fake)
	defer server.Close()
	var out, notes safe
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- New(Options{Address: server.Listener.Addr().String()}, &out, &notes).Follow(ctx)
	}()
	await(t, &out, "/bad")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the end is an error: %v", err)
	}
	fake.mu.Lock()
	afters := strings.Join(fake.afters[:2], " ")
	fake.mu.Unlock()
	if afters != "7 9" {
		t.Errorf("went on after %s", afters)
	}
	for _, path := range []string{"/r8", "/r9", "/r2", "/bad"} {
		if strings.Count(out.String(), path+" ") != 1 {
			t.Errorf("%s is there %d times:\n%s", path, strings.Count(out.String(), path), out.String())
		}
	}
	if text := notes.String(); strings.Count(text, "some requests are missing") != 1 || strings.Count(text, "not in use") != 1 || strings.Contains(text, "\x1b") {
		t.Errorf("the notes: %q", text)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	if err := New(Options{Address: address}, new(safe), new(safe)).Follow(t.Context()); err == nil || !strings.Contains(err.Error(), "no console answers at "+address) {
		t.Errorf("got %v", err)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if err := New(Options{Address: server.Listener.Addr().String()}, new(safe), new(safe)).Follow(t.Context()); err == nil || !strings.Contains(err.Error(), "what answers is no console") {
		t.Errorf("got %v", err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: request\ndata: {}\nid: 1\n\n: comment\n\ndata: a\ndata: b\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		_ = readEvents(bytes.NewReader(stream), func(e event) error {
			if bytes.IndexByte(e.data, 0) >= 0 && bytes.IndexByte(stream, 0) < 0 {
				t.Error("bytes out of nowhere")
			}
			return nil
		})
	})
}
