package auth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func hashed(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// keyFile writes a file of API keys and returns its name.
func keyFile(t *testing.T, entries ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "keys.json")
	writeKeys(t, name, entries...)
	return name
}

func writeKeys(t *testing.T, name string, entries ...string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(`{"keys": [`+strings.Join(entries, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
}

func entry(id string, keys ...string) string {
	for i := range keys {
		keys[i] = `"` + hashed(keys[i]) + `"`
	}
	return fmt.Sprintf(`{"id": %q, "keys": [%s], "scopes": ["orders:read"], "metadata": {"team": {"name": "finance"}}}`, id, strings.Join(keys, ","))
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	old := `{"id": "gone", "keys": ["` + hashed("expired") + `"], "scopes": ["orders:read"], "expires": "2020-01-01T00:00:00Z"}`
	bare := `{"id": "bare", "keys": ["` + hashed("bare") + `"]}`
	file := keyFile(t, entry("billing", "first", "second"), old, bare)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tapi_key "+file+"\n\tscopes orders:read\n\trequire sub is_not mallory\n\theader X-User-Id sub\n\theader X-Team team.name\n}\nhandle_errors {\n\tproblem\n}"))
	token := bearer(signing.Token(iss.Claims("orders", nil), nil))
	for _, test := range []struct {
		name   string
		fields []string
		status int
		code   string
	}{
		{"the first key", []string{"X-Api-Key", "first"}, 200, ""},
		{"the second key", []string{"X-Api-Key", "second"}, 200, ""},
		{"a token", []string{"Authorization", token}, 200, ""},
		{"a key beside what is none of ours", []string{"X-Api-Key", "first", "Authorization", "Basic YTpi"}, 200, ""},
		{"an unknown key", []string{"X-Api-Key", "third"}, 401, "auth.api_key"},
		{"the hash of a key", []string{"X-Api-Key", hashed("first")}, 401, "auth.api_key"},
		{"an empty key", []string{"X-Api-Key", ""}, 401, "auth.api_key"},
		{"a key with space around", []string{"X-Api-Key", " first"}, 401, "auth.api_key"},
		{"a huge key", []string{"X-Api-Key", strings.Repeat("x", 10_000)}, 401, "auth.api_key"},
		{"an expired key", []string{"X-Api-Key", "expired"}, 401, "auth.api_key"},
		{"a key without the scope", []string{"X-Api-Key", "bare"}, 403, "auth.scope"},
		{"two keys", []string{"X-Api-Key", "first", "X-Api-Key", "second"}, 400, "auth.malformed"},
		{"a key and a token", []string{"X-Api-Key", "first", "Authorization", token}, 400, "auth.malformed"},
		{"a bad key and a token", []string{"X-Api-Key", "", "Authorization", token}, 401, "auth.api_key"},
		{"a key in another spelling", []string{"X_Api_Key", "first"}, 401, "auth.missing"},
		{"neither", nil, 401, "auth.missing"},
	} {
		res := gw.Do("GET", "/", test.fields...)
		if res.Code != test.status || test.code != "" && res.Problem().Code != test.code {
			t.Errorf("%s: got %d %s, want %d %s", test.name, res.Code, res.Problem().Code, test.status, test.code)
		}
		if res.Code == 401 && res.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: a 401 without challenge", test.name)
		}
	}
	got := gw.Do("GET", "/", "X-Api-Key", "first", "X-User-Id", "root").Header()
	if got.Get("Got-X-User-Id") != "billing" || got.Get("Got-X-Team") != "finance" || got["Got-X-Api-Key"] != nil {
		t.Errorf("the service is told %v", got)
	}
}

func TestAPIKeysAlone(t *testing.T) {
	t.Parallel()
	file := keyFile(t, entry("billing", "first"))
	gw := gatewaytest.New(t, guarded(t, "auth {\n\tapi_key "+file+" X-Shop-Key\n}\nhandle_errors {\n\tproblem\n}"))
	if res := gw.Do("GET", "/", "X-Shop-Key", "first"); res.Code != 200 {
		t.Errorf("a key: got %d", res.Code)
	}
	for _, fields := range [][]string{nil, {"X-Api-Key", "first"}, {"Authorization", "Bearer " + signing.Token(authtest.Good("x", "y", nil), nil)}} {
		if res := gw.Do("GET", "/", fields...); res.Code != 401 || res.Header().Get("WWW-Authenticate") != "ApiKey" || res.Problem().Code != "auth.missing" {
			t.Errorf("%v: got %d %s", fields, res.Code, res.Header().Get("WWW-Authenticate"))
		}
	}
}

func TestAPIKeyRotation(t *testing.T) {
	t.Parallel()
	file := keyFile(t, entry("billing", "old"))
	gw := gatewaytest.New(t, guarded(t, "auth {\n\tapi_key "+file+"\n}"))
	answers := func(old, fresh int) {
		t.Helper()
		deadline := time.Now().Add(20 * time.Second)
		for {
			a, b := gw.Do("GET", "/", "X-Api-Key", "old").Code, gw.Do("GET", "/", "X-Api-Key", "new").Code
			if a == old && b == fresh {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("old and new key: got %d and %d, want %d and %d", a, b, old, fresh)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	answers(200, 401)
	writeKeys(t, file, entry("billing", "old", "new"))
	answers(200, 200)
	if err := os.WriteFile(file, []byte(`{"keys": [{`), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1200 * time.Millisecond) // one look at the damaged file
	answers(200, 200)
	writeKeys(t, file, entry("billing", "new"))
	answers(401, 200)
}

func TestAPIKeyMistakes(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, test := range []struct{ name, content, more string }{
		{"no JSON", `keys`, ""},
		{"no list", `{}`, ""},
		{"a name twice", `{"keys": [], "keys": []}`, ""},
		{"unknown member", `{"keys": [{"id": "a", "key": "x"}]}`, ""},
		{"no id", `{"keys": [{"keys": ["` + hashed("x") + `"]}]}`, ""},
		{"no keys", `{"keys": [{"id": "a"}]}`, ""},
		{"three keys", `{"keys": [` + entry("a", "1", "2", "3") + `]}`, ""},
		{"a key instead of its hash", `{"keys": [{"id": "a", "keys": ["gwk_secret"]}]}`, ""},
		{"a short hash", `{"keys": [{"id": "a", "keys": ["sha256:ab"]}]}`, ""},
		{"one key, two holders", `{"keys": [` + entry("a", "1") + "," + entry("b", "1") + `]}`, ""},
		{"one id twice", `{"keys": [` + entry("a", "1") + "," + entry("a", "2") + `]}`, ""},
		{"a scope with space", `{"keys": [{"id": "a", "keys": ["` + hashed("x") + `"], "scopes": ["a b"]}]}`, ""},
		{"reserved metadata", `{"keys": [{"id": "a", "keys": ["` + hashed("x") + `"], "metadata": {"sub": "root"}}]}`, ""},
		{"a field of another meaning", `{"keys": []}`, "Authorization"},
		{"too much", `{"keys": []}`, "X-A X-B"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "keys.json"), []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		text := ":8080 {\n\tauth {\n\t\tapi_key keys.json " + test.more + "\n\t}\n}\n"
		_, err := gatewaytest.LoadFile(t, filepath.Join(dir, "Caddyfile"), text)
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		fmt.Fprintf(&all, "== %s\n%s\n", test.name, strings.ReplaceAll(err.Error(), dir+"/", ""))
	}
	if _, err := gatewaytest.LoadFile(t, filepath.Join(t.TempDir(), "Caddyfile"), ":8080 {\n\tauth {\n\t\tapi_key absent.json\n\t}\n}\n"); err == nil {
		t.Error("an absent file: no error")
	}
	if strings.Contains(all.String(), "gwk_secret") {
		t.Error("a key is in a message")
	}
	gatewaytest.Golden(t, "testdata/mistakes_api_key.golden", []byte(all.String()))
}

// TestAPIKeysAreNotLogged looks at the configuration that is run.
func TestAPIKeysAreNotLogged(t *testing.T) {
	t.Parallel()
	config, err := gatewaytest.Adapt("Caddyfile", ":8080 {\n\tlog\n\tauth {\n\t\tapi_key keys.json\n\t}\n\tauth {\n\t\tapi_key keys.json shop-key\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"request\\u003eheaders\\u003eX-Api-Key", "request\\u003eheaders\\u003eShop-Key"} {
		if !strings.Contains(string(config), field) {
			t.Errorf("no filter hides %s: %s", field, config)
		}
	}
}
