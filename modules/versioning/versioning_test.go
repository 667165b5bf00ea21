package versioning

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// handler reads a directive and compiles it. contracts are the versions inside an api
// block; without any the handler stands outside.
func handler(t testing.TB, text string, contracts ...string) *Handler {
	t.Helper()
	h := new(Handler)
	if err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(text)); err != nil {
		t.Fatal(err)
	}
	var err error
	if len(contracts) > 0 {
		err = h.SetVersions(contracts)
	} else {
		err = h.compile(nil, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// request makes a request; header pairs follow the target.
func request(method, target string, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// decide runs the handler on a request at a time.
func decide(h *Handler, now time.Time, r *http.Request) (*exchange.Exchange, http.Header, *problem.Refusal) {
	x := &exchange.Exchange{Start: now}
	w := httptest.NewRecorder()
	refusal := h.Decide(x, w, r)
	return x, w.Header(), refusal
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

var today = day("2026-11-23")
