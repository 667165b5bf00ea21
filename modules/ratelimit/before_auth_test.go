package ratelimit_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestBeforeAuth: bad tokens spend the quota of their address and nobody's else, and
// when it is gone no token is looked at any more.
func TestBeforeAuth(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	gw, err := loadAPI(t, "1", fmt.Sprintf("\t\tauth %s {\n\t\t\taudience things\n\t\t}\n\t\tratelimit 2/1h {http.auth.user.id}\n\t\tratelimit 4/1h {\n\t\t\tbefore_auth on\n\t\t}\n", issuer.URL))
	if err != nil {
		t.Fatal(err)
	}
	token := "Bearer " + issuer.Token(t, map[string]any{"aud": "things", "sub": "ann"})
	client := address()
	for i, step := range []struct {
		token string
		code  int
		limit string
	}{
		{token, 200, `"before-auth";r=3;t=900, "default";r=1;t=1800`},
		{"Bearer x", 401, `"before-auth";r=2;t=1800`},
		{token, 200, `"before-auth";r=1;t=2700, "default";r=0;t=3600`},
		{token, 429, `"before-auth";r=0;t=3600, "default";r=0;t=1800`},
		{"Bearer x", 429, `"before-auth";r=0;t=900`},
	} {
		r := httptest.NewRequest("GET", "http://localhost:8080/things", nil)
		r.RemoteAddr = client + ":40000"
		r.Header.Set("Authorization", step.token)
		resp := gw.Serve(r)
		if got := strings.Join(resp.Header().Values("RateLimit"), ", "); resp.Code != step.code || got != step.limit {
			t.Errorf("step %d: got %d, RateLimit: %s\nwant %d, %s", i, resp.Code, got, step.code, step.limit)
		}
	}
}

func TestBeforeAuthCannotKnowTheCaller(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]string{
		"ratelimit 2/1h {http.auth.user.id} {\n\t\t\tbefore_auth on\n\t\t}":                                                 "{http.auth.user.id} is not known before auth",
		"ratelimit 2/1h {\n\t\t\tbefore_auth on\n\t\t\ttier {http.auth.user.claims.plan} {\n\t\t\t\tx 9/1h\n\t\t\t}\n\t\t}": "{http.auth.user.claims.plan} is not known before auth",
	} {
		if _, err := loadAPI(t, "1", "\t\t"+limit+"\n"); err == nil || !contains(err, want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	_, err := gatewaytest.Load(t, site("ratelimit 2/1h {\n\t\tbefore_auth on\n\t}"))
	if err == nil || !contains(err, "before_auth is for limits inside of an api block") || !contains(err, "route {") {
		t.Errorf("got %v", err)
	}
}
