package hold

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const limit = 4 << 10

// fate is what an owner does with a response.
type fate string

const (
	bare    fate = "bare" // there is no writer of ours
	pass    fate = "pass"
	copied  fate = "copied"
	held    fate = "held"
	lenient fate = "lenient" // held, but what is too long passes
	changed fate = "changed" // held, and its body sent in capitals
	refused fate = "refused" // it never gets through
)

// keeper is an owner.
type keeper struct {
	Writer
	fate   fate
	before http.Header
	heads  int
	kept   string // what the owner has seen at the end
}

func (k *keeper) Head(status int) (int, bool) {
	k.heads++
	switch {
	case status == http.StatusSwitchingProtocols, status == http.StatusNoContent, status == http.StatusNotModified:
		return status, false
	case strings.HasPrefix(k.Header().Get("Content-Type"), "text/event-stream"):
		return status, false
	}
	switch k.fate {
	case copied:
		k.Copy()
	case held, lenient, changed:
		return status, true
	case refused:
		k.Discard()
		return status, true
	}
	return status, false
}

// end does what owners do when the service has answered.
func (k *keeper) end() {
	defer k.Drop()
	if !k.Begun() {
		k.WriteHeader(http.StatusOK)
	}
	k.kept = string(k.Body())
	switch {
	case k.Discarding():
		Restore(k.Header(), k.before)
		k.ResponseWriter.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(k.ResponseWriter, "refused")
	case k.Held() && k.fate == changed:
		head, body := k.Sealed(), []byte(strings.ToUpper(string(k.Body()))+"!")
		delete(head, "Etag")
		head.Set("Content-Length", strconv.Itoa(len(body)))
		_ = k.Send(k.Status, body, head)
	case k.Held():
		_ = k.Send(k.Status, k.Body(), k.Sealed())
	}
}

// between puts an owner between a server and a service.
func between(f fate, service http.HandlerFunc, seen func(*keeper)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f == bare {
			service(w, r)
			return
		}
		w.Header().Set("X-Before", "gateway")
		k := &keeper{fate: f, before: w.Header().Clone()}
		k.Init(w, k, limit)
		k.Lenient = f == lenient
		defer k.Drop()
		service(k, r)
		k.end()
		if seen != nil {
			seen(k)
		}
	})
}

// exchanged is what a client sees.
type exchanged struct {
	Status          int
	Header, Trailer http.Header
	Length          int64
	Body            string
	Interim         []string
	Failed          bool
}

func newServer(t *testing.T, handler http.Handler, h2 bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if h2 {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

func ask(t *testing.T, server *httptest.Server, method string) *exchanged {
	t.Helper()
	e := new(exchanged)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		e.Interim = append(e.Interim, fmt.Sprint(code, header["Link"], header["Content-Type"]))
		return nil
	}})
	r, err := http.NewRequestWithContext(ctx, method, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		e.Failed = true
		return e
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	e.Status, e.Header, e.Trailer, e.Length, e.Body, e.Failed = res.StatusCode, res.Header, res.Trailer, res.ContentLength, string(body), err != nil
	delete(e.Header, "Date")
	delete(e.Header, "X-Before")
	return e
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
}

// services are what a service may do.
var services = map[string]http.HandlerFunc{
	"nothing": func(http.ResponseWriter, *http.Request) {},
	"text":    text("hello"),
	"nothing written": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(nil)
		w.WriteHeader(500) // too late
	},
	"pieces": func(w http.ResponseWriter, _ *http.Request) {
		for i := range 100 {
			_, _ = fmt.Fprintf(w, "piece %d\n", i)
		}
	},
	"as long as the limit": text(strings.Repeat("a", limit)),
	"longer than the limit": func(w http.ResponseWriter, _ *http.Request) {
		for range 64 {
			_, _ = io.WriteString(w, strings.Repeat("b", limit/16))
		}
	},
	"an announced length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		w.Header().Set("Etag", `"1"`)
		_, _ = io.WriteString(w, "hello")
	},
	"too little": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "50")
		_, _ = io.WriteString(w, "hello")
	},
	"status and header": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusNotFound)
		w.WriteHeader(http.StatusOK)         // too late
		w.Header().Set("X-Late", "not sent") // too late
		w.Header().Set("Set-Cookie", "c=3")  // too late
		w.Header().Del("Content-Type")       // too late
		_, _ = io.WriteString(w, "not here")
	},
	"204": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	"304": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"1"`)
		w.WriteHeader(http.StatusNotModified)
	},
	"early hints": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Add("Link", "</more.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<p>")
		w.WriteHeader(http.StatusEarlyHints) // too late
	},
	"flushed": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "one")
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		_, _ = io.WriteString(w, "two")
	},
	"flushed at once": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_ = http.NewResponseController(w).Flush()
	},
	"copied from a reader": func(w http.ResponseWriter, _ *http.Request) {
		n, err := io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("c", limit)), 3000))
		if n != 3000 || err != nil {
			panic(fmt.Sprint(n, err))
		}
	},
	"trailers": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum, X-Same")
		w.Header().Set("X-Same", "1")
		_, _ = io.WriteString(w, "hello")
		w.Header().Set("X-Sum", "5")
	},
	"trailers not announced": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello")
		_ = http.NewResponseController(w).Flush()
		w.Header().Set(http.TrailerPrefix+"X-Sum", "5")
	},
	"deadlines": func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		if err := errors.Join(c.SetReadDeadline(time.Now().Add(time.Minute)), c.SetWriteDeadline(time.Now().Add(time.Minute)), c.EnableFullDuplex()); err != nil {
			panic(err)
		}
		_, _ = io.WriteString(w, "in time")
	},
	"aborted before it began": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"an event stream": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
		}
	},
}

// A client cannot tell whether a response has been held or copied.
func TestNothingChanges(t *testing.T) {
	t.Parallel()
	for name, service := range services {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, h2 := range []bool{false, true} {
				want := ask(t, newServer(t, between(bare, service, nil), h2), method)
				for _, f := range []fate{pass, copied, lenient} {
					t.Run(fmt.Sprint(name, " ", method, " ", f, " ", h2), func(t *testing.T) {
						t.Parallel()
						got := ask(t, newServer(t, between(f, service, nil), h2), method)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("-without +with\n%s", diff)
						}
					})
				}
			}
		}
	}
}

// The owner sees the response whole, or none of it.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	for name, service := range services {
		for _, f := range []fate{pass, copied, held, lenient, refused} {
			t.Run(name+" "+string(f), func(t *testing.T) {
				t.Parallel()
				want := ask(t, newServer(t, between(bare, service, nil), false), http.MethodGet)
				seen := make(chan *keeper, 1)
				got := ask(t, newServer(t, between(f, service, func(k *keeper) { seen <- k }), false), http.MethodGet)
				if name == "aborted before it began" {
					if !got.Failed {
						t.Error("the client sees a response")
					}
					return
				}
				k := <-seen
				whole := want.Status != 204 && want.Status != 304 && name != "an event stream" && name != "longer than the limit"
				kept := ""
				if whole && f != pass && f != refused {
					kept = want.Body
				}
				if k.kept != kept || k.heads != 1 {
					t.Errorf("kept %.40q, want %.40q; Head was called %d times", k.kept, kept, k.heads)
				}
				if over := name == "longer than the limit" && (f == copied || f == held || f == lenient); k.Overflow != over {
					t.Errorf("overflow: %t", k.Overflow)
				}
				if refusal := f == refused && want.Status != 204 && want.Status != 304 && name != "an event stream" || f == held && name == "longer than the limit"; refusal {
					if got.Status != 502 || got.Body != "refused" || len(got.Header["Link"])+len(got.Header["Set-Cookie"])+len(got.Header["Etag"]) > 0 {
						t.Errorf("the client sees %+v", got)
					}
				}
			})
		}
	}
}

// What an owner makes of a response has a length of its own, and keeps the trailers.
func TestAChangedResponse(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]exchanged{
		"an announced length":    {Status: 200, Body: "HELLO!", Length: 6},
		"pieces":                 {Status: 200, Body: strings.ToUpper(ask(t, newServer(t, services["pieces"], false), "GET").Body) + "!", Length: 891},
		"nothing":                {Status: 200, Body: "!", Length: 1},
		"flushed":                {Status: 200, Body: "ONETWO!", Length: 7},
		"trailers":               {Status: 200, Body: "HELLO!", Length: -1, Trailer: http.Header{"X-Sum": {"5"}, "X-Same": {"1"}}},
		"trailers not announced": {Status: 200, Body: "HELLO!", Length: -1, Trailer: http.Header{"X-Sum": {"5"}}},
		"204":                    {Status: 204, Body: ""},
	} {
		got := ask(t, newServer(t, between(changed, services[name], nil), false), http.MethodGet)
		if got.Header["Etag"] != nil || got.Failed {
			t.Errorf("%s: got %+v", name, got)
		}
		got.Header = nil
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// What passes, passes at once.
func TestStreams(t *testing.T) {
	t.Parallel()
	for _, f := range []fate{pass, copied, held, lenient, changed, refused} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			read := make(chan struct{})
			server := newServer(t, between(f, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				if f == pass || f == copied {
					w.Header().Set("Content-Type", "application/x-ndjson")
				}
				for range 3 {
					_, _ = io.WriteString(w, "data: 1\n")
					_ = http.NewResponseController(w).Flush()
					select {
					case <-read:
					case <-r.Context().Done():
						return
					}
				}
			}, nil), false)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			lines := bufio.NewReader(res.Body)
			for range 3 {
				if line, err := lines.ReadString('\n'); line != "data: 1\n" {
					t.Fatalf("got %q, %v", line, err)
				}
				read <- struct{}{}
			}
		})
	}
}

// A response of which nobody wants the rest ends the service's writing.
func TestEndlessResponses(t *testing.T) {
	t.Parallel()
	for _, f := range []fate{held, refused} {
		for _, reader := range []bool{false, true} {
			written, failure := 0, error(nil)
			server := newServer(t, between(f, func(w http.ResponseWriter, _ *http.Request) {
				if reader {
					var n int64
					n, failure = io.Copy(w, endless{})
					written = int(n)
					return
				}
				for failure == nil && written < 100*limit {
					var n int
					n, failure = w.Write(make([]byte, 512))
					written += n
				}
			}, nil), false)
			if got := ask(t, server, http.MethodGet); got.Status != 502 || got.Body != "refused" {
				t.Errorf("%s: the client sees %+v", f, got)
			}
			if failure != http.ErrAbortHandler || written > 2*limit+64<<10 {
				t.Errorf("%s: %d bytes were written, %v", f, written, failure)
			}
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A response that breaks off is never seen as a whole one, and a held one not at all.
func TestAbortedResponses(t *testing.T) {
	t.Parallel()
	for _, f := range []fate{pass, copied, held, lenient, changed} {
		for _, amount := range []int{10, limit + 1} {
			server := newServer(t, between(f, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(make([]byte, amount))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}, nil), false)
			got := ask(t, server, http.MethodGet)
			passes := f == pass || f == copied || f == lenient && amount > limit
			if !got.Failed || (got.Status == 200) != passes {
				t.Errorf("%s of %d bytes: the client sees %+v", f, amount, got)
			}
		}
	}
}

// A connection that the service takes is the service's.
func TestHijack(t *testing.T) {
	t.Parallel()
	for _, f := range []fate{pass, copied, held, changed, refused} {
		for _, switched := range []bool{false, true} {
			t.Run(fmt.Sprint(f, switched), func(t *testing.T) {
				t.Parallel()
				server := newServer(t, between(f, func(w http.ResponseWriter, _ *http.Request) {
					if switched {
						w.Header().Set("Upgrade", "echo")
						w.Header().Set("Connection", "Upgrade")
						w.WriteHeader(http.StatusSwitchingProtocols)
					}
					conn, buffer, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					defer conn.Close()
					if !switched {
						_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
					}
					line, _ := buffer.ReadString('\n')
					_, _ = io.WriteString(conn, "echo "+line)
					w.WriteHeader(http.StatusTeapot) // there is no response any more
					if _, err := io.WriteString(w, "more"); err != http.ErrHijacked {
						t.Errorf("a write after it: %v", err)
					}
				}, func(k *keeper) {
					if k.Held() || k.Complete() || k.kept != "" {
						t.Errorf("%q is kept", k.kept)
					}
				}), false)
				conn, err := net.Dial("tcp", server.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello\n")
				all, err := io.ReadAll(conn)
				if answer := string(all); err != nil || !strings.HasPrefix(answer, "HTTP/1.1 101 ") || !strings.HasSuffix(answer, "\r\n\r\necho hello\n") {
					t.Errorf("got %q, %v", answer, err)
				}
			})
		}
	}
}

// Bodies whose space is used again do not show through.
func TestConcurrentResponses(t *testing.T) {
	t.Parallel()
	server := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := []fate{held, copied, changed, refused}[len(r.URL.Path)%4]
		between(f, text(strings.Repeat(r.URL.Path, 20)), func(k *keeper) {
			if f != refused && k.kept != strings.Repeat(r.URL.Path, 20) {
				t.Errorf("%s: kept %q", r.URL.Path, k.kept)
			}
		}).ServeHTTP(w, r)
	}), false)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 50 {
				path := "/" + strings.Repeat(strconv.Itoa(i), j+1)
				res, err := server.Client().Get(server.URL + path)
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				want := strings.Repeat(path, 20)
				switch len(path) % 4 {
				case 2:
					want += "!"
				case 3:
					want = "refused"
				}
				if string(body) != want {
					t.Errorf("%s: got %.60q", path, body)
				}
			}
		})
	}
	group.Wait()
}

// A body that is announced gets its space at once, within the limit whatever is announced.
func TestExpect(t *testing.T) {
	t.Parallel()
	for _, expect := range []int{-1, 0, 10, 1 << 40} {
		k := &keeper{fate: held}
		k.Init(httptest.NewRecorder(), k, limit)
		k.Expect = expect
		if _, err := io.WriteString(k, "hello"); err != nil || string(k.Body()) != "hello" || cap(*k.body) > 2*maxKept {
			t.Errorf("%d: got %q, %v, and space for %d", expect, k.Body(), err, cap(*k.body))
		}
		k.Drop()
		k.Drop()
		if k.Body() != nil {
			t.Errorf("%q is left", k.Body())
		}
	}
}

func TestPassingCostsNothing(t *testing.T) {
	k := &keeper{fate: pass}
	k.Init(discard{}, k, limit)
	k.WriteHeader(200)
	piece := []byte("piece")
	if n := testing.AllocsPerRun(100, func() { _, _ = k.Write(piece) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return nil }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
