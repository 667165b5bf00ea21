package exchange

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestStreamOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status            int
		field, value, why string
		want              Stream
	}{
		{200, "Content-Type", "text/event-stream", "plain", Events},
		{200, "Content-Type", "TEXT/Event-Stream ; charset=utf-8", "any case, with a parameter", Events},
		{200, "Content-Type", "text/event-streams", "another type", NoStream},
		{200, "Content-Type", "text/event", "shorter", NoStream},
		{500, "Content-Type", "text/event-stream", "browsers take only 200", NoStream},
		{200, "Upgrade", "websocket", "an offer, not a switch", NoStream},
		{101, "Upgrade", "WebSocket", "any case", WebSocket},
		{101, "Upgrade", "chat", "something else", Upgrade},
		{101, "", "", "says nothing", Upgrade},
		{200, "", "", "says nothing", NoStream},
	} {
		if got := streamOf(test.status, http.Header{test.field: {test.value}}); got != test.want {
			t.Errorf("%d %s: %s (%s) is %q, want %q", test.status, test.field, test.value, test.why, got, test.want)
		}
	}
}

func TestTheLifeOfAStreamIsNotLatency(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	x := &Exchange{Start: start, handed: time.Millisecond, Stream: Events, more: &more{began: 3 * time.Millisecond}}
	x.measure(time.Hour)
	if x.Total != 3*time.Millisecond || x.Own != time.Millisecond || x.Upstream() != 2*time.Millisecond || x.Life != time.Hour-3*time.Millisecond {
		t.Errorf("total %v, own %v, upstream %v, life %v", x.Total, x.Own, x.Upstream(), x.Life)
	}
}

func TestTheRecorderLearnsOfAStreamOnce(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	_ = rec.step(Auth, ModeEnforce).Serve(httptest.NewRecorder(), request("GET", "/", nil), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			_, _ = w.Write([]byte("data: 1\n\n"))
		}
		if len(rec.got) > 0 {
			t.Error("the stream is recorded before its end")
		}
		return nil
	}), yes)
	if !slices.Equal(rec.streams, []Stream{Events}) || len(rec.got) != 1 || rec.got[0].Bytes != 27 {
		t.Errorf("streams %v, records %d, bytes %d", rec.streams, len(rec.got), rec.got[0].Bytes)
	}
}

func TestServerTiming(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	x := &Exchange{Start: start, handed: 90 * time.Microsecond}
	x.add(Decision{Policy: Auth, Verdict: Passed, Took: 61 * time.Microsecond})
	x.add(Decision{Policy: Validate, Verdict: Reported, Took: 1200 * time.Microsecond})
	x.Judge(Decision{Policy: Validate, Verdict: Passed})
	const steps = "auth;dur=0.061, validate;dur=1.2;desc=reported, "
	if got := x.serverTiming(2090 * time.Microsecond); got != steps+"gateway;dur=0.09, upstream;dur=2" {
		t.Errorf("got %s", got)
	}
	x.add(Decision{Policy: RateLimit, Verdict: Refused})
	if got := x.serverTiming(time.Millisecond); got != steps+"ratelimit;dur=0;desc=refused, gateway;dur=1" {
		t.Errorf("refused: got %s", got)
	}
}

func TestServerTimingOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		for name, policy := range map[string]deciderFunc{"passed": yes, "refused": no} {
			rec, w := &recorder{timing: on}, httptest.NewRecorder()
			_ = rec.step(Auth, ModeEnforce).Serve(w, request("GET", "/", nil), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Server-Timing", "db;dur=3")
				_, err := w.Write(nil)
				return err
			}), policy)
			got := strings.Join(w.Header()["Server-Timing"], "|")
			if strings.Contains(got, "auth;dur=") != on || strings.Contains(got, "db;dur=3") != (name == "passed") {
				t.Errorf("%s, on %v: %q", name, on, got)
			}
		}
	}
}

func TestMoreFieldsThanUsualAreOwned(t *testing.T) {
	t.Parallel()
	x := new(Exchange)
	header := make(http.Header)
	for _, round := range []string{"first", "last"} {
		for i := range maxOwned + 3 {
			x.OwnHeader("X-"+string(rune('A'+i)), []string{round})
			x.Vary("X-" + string(rune('A'+i)))
		}
	}
	x.apply(header)
	if got := len(header["Vary"]); got != maxOwned || len(header) != maxOwned+1 {
		t.Errorf("%d fields and %d in Vary, want %d of each", len(header)-1, got, maxOwned)
	}
	for key, values := range header {
		if key != "Vary" && (len(values) != 1 || values[0] != "last") {
			t.Errorf("%s is %q, want what was said last", key, values)
		}
	}
}
