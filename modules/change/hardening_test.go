package change_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestEmptyContent: a body of unknown length that turns out to be empty is none.
func TestEmptyContent(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "\t\tvalidate {\n\t\t\tmode off\n\t\t}\n")
	s.says(204, "", "")
	r := httptest.NewRequest("POST", "/v1/purchases", io.NopCloser(strings.NewReader("")))
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	gw.ServeHTTP(w, r)
	if got, body := s.seen(); w.Code != 204 || got == nil || got.URL.Path != "/v2/orders" || body != "" {
		t.Errorf("got %d %s; the service sees %q", w.Code, w.Body, body)
	}
}

// TestDigestsInTrailers are of another document; what else comes late still does.
func TestDigestsInTrailers(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "")
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Trailer", "Content-Digest, X-Late")
		_, _ = io.WriteString(w, order)
		w.Header().Set("Content-Digest", "sha-256=:x:")
		w.Header().Set("X-Late", "yes")
	})
	res := gw.Do("GET", "/v1/purchases/ord_000001")
	if got := res.Result().Trailer; got.Get("Content-Digest") != "" || got.Get("X-Late") != "yes" || res.Body.String() != orderV1 {
		t.Errorf("the trailers are %v", got)
	}
}

// TestLengthOfNotModified: the length that a 304 tells is that of the newer form.
func TestLengthOfNotModified(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gw := gateway(t, s, "")
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Length"] = []string{"999"}
		w.Header().Set("Content-Digest", "sha-256=:x:")
		w.WriteHeader(304)
	})
	res := gw.Do("GET", "/v1/purchases/ord_000001")
	if res.Code != 304 || res.Header().Get("Content-Length") != "" || res.Header().Get("Content-Digest") != "" {
		t.Errorf("got %d %v", res.Code, res.Header())
	}
}
