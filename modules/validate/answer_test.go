package validate

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// answerContract declares one operation whose answers the fuzzer makes.
const answerContract = `{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{"/a":{"get":{"operationId":"a","responses":{
	"200":{"description":"","headers":{"X-A":{"schema":{"type":"integer"}}},"content":{
		"application/json":{"schema":{"type":"object","required":["a"],"properties":{"a":{"type":"integer"},"b":{"type":"string","writeOnly":true}}}},
		"text/plain":{"schema":{"type":"string","maxLength":3}},"image/*":{},"text/event-stream":{"schema":{"type":"object"}}}},
	"204":{"description":""},"4XX":{"description":""}}}}}}`

func compileAnswers(t testing.TB, enforce bool) *operation {
	t.Helper()
	c, err := openapi.Parse("contract.json", []byte(answerContract))
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := newContract(c, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := testSettings
	s.responses = &responseSettings{enforce: enforce, share: wholeShare, maxBody: 200, bounds: testBounds, logger: zap.NewNop()}
	op, err := compiler.operation(c.Operations[0], &s)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// script is a service that writes what a text says: each line is a step.
//
//	status 103|200|…   header name: value   flush   end   panic   error   file …   … (a piece of the body)
type script string

var errService = errors.New("the service failed")

func (s script) ServeHTTP(w http.ResponseWriter, _ *http.Request) error {
	for line := range strings.SplitSeq(string(s), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "status":
			status := 0
			if _, err := fmt.Sscan(rest, &status); err == nil && status >= 100 && status <= 599 && status != 101 {
				w.WriteHeader(status)
			}
		case "header":
			name, value, _ := strings.Cut(rest, ": ")
			if name != "" {
				w.Header().Add(name, value)
			}
		case "flush":
			_ = http.NewResponseController(w).Flush()
		case "end":
			return nil
		case "panic":
			panic(http.ErrAbortHandler)
		case "error":
			return errService
		case "file":
			if _, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader(rest)); err != nil {
				panic(http.ErrAbortHandler)
			}
		default:
			if _, err := io.WriteString(w, line); err != nil {
				panic(http.ErrAbortHandler) // as Caddy's proxy does
			}
		}
	}
	return nil
}

// outcome is what a client sees, as a server would send it.
type outcome struct {
	live     http.Header // what the service writes to
	interim  []string
	status   int
	header   http.Header // when the status was written
	body     string
	err      error
	panicked any
}

func (o *outcome) Header() http.Header { return o.live }

func (o *outcome) WriteHeader(status int) {
	switch {
	case o.status != 0:
	case status < 200:
		o.interim = append(o.interim, fmt.Sprint(status, o.live))
	default:
		o.status, o.header = status, o.live.Clone()
	}
}

func (o *outcome) Write(p []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	o.body += string(p)
	return len(p), nil
}

func (o *outcome) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{o}, r) }

func (o *outcome) FlushError() error {
	o.WriteHeader(http.StatusOK)
	return nil
}

// play lets a service answer, watched or not.
func play(s script, watched *operation) (*outcome, *exchange.Exchange) {
	r := httptest.NewRequest("GET", "/a", nil)
	o := &outcome{live: http.Header{"Server": {"Caddy"}}}
	x := &exchange.Exchange{Route: &exchange.Route{Version: "v1"}}
	func() {
		defer func() { o.panicked = recover() }()
		next := caddyhttp.HandlerFunc(s.ServeHTTP)
		if watched == nil {
			o.err = next(o, r)
		} else {
			o.err = watched.responses.serve(x, o, r, next)
		}
	}()
	if o.panicked == nil && o.err == nil {
		o.WriteHeader(http.StatusOK) // as the server does
	}
	return o, x
}

// FuzzAnswer: whatever a service does, a client sees exactly that, or, if the contract
// is enforced and broken, nothing of it.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"status 200\nheader Content-Type: application/json\n{\"a\":1}",
		"header Content-Type: application/json\nstatus 200\n{\"a\":\nflush\n1}",
		"header Content-Type: application/json\nstatus 200\n{\"a\":1,\"b\":\"secret\"}",
		"header Content-Type: application/json\nheader Trailer: X-T\nstatus 200\n{\"a\":1}\nheader X-T: late",
		"header Content-Type: text/html\nstatus 200\nsecret",
		"status 103\nheader Content-Type: text/plain\nabc",
		"header Content-Type: text/plain\nheader X-A: secret\nabc",
		"header Content-Type: text/plain\n" + strings.Repeat("secret", 50),
		"header Content-Type: text/plain\nfile " + strings.Repeat("secret", 50),
		"header Content-Type: application/json\n" + strings.Repeat(" ", 150) + "\nflush\n" + strings.Repeat(" ", 150) + "\nflush\n{}",
		"header Content-Type: image/png\nfile secret", "status 204", "status 404\nwhatever", "status 500\nsecret\nerror",
		"header Content-Type: application/json\nheader Content-Encoding: gzip\nsecret", "error", "panic", "status 200\npanic",
		"header Content-Type: application/json\n{\npanic", "header Content-Type: text/event-stream\ndata: 1\nflush\npanic", "",
	} {
		f.Add(seed)
	}
	report, enforce := compileAnswers(f, false), compileAnswers(f, true)
	f.Fuzz(func(t *testing.T, text string) {
		plain, _ := play(script(text), nil)
		got, reported := play(script(text), report)
		same(t, "report", plain, got)
		got, judged := play(script(text), enforce)
		if len(reported.Decisions()) != len(judged.Decisions()) || len(judged.Decisions()) > 1 {
			t.Fatalf("report decides %+v, enforce %+v", reported.Decisions(), judged.Decisions())
		}
		if refusal, _ := got.err.(*problem.Refusal); refusal != nil {
			if refusal.Reason != problem.SchemaResponse || got.panicked != nil || got.status != 0 || len(got.live) != 1 || got.live.Get("Server") != "Caddy" {
				t.Errorf("a refused response leaves %+v behind", got)
			}
			return
		}
		if plain.panicked != nil && got.status == 0 {
			return // held, and never sent
		}
		same(t, "enforce", plain, got)
	})
}

func same(t *testing.T, mode string, want, got *outcome) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{}), cmpopts.EquateErrors()); diff != "" {
		t.Errorf("%s (-alone +watched):\n%s", mode, diff)
	}
}

// BenchmarkResponses is what looking at a response of 1 KB costs.
func BenchmarkResponses(b *testing.B) {
	body := `{"a":1,"list":[` + strings.TrimSuffix(strings.Repeat(`{"id":"abcdefgh","n":12},`, 40), ",") + `]}`
	next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		header := w.Header()
		header["Content-Type"] = []string{"application/json"}
		w.WriteHeader(200)
		_, err := io.WriteString(w, body)
		return err
	})
	r := httptest.NewRequest("GET", "/a", nil)
	for _, mode := range []string{"off", "report", "enforce"} {
		op := compileAnswers(b, mode == "enforce")
		op.responses.settings.maxBody = 1 << 20
		b.Run(mode, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				w := &sink{header: make(http.Header, 4)}
				if mode == "off" {
					_ = next(w, r)
					continue
				}
				x := exchange.Exchange{Route: &exchange.Route{}}
				if err := op.responses.serve(&x, w, r, next); err != nil || x.Decisions()[0].Verdict != exchange.Passed {
					b.Fatalf("%v %+v", err, x.Decisions())
				}
			}
		})
	}
}

// sink is a response writer that keeps nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}
