package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

var (
	signing = authtest.New("ES256", "signing")
	next    = authtest.New("EdDSA", "next")
)

// service tells what reached it in its response fields.
func service(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			w.Header()["Got-"+name] = values
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// guarded is a gateway with auth in front of a service, and storage of its own.
func guarded(t testing.TB, lines string) string {
	t.Helper()
	return fmt.Sprintf("{\n\tstorage file_system %s\n}\n:8080 {\n\t%s\n\treverse_proxy %s\n}\n",
		t.TempDir(), strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n\t"), service(t))
}

func bearer(token string) string { return "Bearer " + token }

func TestTokensByDiscovery(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tscopes orders:read\n}"))
	token := signing.Token(iss.Claims("orders", nil), nil)
	for _, test := range []struct {
		name, credentials string
		status            int
		code              string
	}{
		{"good", bearer(token), 200, ""},
		{"good again", bearer(token), 200, ""},
		{"none", "", 401, ""},
		{"garbage", "Bearer x", 401, ""},
		{"other audience", bearer(signing.Token(iss.Claims("billing", nil), nil)), 401, ""},
		{"without scope", bearer(signing.Token(iss.Claims("orders", authtest.Claims{"scope": "x"}), nil)), 403, ""},
	} {
		var fields []string
		if test.credentials != "" {
			fields = []string{"Authorization", test.credentials}
		}
		res := gw.Do("GET", "/", fields...)
		if res.Code != test.status {
			t.Errorf("%s: got %d, want %d", test.name, res.Code, test.status)
		}
		if test.status == 401 && !strings.HasPrefix(res.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: 401 without challenge: %v", test.name, res.Header())
		}
	}
	if got := gw.Do("GET", "/", "Authorization", bearer(token)).Header().Get("Got-Authorization"); got == "" {
		t.Error("without identity headers the token does not reach the service")
	}
	if n := gw.Metric("gateway_auth_keys_usable", "issuer", iss.URL); n != 1 {
		t.Errorf("gateway_auth_keys_usable is %v, want 1", n)
	}
	if n := gw.Metric("gateway_auth_keys_fetches_total", "issuer", iss.URL); n < 1 {
		t.Errorf("gateway_auth_keys_fetches_total is %v", n)
	}
}

func TestIdentityReachesTheService(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	for _, mode := range []string{"enforce", "report", "off"} {
		gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\theader X-User-Id sub\n\theader X-Roles realm_access.roles\n\toptional\n\tmode "+mode+"\n}"))
		token := signing.Token(iss.Claims("orders", authtest.Claims{"realm_access": authtest.Claims{"roles": []string{"a", "b"}}}), nil)
		spoof := []string{"X-User-Id", "root", "x-user-id", "root", "X-Roles", "admin", "Connection", "close, X-User-Id, X-Roles"}
		res := gw.Do("GET", "/", append(spoof, "Authorization", bearer(token))...)
		user, roles := "alice", "a,b"
		if mode == "off" {
			user, roles = "", ""
		}
		got := res.Header()
		if res.Code != 200 || strings.Join(got["Got-X-User-Id"], "|") != user || strings.Join(got["Got-X-Roles"], "|") != roles {
			t.Errorf("mode %s: got %d, user %q, roles %q", mode, res.Code, got["Got-X-User-Id"], got["Got-X-Roles"])
		}
		if mode != "off" && got["Got-Authorization"] != nil {
			t.Errorf("mode %s: the token reaches the service beside the identity headers", mode)
		}
		for _, fields := range [][]string{spoof, append(spoof, "Authorization", "Bearer x")} {
			res := gw.Do("GET", "/", fields...)
			if got := res.Header(); got["Got-X-User-Id"] != nil || got["Got-X-Roles"] != nil {
				t.Errorf("mode %s: a client speaks for the gateway: %v", mode, got)
			}
		}
	}
}

func TestProblemDocuments(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	text := guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tscopes all orders:read orders:write\n}\nhandle_errors {\n\tproblem\n}")
	gw := gatewaytest.New(t, text)
	var all strings.Builder
	for _, test := range []struct{ name, credentials string }{
		{"missing", ""},
		{"encrypted", "Bearer a.b.c.d.e"},
		{"two tokens", "Bearer a.b.c, a.b.c"},
		{"audience", bearer(signing.Token(iss.Claims("billing", nil), nil))},
		{"expired", bearer(signing.Token(iss.Claims("orders", authtest.Claims{"exp": 1}), nil))},
		{"scope", bearer(signing.Token(iss.Claims("orders", nil), nil))},
	} {
		var fields []string
		if test.credentials != "" {
			fields = []string{"Authorization", test.credentials}
		}
		res := gw.Do("GET", "/", fields...)
		body := strings.ReplaceAll(res.Body.String(), res.Problem().RequestID, "REQUEST-ID")
		fmt.Fprintf(&all, "== %s\n%d\nWWW-Authenticate: %s\n%s\n", test.name, res.Code, res.Header().Get("WWW-Authenticate"), body)
	}
	gatewaytest.Golden(t, "testdata/problems.golden", []byte(all.String()))
}

func TestIssuerDownAtStart(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	iss.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	began := time.Now()
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n}"))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the load took %s", took)
	}
	token := signing.Token(iss.Claims("orders", nil), nil)
	res := gw.Do("GET", "/", "Authorization", bearer(token))
	if res.Code != 503 || res.Header().Get("Retry-After") == "" || res.Header().Get("WWW-Authenticate") != "" {
		t.Fatalf("got %d with %v, want 503 with Retry-After and without challenge", res.Code, res.Header())
	}
	iss.Answer(nil)
	eventually(t, func() bool { return gw.Do("GET", "/", "Authorization", bearer(token)).Code == 200 })
}

// Keys survive a restart in Caddy's storage, and a reload in the pool.
func TestKeysSurvive(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	text := guarded(t, "auth "+iss.URL+" {\n\taudience orders\n}")
	gw := gatewaytest.New(t, text)
	token := bearer(signing.Token(iss.Claims("orders", nil), nil))
	if res := gw.Do("GET", "/", "Authorization", token); res.Code != 200 {
		t.Fatalf("got %d", res.Code)
	}
	fetches := iss.Fetches.Load()
	iss.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	gw = gw.Reload(text)
	if res := gw.Do("GET", "/", "Authorization", token); res.Code != 200 || iss.Fetches.Load() != fetches {
		t.Errorf("after a reload: got %d and %d fetches more", res.Code, iss.Fetches.Load()-fetches)
	}
	// They are kept a moment after they can be used.
	_, root, _ := strings.Cut(text, "file_system ")
	root, _, _ = strings.Cut(root, "\n")
	eventually(t, func() bool {
		kept, err := filepath.Glob(filepath.Join(root, "gateway", "auth", "keys", "*.json"))
		return err == nil && len(kept) == 1
	})
	gw.Close()
	restarted := gatewaytest.New(t, text)
	if res := restarted.Do("GET", "/", "Authorization", token); res.Code != 200 {
		t.Errorf("after a restart: got %d", res.Code)
	}
}

// Two adaptations give the same bytes, whatever the order of Go's maps.
func TestAdaptationIsDeterministic(t *testing.T) {
	t.Parallel()
	caddyfile := site("auth {\n\tissuer https://a.example {\n\t\taudience x y\n\t\talgorithms RS256 ES256\n\t}\n\tissuer https://b.example {\n\t\taudience any\n\t\tkeys {\n\t\t\tstale 48h\n\t\t}\n\t}\n\tscopes any a b\n\theader X-User-Id sub\n\tforward_token on\n\tpreflight\n\tmode report\n}")
	config, err := gatewaytest.Adapt("Caddyfile", caddyfile)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := gatewaytest.Adapt("Caddyfile", caddyfile)
		if err != nil || string(again) != string(config) {
			t.Fatalf("got %s and %s, %v", config, again, err)
		}
	}
	gatewaytest.Golden(t, "testdata/adapted.golden", append(config, '\n'))
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 20 s")
		}
	}
}
