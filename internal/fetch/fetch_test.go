package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const bound = 64 << 10

// get asks a server for a path with a client of some options.
func get(t *testing.T, server, path string, o Options, fields ...string) (*Answer, error) {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = bound
	}
	c := NewClient(o)
	t.Cleanup(c.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	return c.Do(r)
}

// hostile is a server with an answer for each path.
func hostile(t *testing.T) string {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect to another host was followed") }))
	t.Cleanup(elsewhere.Close)
	var unfolding bytes.Buffer
	z := gzip.NewWriter(&unfolding)
	_, _ = z.Write(make([]byte, 100*bound))
	_ = z.Close()
	small := gzipped(`{"small":true}`)
	answers := map[string]http.HandlerFunc{
		"/ok":        func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("User-Agent")) },
		"/full":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, bound)) },
		"/empty":     func(http.ResponseWriter, *http.Request) {},
		"/500":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"/204":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"/206":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(206) },
		"/304":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) },
		"/299":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) },
		"/announced": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1073741824") },
		"/chunked": func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = w.Write(make([]byte, bound))
				_ = http.NewResponseController(w).Flush()
			}
		},
		"/endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 32<<10)); err != nil {
					return
				}
			}
		},
		"/unfolds": encoded("gzip", unfolding.Bytes()),
		"/gzip":    encoded("gzip", small),
		"/br":      encoded("br", small),
		"/forced":  func(w http.ResponseWriter, _ *http.Request) { encoded("gzip", small)(w, nil) },
		"/cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "begun")
		},
		"/silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/drips": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		},
		"/header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("a", 2*maxHeader))
		},
		"/hints": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "after hints")
		},
		"/moved":    redirect("/ok"),
		"/three":    redirect("/two"),
		"/two":      redirect("/one"),
		"/one":      redirect("/ok"),
		"/four":     redirect("/three"),
		"/circle":   redirect("/circle"),
		"/away":     redirect(elsewhere.URL),
		"/file":     redirect("file:///etc/passwd"),
		"/metadata": redirect("http://169.254.169.254/latest/meta-data"),
		"/nowhere":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) },
		"/badplace": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{"http://%zz/"}
			w.WriteHeader(302)
		},
		"/json":  typed("application/json"),
		"/json8": typed("Application/JSON; charset=utf-8"),
		"/html":  typed("text/html"),
		"/both":  typed("application/json", "text/html"),
		"/none":  typed(),
		"/bad":   typed("application/json;;=" + strings.Repeat("x", 100)),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := answers[r.URL.Path]; answer != nil {
			answer(w, r)
			return
		}
		t.Errorf("nobody should ask for %s", r.URL)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	return server.URL
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

// encoded answers in a coding, asked for or not.
func encoded(coding string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(body)
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

func typed(types ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = types
		_, _ = io.WriteString(w, "{}")
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	json := func(media string) bool { return media == "application/json" }
	follow, quick := Options{Redirects: 3}, Options{Timeout: 150 * time.Millisecond}
	const late, coding = "context deadline exceeded", "the answer has a content coding that was not asked for"
	server := hostile(t)
	for _, test := range []struct {
		path    string
		options Options
		body    string // of a success
		err     string
	}{
		{path: "/ok", body: "gateway"},
		{path: "/full", body: string(make([]byte, bound))},
		{path: "/empty"},
		{path: "/hints", body: "after hints"},
		{path: "/500", err: "the answer is 500 Internal Server Error"},
		{path: "/204", err: "the answer is 204 No Content"},
		{path: "/206", err: "the answer is 206 Partial Content"},
		{path: "/304", err: "the answer is 304 Not Modified"}, // nobody asked for it
		{path: "/299", err: "the answer is 299 "},
		{path: "/announced", err: "the answer is larger than 64 KiB"},
		{path: "/chunked", err: "the answer is larger than 64 KiB"},
		{path: "/endless", err: "the answer is larger than 64 KiB"},
		{path: "/ok", options: Options{MaxBytes: 3}, err: "the answer is larger than 3 bytes"},
		{path: "/ok", options: Options{MaxBytes: 7}, body: "gateway"},
		{path: "/gzip", err: coding},
		{path: "/unfolds", err: coding},
		{path: "/gzip", options: Options{Decode: true}, body: `{"small":true}`},
		{path: "/unfolds", options: Options{Decode: true}, err: "the answer is larger than 64 KiB"},
		{path: "/br", options: Options{Decode: true}, err: coding},
		{path: "/cut", err: "reading the answer: unexpected EOF"},
		{path: "/silent", options: quick, err: late},
		{path: "/drips", options: quick, err: "reading the answer: " + late},
		{path: "/header", err: "net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 65536 bytes"},
		{path: "/moved", err: "the answer is 302 Found"},
		{path: "/moved", options: follow, body: "gateway"},
		{path: "/three", options: follow, body: "gateway"},
		{path: "/four", options: follow, err: "too many redirects"},
		{path: "/circle", options: follow, err: "too many redirects"},
		{path: "/away", options: follow, err: "it redirects to another host or scheme"},
		{path: "/file", options: follow, err: "it redirects to another host or scheme"},
		{path: "/metadata", options: follow, err: "it redirects to another host or scheme"},
		{path: "/nowhere", options: follow, err: "the answer is 302 Found"},
		{path: "/badplace", options: follow, err: "failed to parse Location header"},
		{path: "/json", options: Options{Type: json}, body: "{}"},
		{path: "/json8", options: Options{Type: json}, body: "{}"},
		{path: "/html", options: Options{Type: json}, err: `the answer cannot be used: its Content-Type is "text/html"`},
		{path: "/both", options: Options{Type: json}, err: `the answer cannot be used: its Content-Type is "application/json"`},
		{path: "/none", options: Options{Type: json}, err: `the answer cannot be used: its Content-Type is ""`},
		{path: "/bad", options: Options{Type: json}, err: `the answer cannot be used: its Content-Type is "application/json;;=xxxxxxxxxxxxx`},
		{path: "/none", body: "{}"},
	} {
		t.Run(fmt.Sprint(test.path, test.options.Redirects, test.options.Decode, test.options.MaxBytes), func(t *testing.T) {
			t.Parallel()
			answer, err := get(t, server, test.path, test.options)
			switch {
			case test.err != "" && (err == nil || !strings.HasPrefix(err.Error(), test.err)):
				t.Errorf("got %v, want %q", err, test.err)
			case test.err == "" && err != nil:
				t.Errorf("got %v", err)
			case test.err == "" && string(answer.Body) != test.body:
				t.Errorf("got %.80q, want %.80q", answer.Body, test.body)
			}
		})
	}
}

func TestErrorsHaveTypes(t *testing.T) {
	t.Parallel()
	server := hostile(t)
	_, err := get(t, server, "/500", Options{})
	if status, ok := errors.AsType[*StatusError](err); !ok || status.Status != 500 {
		t.Errorf("got %#v", err)
	}
	_, err = get(t, server, "/full", Options{MaxBytes: 1 << 10})
	if large, ok := errors.AsType[*TooLargeError](err); !ok || large.MaxBytes != 1<<10 {
		t.Errorf("got %#v", err)
	}
	if _, err = get(t, server, "/br", Options{}); err != ErrCoding {
		t.Errorf("got %#v", err)
	}
	_, err = get(t, server, "/silent", Options{Timeout: 50 * time.Millisecond})
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Errorf("got %#v", err)
	}
	nobody := httptest.NewServer(nil)
	nobody.Close()
	if _, err = get(t, nobody.URL, "/secret?key=value", Options{}); err == nil || strings.Contains(err.Error(), "key=value") {
		t.Errorf("got %v", err)
	} else if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("got %#v", err)
	}
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	for field, value := range map[string]string{"If-None-Match": `"7"`, "If-Modified-Since": "Tue, 24 Nov 2026 10:00:00 GMT"} {
		answer, err := get(t, hostile(t), "/304", Options{Type: func(string) bool { return false }}, field, value)
		if err != nil || !answer.Unchanged || answer.Body != nil {
			t.Errorf("%s: got %+v, %v", field, answer, err)
		}
	}
}

func TestTheCallersContextEndsAFetch(t *testing.T) {
	t.Parallel()
	c := NewClient(Options{Timeout: time.Minute, MaxBytes: bound})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, hostile(t)+"/silent", nil)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.Do(r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	if _, err := get(t, server.URL, "", Options{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown root: got %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if _, err := get(t, server.URL, "", Options{Roots: roots, Redirects: 3}); err != errElsewhere {
		t.Errorf("a redirect from https to http: got %v", err)
	}
}

// What is no HTTP, and interim responses without end, end a fetch.
func TestOtherThanHTTP(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"a greeting":        "220 mail.example ESMTP\r\n",
		"bytes":             "\x00\x01\x02\x03\r\n\r\n",
		"two lengths":       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"interim responses": strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 10_000),
		"nothing":           "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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
					_, _ = http.ReadRequest(bufio.NewReader(conn))
					_, _ = io.WriteString(conn, answer)
					_ = conn.Close()
				}
			}()
			if _, err := get(t, "http://"+listener.Addr().String(), "/", Options{}); err == nil {
				t.Error("no error")
			}
		})
	}
}

// Connections to a host stay within their bound, and are used again.
func TestConnections(t *testing.T) {
	t.Parallel()
	var open, most atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(2 * time.Millisecond)
		_, _ = io.WriteString(w, "fine")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			most.Store(open.Add(1))
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := NewClient(Options{Timeout: 10 * time.Second, MaxBytes: bound, Connections: 3})
	t.Cleanup(c.CloseIdleConnections)
	ended := make(chan error)
	for range 30 {
		go func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err == nil {
				_, err = c.Do(r)
			}
			ended <- err
		}()
	}
	for range 30 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if most.Load() > 3 {
		t.Errorf("%d connections", most.Load())
	}
}

func TestClientsHaveBounds(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {Timeout: time.Second}, {MaxBytes: 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v makes a client", o)
				}
			}()
			NewClient(o)
		}()
	}
}
