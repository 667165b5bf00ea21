package auth_test

import (
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func TestAdminRevokes(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n}"))
	token := bearer(signing.Token(iss.Claims("orders", authtest.Claims{"jti": "admin-revokes"}), nil))
	get := func() int { return gw.Do("GET", "/", "Authorization", token).Code }
	ask := func(method, body string, header ...string) (int, string) {
		return gatewaytest.Admin(t, "admin.api.gateway_revocations", method, "/gateway/revocations", body, append(header, "Content-Type", "application/json")...)
	}
	const entry = `{"jti": "admin-revokes"}`
	if status := get(); status != 200 {
		t.Fatalf("before: got %d", status)
	}
	if status, body := ask("POST", entry); status != 200 {
		t.Fatalf("revoking: %d %s", status, body)
	}
	if status := get(); status != 401 {
		t.Errorf("a revoked token: got %d", status)
	}
	if _, body := ask("GET", ""); !strings.Contains(body, `"jti": "admin-revokes"`) {
		t.Errorf("the entry is not listed: %s", body)
	}
	if status, body := ask("DELETE", entry); status != 200 {
		t.Fatalf("reinstating: %d %s", status, body)
	}
	if status := get(); status != 200 {
		t.Errorf("a reinstated token: got %d", status)
	}
	for _, test := range []struct {
		method, body string
		header       []string
		want         int
	}{
		{"DELETE", entry, nil, 404},
		{"POST", `{}`, nil, 400},
		{"POST", `{"jit": "x"}`, nil, 400},
		{"POST", `{"jti": "x"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"PUT", entry, nil, 405},
	} {
		if status, body := ask(test.method, test.body, test.header...); status != test.want {
			t.Errorf("%s %s: got %d %s, want %d", test.method, test.body, status, body, test.want)
		}
	}
	if status, _ := gatewaytest.Admin(t, "admin.api.gateway_revocations", "POST", "/gateway/revocations", entry, "Content-Type", "text/plain"); status != 415 {
		t.Errorf("plain text: got %d", status)
	}
}
