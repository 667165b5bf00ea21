package auth_test

import (
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
	"gateway/modules/auth"
	"gateway/modules/auth/authtest"
)

// sharing is a Caddyfile of a gateway that shares a store. Those that differ in the
// timeout are several gateways in one process.
func sharing(t *testing.T, server *redistest.Server, timeout, lines string) string {
	t.Helper()
	global := "{\n\tgateway {\n\t\tredis " + server.URL() + " {\n\t\t\ttimeout " + timeout + "\n\t\t}\n\t}\n"
	return strings.Replace(guarded(t, lines+"\nhandle_errors {\n\tproblem\n}"), "{\n", global, 1)
}

// What the process has only once, such as the admin endpoint, is about all gateways in
// it; so these tests are not run beside others.
func TestSharedDenyList(t *testing.T) {
	server := redistest.Start(t)
	iss := authtest.NewIssuer(t, signing)
	lines := "auth " + iss.URL + " {\n\taudience orders\n}"
	gw := gatewaytest.New(t, sharing(t, server, "100ms", lines))
	token := bearer(signing.Token(iss.Claims("orders", authtest.Claims{"sub": "shared-alice"}), nil))
	get := func() int { return gw.Do("GET", "/", "Authorization", token).Code }
	ask := func(method, body string) (int, string) {
		return gatewaytest.Admin(t, "admin.api.gateway_revocations", method, "/gateway/revocations", body, "Content-Type", "application/json")
	}
	const entry = `{"sub": "shared-alice"}`
	if got := get(); got != 200 {
		t.Fatalf("at the start: got %d", got)
	}
	if status, body := ask("POST", entry); status != 200 || !strings.Contains(body, `"shared": true`) {
		t.Errorf("revoking: %d %s", status, body)
	}
	if got := server.Do("HGET", "gateway:{deny}:entries", "sub:shared-alice"); !strings.HasSuffix(got, " - -") {
		t.Errorf("the store has %q", got)
	}
	if got := get(); got != 401 {
		t.Errorf("a revoked token: got %d", got)
	}
	if entries := gw.Metric("gateway_auth_deny_entries", "list", "shared"); entries != 1 {
		t.Errorf("%v shared entries are counted", entries)
	}
	if age := gw.Metric("gateway_auth_deny_sync_age_seconds"); age <= 0 || age > 2 {
		t.Errorf("the list is %v s old", age)
	}
	// A reload with another store begins with what was known, whatever the store says.
	server.Kill()
	gw = gw.Reload(sharing(t, server, "101ms", lines))
	if got := get(); got != 401 {
		t.Errorf("after a reload without store: got %d", got)
	}
	if status, body := ask("DELETE", entry); status != 202 || !strings.Contains(body, `"shared": false`) {
		t.Errorf("reinstating without store: %d %s", status, body)
	}
	if status, body := ask("POST", `{"jti": "shared-bob"}`); status != 202 || !strings.Contains(body, `"warning"`) {
		t.Errorf("revoking without store: %d %s", status, body)
	}
	if unshared := gw.Metric("gateway_auth_deny_unshared"); unshared != 2 {
		t.Errorf("%v changes are not shared, want 2", unshared)
	}
	if got := get(); got != 200 {
		t.Errorf("a reinstated token: got %d", got)
	}
	if _, body := ask("GET", ""); !strings.Contains(body, `"in_step": false`) || !strings.Contains(body, `"shared": false`) {
		t.Errorf("the admin endpoint says %s", body)
	}
	server.Run()
	eventually(t, func() bool { return gw.Metric("gateway_auth_deny_unshared") == 0 })
	if _, body := ask("GET", ""); !strings.Contains(body, `"in_step": true`) || !strings.Contains(body, `"shared": true`) {
		t.Errorf("the admin endpoint says %s", body)
	}
	if got := server.Do("HKEYS", "gateway:{deny}:entries"); got != "jti:shared-bob" {
		t.Errorf("the store has %q", got)
	}
}

// TestRevocationElsewhere: what another gateway has revoked is refused here.
func TestRevocationElsewhere(t *testing.T) {
	server := redistest.Start(t)
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, sharing(t, server, "100ms", "auth "+iss.URL+" {\n\taudience orders\n}"))
	token := bearer(signing.Token(iss.Claims("orders", authtest.Claims{"jti": "elsewhere"}), nil))
	get := func() int { return gw.Do("GET", "/", "Authorization", token).Code }
	if got := get(); got != 200 {
		t.Fatalf("at the start: got %d", got)
	}
	// As the store would have it from another gateway.
	server.Do("HSET", "gateway:{deny}:entries", "jti:elsewhere", "1 - -")
	eventually(t, func() bool { return get() == 401 })
	if found, err := auth.Reinstate(auth.Revocation{JTI: "elsewhere"}); !found || err != nil {
		t.Error(found, err)
	}
	if got := get(); got != 200 {
		t.Errorf("reinstated: got %d", got)
	}
	// Entries that nobody understands are counted, and change nothing.
	failures := gw.Metric("gateway_auth_deny_sync_failures_total")
	server.Do("HSET", "gateway:{deny}:entries", "jti:x", "nonsense")
	eventually(t, func() bool { return gw.Metric("gateway_auth_deny_sync_failures_total") > failures })
	if got := get(); got != 200 {
		t.Errorf("beside nonsense: got %d", got)
	}
}

// TestDenyListUnavailable: who starts blind refuses, with 503, unless told otherwise.
func TestDenyListUnavailable(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	iss := authtest.NewIssuer(t, signing)
	token := bearer(signing.Token(iss.Claims("orders", nil), nil))
	closed := gatewaytest.New(t, sharing(t, server, "100ms", "auth "+iss.URL+" {\n\taudience orders\n}"))
	res := closed.Do("GET", "/", "Authorization", token)
	if res.Code != 503 || res.Problem().Code != "auth.deny_list_unavailable" || res.Header().Get("Retry-After") != "1" || res.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("got %d %s %v", res.Code, res.Problem().Code, res.Header())
	}
	best := time.Hour
	for range 10 {
		begun := time.Now()
		if res := closed.Do("GET", "/", "Authorization", token); res.Code != 503 {
			t.Errorf("got %d", res.Code)
		}
		best = min(best, time.Since(begun))
	}
	if best > 100*time.Millisecond {
		t.Errorf("each request waits %v or longer for a store that is down", best)
	}
	if res := closed.Do("GET", "/"); res.Code != 401 {
		t.Errorf("without token: got %d", res.Code)
	}
	open := gatewaytest.New(t, sharing(t, server, "101ms", "auth "+iss.URL+" {\n\taudience orders\n\tdeny_list {\n\t\ton_error open\n\t}\n}"))
	if res := open.Do("GET", "/", "Authorization", token); res.Code != 200 {
		t.Errorf("on_error open: got %d", res.Code)
	}
	server.Run()
	eventually(t, func() bool { return closed.Do("GET", "/", "Authorization", token).Code == 200 })
}
