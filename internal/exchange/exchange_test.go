package exchange

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/problem"
)

// recorder keeps what it is told.
type recorder struct {
	timing  bool // asks for Server-Timing
	begun   int
	streams []Stream
	got     []*Exchange
}

func (rec *recorder) Begin(x *Exchange, _ *http.Request)  { rec.begun++; x.ServerTiming = rec.timing }
func (rec *recorder) Stream(x *Exchange)                  { rec.streams = append(rec.streams, x.Stream) }
func (rec *recorder) Record(x *Exchange, _ *http.Request) { rec.got = append(rec.got, x) }
func (rec *recorder) step(p Policy, m Mode) *Step         { return &Step{policy: p, mode: m, recorder: rec} }
func request(method, target string, vars map[string]any) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	if vars == nil {
		vars = map[string]any{}
	}
	ctx := context.WithValue(r.Context(), caddyhttp.VarsCtxKey, vars)
	return r.WithContext(context.WithValue(ctx, caddy.ReplacerCtxKey, caddy.NewReplacer()))
}

type deciderFunc func(x *Exchange, w http.ResponseWriter, r *http.Request) *problem.Refusal

func (f deciderFunc) Decide(x *Exchange, w http.ResponseWriter, r *http.Request) *problem.Refusal {
	return f(x, w, r)
}

var yes = deciderFunc(func(*Exchange, http.ResponseWriter, *http.Request) *problem.Refusal { return nil })
var no = deciderFunc(func(*Exchange, http.ResponseWriter, *http.Request) *problem.Refusal {
	return &problem.Refusal{Reason: problem.AuthMissing, Header: http.Header{"Www-Authenticate": {"Bearer"}}}
})

func TestTheFirstHandlerOpensAndCloses(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	outer, inner := rec.step(Versioning, ModeEnforce), rec.step(Auth, ModeEnforce)
	upstream := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("X-Request-Id", "the upstream's")
		w.WriteHeader(http.StatusCreated)
		_, err := w.Write([]byte("done"))
		return err
	})
	r, w := request("GET", "/a", nil), httptest.NewRecorder()
	err := outer.Serve(w, r, caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		return inner.Serve(w, r, upstream, yes)
	}), yes)
	if err != nil || rec.begun != 1 || len(rec.got) != 1 {
		t.Fatalf("err %v, begun %d, recorded %d", err, rec.begun, len(rec.got))
	}
	x := rec.got[0]
	if x.Status != 201 || x.Bytes != 4 || !x.Forwarded || x.Refusal != nil || len(x.Decisions()) != 2 {
		t.Errorf("the record is %+v", x)
	}
	if x.Total != x.Own+x.Upstream() || x.Upstream() <= 0 {
		t.Errorf("total %v is not own %v + upstream %v", x.Total, x.Own, x.Upstream())
	}
	if got := w.Header().Get("X-Request-Id"); got != x.RequestID || r.Header.Get("X-Request-Id") != got {
		t.Errorf("the request id is %q outside, %q inside", got, x.RequestID)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[Mode]struct {
		verdict Verdict
		status  int
	}{ModeEnforce: {Refused, 401}, ModeReport: {Reported, 200}, ModeOff: {Skipped, 200}} {
		rec := &recorder{}
		w := httptest.NewRecorder()
		err := rec.step(Auth, mode).Serve(w, request("GET", "/", nil), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			w.WriteHeader(http.StatusOK)
			return nil
		}), no)
		x := rec.got[0]
		if d := x.Decisions()[0]; d.Verdict != want.verdict || x.Status != want.status || (err != nil) != (want.status == 401) {
			t.Errorf("%s: verdict %s, status %d, err %v", mode, d.Verdict, x.Status, err)
		}
		if (w.Header().Get("WWW-Authenticate") != "") != (mode == ModeEnforce) {
			t.Errorf("%s: the challenge is %q", mode, w.Header().Get("WWW-Authenticate"))
		}
	}
}

func TestRefusalsLeaveAsErrorsThatCaddyUnderstands(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	w := httptest.NewRecorder()
	err := rec.step(Auth, ModeEnforce).Serve(w, request("GET", "/", nil), nil, no)
	handlerErr, ok := err.(caddyhttp.HandlerError)
	if !ok || handlerErr.StatusCode != 401 {
		t.Fatalf("got %#v", err)
	}
	if w.Header().Get("X-Request-Id") == "" {
		t.Error("the error routes write past us, so the request id has to be set already")
	}
	if x := rec.got[0]; x.Forwarded || x.Upstream() != 0 || x.Own != x.Total {
		t.Errorf("a refused request has no upstream time: %+v", x)
	}
}

// TestAJudgedResponseWasForwarded: what is found out about the response does not stop
// the request after the fact.
func TestAJudgedResponseWasForwarded(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	upstream := caddyhttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		x := From(r)
		x.OwnHeader("X-Removed", nil)
		if !x.Owns("X-Request-Id") || x.Owns("X-Removed") || x.Owns("Etag") {
			t.Error("the gateway owns the request id and nothing else")
		}
		x.Judge(Decision{Policy: Validate, Verdict: Refused})
		return problem.New(problem.SchemaResponse)
	})
	_ = rec.step(Auth, ModeEnforce).Serve(httptest.NewRecorder(), request("GET", "/", nil), upstream, yes)
	x := rec.got[0]
	if d := x.Decisions()[1]; !d.Response || !x.Forwarded || x.Upstream() <= 0 || x.Status != 502 {
		t.Errorf("got %+v", x)
	}
}

func TestUpstreamFailuresAreNamed(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	fails := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return caddyhttp.HandlerError{StatusCode: 503, Err: errors.New("no upstreams available"), Trace: "reverseproxy.(*Handler)"}
	})
	_ = rec.step(Auth, ModeEnforce).Serve(httptest.NewRecorder(), request("GET", "/", nil), fails, yes)
	if x := rec.got[0]; x.Refusal == nil || x.Refusal.Reason != problem.UpstreamNoHealthy || !x.Forwarded || x.Status != 503 {
		t.Errorf("got %+v", x)
	}
}

func TestAbortedResponsesAreRecorded(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the panic was swallowed")
			}
		}()
		_ = rec.step(Auth, ModeEnforce).Serve(httptest.NewRecorder(), request("GET", "/", nil), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			w.WriteHeader(200)
			panic(http.ErrAbortHandler)
		}), yes)
	}()
	if x := rec.got[0]; !x.Aborted || x.Refusal.Reason != problem.UpstreamReset || x.Status != 200 {
		t.Errorf("got %+v", x)
	}
}

func TestAClientThatHangsUpIsNotTheUpstreamsFault(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	ctx, hangUp := context.WithCancel(context.Background())
	r := request("GET", "/", nil)
	r = r.WithContext(context.WithValue(ctx, caddyhttp.VarsCtxKey, map[string]any{}))
	func() {
		defer func() { _ = recover() }()
		_ = rec.step(Auth, ModeEnforce).Serve(httptest.NewRecorder(), r, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
			hangUp()
			panic(http.ErrAbortHandler)
		}), yes)
	}()
	if x := rec.got[0]; !x.Aborted || x.Refusal != nil {
		t.Errorf("got %+v", x)
	}
}

func TestPathsWithTwoReadingsAreRefusedFirst(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	r := request("GET", "/public/..%2fadmin", nil)
	err := rec.step(Auth, ModeEnforce).Serve(httptest.NewRecorder(), r, nil, deciderFunc(func(*Exchange, http.ResponseWriter, *http.Request) *problem.Refusal {
		t.Error("a policy looked at it")
		return nil
	}))
	if f, ok := problem.FromError(err); !ok || f.Reason != problem.RoutePath {
		t.Errorf("got %v", err)
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trusted bool
		ids     []string
		kept    bool
	}{
		"from a client":                {false, []string{"abc"}, false},
		"from a trusted proxy":         {true, []string{"abc-1.2:3_4"}, true},
		"two of them":                  {true, []string{"a", "b"}, false},
		"one that would break a log":   {true, []string{"a\nb"}, false},
		"one that is long":             {true, []string{strings.Repeat("a", 129)}, false},
		"empty":                        {true, []string{""}, false},
		"as long as is allowed":        {true, []string{strings.Repeat("a", 128)}, true},
		"quotes":                       {true, []string{`a"b`}, false},
		"none, from a trusted proxy":   {true, nil, false},
		"spaces, from a trusted proxy": {true, []string{"a b"}, false},
	} {
		r := request("GET", "/", nil)
		r.Header["X-Request-Id"] = tt.ids
		got := requestID(r, tt.trusted, time.Now(), new([idSize]byte))
		if kept := len(tt.ids) > 0 && got == tt.ids[0]; kept != tt.kept {
			t.Errorf("%s: got %q", name, got)
		}
		if !tt.kept && (len(got) != 36 || got[14] != '7') {
			t.Errorf("%s: %q is not a UUIDv7 (RFC 9562 §5.7)", name, got)
		}
	}
}

func TestOwnedFieldsReplaceTheUpstreams(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	own := deciderFunc(func(x *Exchange, _ http.ResponseWriter, _ *http.Request) *problem.Refusal {
		x.OwnHeader("Ratelimit", []string{"first"})
		x.OwnHeader("Ratelimit", []string{"ours"})
		x.OwnHeader("Server-Secret", nil)
		x.Vary("Api-Version")
		x.Vary("Api-Version")
		x.Vary("Accept")
		return nil
	})
	w := httptest.NewRecorder()
	_ = rec.step(RateLimit, ModeEnforce).Serve(w, request("GET", "/", nil), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Add("Ratelimit", "theirs")
		w.Header().Set("Server-Secret", "x")
		w.Header().Set("Vary", "Origin, accept")
		_, err := w.Write(nil)
		return err
	}), own)
	if got := w.Header()["Ratelimit"]; len(got) != 1 || got[0] != "ours" {
		t.Errorf("RateLimit is %q", got)
	}
	if w.Header().Get("Server-Secret") != "" {
		t.Error("a removed field is there")
	}
	if got := strings.Join(w.Header()["Vary"], "|"); got != "Origin, accept|Api-Version" {
		t.Errorf("Vary is %q", got)
	}
}

type user struct{}

func (user) Subject() string          { return "alice" }
func (user) Claim(string) (any, bool) { return nil, false }

func (user) Placeholder(name string) (any, bool) { return "alice's " + name, true }

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	r := request("GET", "/", nil)
	_ = rec.step(Auth, ModeEnforce).Serve(httptest.NewRecorder(), r, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
		x := From(r)
		if got, known := repl.GetString("http.auth.user.id"); known {
			t.Errorf("nobody is verified, but the user is %q", got)
		}
		x.Identity, x.Version = user{}, "v2"
		x.Route = &Route{API: "orders", Template: "/v2/orders/{id}", Operation: "getOrder"}
		for placeholder, want := range map[string]string{
			"http.auth.user.id":       "alice's id",
			"http.versioning.version": "v2",
			"http.gateway.api":        "orders",
			"http.gateway.route":      "/v2/orders/{id}",
			"http.gateway.operation":  "getOrder",
			"http.gateway.request_id": x.RequestID,
			"http.gateway.reason":     "",
		} {
			if got, _ := repl.GetString(placeholder); got != want {
				t.Errorf("{%s} is %q, want %q", placeholder, got, want)
			}
		}
		return nil
	}), yes)
}

func TestParseMode(t *testing.T) {
	t.Parallel()
	if _, err := ParseMode("shadow"); err == nil || !strings.Contains(err.Error(), "report") {
		t.Errorf("got %v", err)
	}
	if m, err := ParseMode("off"); err != nil || m != ModeOff {
		t.Errorf("got %v, %v", m, err)
	}
}
