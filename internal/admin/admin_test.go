package admin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// status returns what the admin endpoint would answer.
func status(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return http.StatusOK
	}
	refused, ok := errors.AsType[caddy.APIError](err)
	if !ok || refused.Message == "" {
		t.Fatalf("not in Caddy's form: %v", err)
	}
	return refused.HTTPStatus
}

func TestAllow(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 200, "DELETE": 405} {
		w := httptest.NewRecorder()
		if got := status(t, Allow(w, httptest.NewRequest(method, "/", nil), http.MethodGet, http.MethodPost)); got != want {
			t.Errorf("%s: got %d, want %d", method, got, want)
		}
		if allow := w.Header().Get("Allow"); want == 405 && allow != "GET, HEAD, POST" {
			t.Errorf("Allow: %s", allow)
		}
	}
}

func TestReadJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, site, body string
		want                   int
	}{
		{"good", "application/json; charset=utf-8", "", `{"keys":"a"}`, 200},
		{"from a tool's own page", "application/json", "same-origin", `{"keys":"a"}`, 200},
		{"a form", "application/x-www-form-urlencoded", "", `keys=a`, 415},
		{"no type", "", "", `{"keys":"a"}`, 415},
		{"another site", "application/json", "cross-site", `{"keys":"a"}`, 403},
		{"a neighbour", "application/json", "same-site", `{"keys":"a"}`, 403},
		{"too long", "application/json", "", `{"keys":"` + strings.Repeat("a", maxBody) + `"}`, 413},
		{"no JSON", "application/json", "", `keys`, 400},
		{"unknown member", "application/json", "", `{"keyz":"a"}`, 400},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		var into struct {
			Keys string `json:"keys"`
		}
		if got := status(t, ReadJSON(r, &into)); got != c.want || got == 200 && into.Keys != "a" {
			t.Errorf("%s: got %d %+v, want %d", c.name, got, into, c.want)
		}
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := Answer(w, map[string]string{"a": "<b>"}); err != nil || w.Body.String() != "{\n  \"a\": \"<b>\"\n}\n" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %q %v %v", w.Body, w.Header(), err)
	}
	w = httptest.NewRecorder()
	if err := AnswerWith(w, http.StatusAccepted, 1); err != nil || w.Code != http.StatusAccepted || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v %v", w.Code, w.Result().Header, err)
	}
}
