package auth_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// keySetOf finds the report about one source; others come from parallel tests.
func keySetOf(t *testing.T, name string) map[string]any {
	t.Helper()
	_, body := gatewaytest.Admin(t, "admin.api.gateway_keys", "GET", "/gateway/keys", "")
	var list struct{ Keys []map[string]any }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	for _, set := range list.Keys {
		if set["keys"] == name {
			return set
		}
	}
	return nil
}

func TestAdminListsAndRefreshes(t *testing.T) {
	t.Parallel()
	first, second := authtest.New("ES256", "first"), authtest.New("ES256", "second")
	iss := authtest.NewIssuer(t, first)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n}"))
	token := bearer(second.Token(iss.Claims("orders", nil), nil))
	gw.Do("GET", "/", "Authorization", token)
	if set := keySetOf(t, iss.URL); set["usable"] != 1.0 || set["stale"] != false || set["ids"].([]any)[0] != "first" || set["fetched"] == nil {
		t.Errorf("the keys are listed as %v", set)
	}
	iss.Publish(second)
	if res := gw.Do("GET", "/", "Authorization", token); res.Code != 401 {
		t.Fatalf("within the cooldown: got %d", res.Code)
	}
	const refresh = "/gateway/keys/refresh"
	status, body := gatewaytest.Admin(t, "admin.api.gateway_keys", "POST", refresh, `{"keys": "`+iss.URL+`"}`, "Content-Type", "application/json")
	if status != 200 || !strings.Contains(body, `"second"`) {
		t.Errorf("refresh: %d %s", status, body)
	}
	if res := gw.Do("GET", "/", "Authorization", token); res.Code != 200 {
		t.Errorf("after the refresh: got %d", res.Code)
	}
	iss.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	status, body = gatewaytest.Admin(t, "admin.api.gateway_keys", "POST", refresh, `{"keys": "`+iss.URL+`"}`, "Content-Type", "application/json")
	if status != 502 || !strings.Contains(body, "answered 500") {
		t.Errorf("refresh while the issuer is down: %d %s", status, body)
	}
	if set := keySetOf(t, iss.URL); set["usable"] != 1.0 || set["stale"] != true || set["failures"] == nil {
		t.Errorf("the stale keys are listed as %v", set)
	}
	if n := gw.Metric("gateway_auth_keys_stale", "issuer", iss.URL); n != 1 {
		t.Errorf("gateway_auth_keys_stale is %v, want 1", n)
	}
	if n := gw.Metric("gateway_auth_keys_last_success_timestamp_seconds", "issuer", iss.URL); time.Since(time.UnixMilli(int64(n*1e3))) > time.Minute {
		t.Errorf("gateway_auth_keys_last_success_timestamp_seconds is %v", n)
	}
}

func TestAdminListsFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(signing.PEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	gatewaytest.New(t, guarded(t, "auth https://idp.example {\n\taudience orders\n\tkey "+file+"\n}"))
	if set := keySetOf(t, file); set["source"] != "file" || set["usable"] != 1.0 {
		t.Errorf("the file is listed as %v", set)
	}
}

// TestAdminRefusals are requests that a web page could make its reader send, and
// mistakes.
func TestAdminRefusals(t *testing.T) {
	t.Parallel()
	const refresh, json = "/gateway/keys/refresh", "application/json"
	for _, test := range []struct {
		name, method, path, body string
		header                   []string
		want                     int
	}{
		{"reading by POST", "POST", "/gateway/keys", "{}", []string{"Content-Type", json}, 405},
		{"refreshing by GET", "GET", refresh, "", nil, 405},
		{"a form", "POST", refresh, "keys=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"plain text", "POST", refresh, `{"keys":"x"}`, []string{"Content-Type", "text/plain"}, 415},
		{"no type", "POST", refresh, `{"keys":"x"}`, nil, 415},
		{"another site", "POST", refresh, `{"keys":"x"}`, []string{"Content-Type", json, "Sec-Fetch-Site", "cross-site"}, 403},
		{"a sister site", "POST", refresh, `{"keys":"x"}`, []string{"Content-Type", json, "Sec-Fetch-Site", "same-site"}, 403},
		{"no JSON", "POST", refresh, `keys`, []string{"Content-Type", json}, 400},
		{"twice", "POST", refresh, `{"keys":"x","keys":"y"}`, []string{"Content-Type", json}, 400},
		{"unknown member", "POST", refresh, `{"key":"x"}`, []string{"Content-Type", json}, 400},
		{"unknown keys", "POST", refresh, `{"keys":"https://nobody.example"}`, []string{"Content-Type", json}, 404},
		{"nothing named", "POST", refresh, `{}`, []string{"Content-Type", json}, 404},
		{"too large", "POST", refresh, `{"keys":"` + strings.Repeat("x", 65<<10) + `"}`, []string{"Content-Type", json}, 413},
	} {
		if status, body := gatewaytest.Admin(t, "admin.api.gateway_keys", test.method, test.path, test.body, test.header...); status != test.want {
			t.Errorf("%s: got %d %s, want %d", test.name, status, body, test.want)
		}
	}
}
