package ratelimit_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestZones: zones limit what they match, and are decided together.
func TestZones(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(named(`ratelimit {
		zone NAME-posts {
			match {
				method POST
			}
			key {http.request.remote.host}
			events 2
			window 1h
		}
		zone NAME-all {
			key static
			events 4
			window 1h
		}
	}`)))
	client, other := address(), address()
	for i, step := range []struct {
		method, client string
		code           int
		policies       int
	}{
		{"POST", client, 200, 2},
		{"POST", client, 200, 2},
		{"POST", client, 429, 2}, // which costs the other zone nothing
		{"GET", client, 200, 1},
		{"POST", other, 200, 2},
		{"GET", other, 429, 1}, // the fifth of four
	} {
		r := httptest.NewRequest(step.method, "http://localhost:8080/", nil)
		r.RemoteAddr = step.client + ":40000"
		resp := gw.Serve(r)
		if n := strings.Count(resp.Header().Get("RateLimit"), ";r="); resp.Code != step.code || n != step.policies {
			t.Errorf("step %d: got %d with %s, want %d of %d zones", i, resp.Code, resp.Header().Get("RateLimit"), step.code, step.policies)
		}
	}
}

// TestZonesThatCannotMatch stop the load.
func TestZonesThatCannotMatch(t *testing.T) {
	t.Parallel()
	if _, err := gatewaytest.Load(t, site("ratelimit {\n\t\tzone a {\n\t\t\tmatch {\n\t\t\t\tpath_regexp (\n\t\t\t}\n\t\t\tevents 1\n\t\t\twindow 1s\n\t\t}\n\t}")); err == nil {
		t.Error("a matcher that does not compile loads")
	}
	if resp := get(gatewaytest.New(t, site(named("ratelimit {\n\t\tzone NAME {\n\t\t\tmatch {\n\t\t\t\tpath /x*\n\t\t\t}\n\t\t\tevents 1\n\t\t\twindow 1s\n\t\t}\n\t}"))), address()); resp.Code != http.StatusOK || resp.Header().Get("RateLimit") != "" {
		t.Errorf("a request that no zone matches: got %d with %v", resp.Code, resp.Header())
	}
}
