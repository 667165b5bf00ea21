package auth_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func TestResourceMetadata(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tscopes orders:write orders:read\n\tresource https://api.example/orders/\n}"))
	const path = "/.well-known/oauth-protected-resource/orders"
	res := gw.Do("GET", path)
	want := `{"resource":"https://api.example/orders/","authorization_servers":["` + iss.URL + `"],"scopes_supported":["orders:read","orders:write"],"bearer_methods_supported":["header"]}`
	if res.Code != 200 || res.Body.String() != want || res.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s, want %s", res.Code, res.Body, want)
	}
	if head := gw.Do("HEAD", path); head.Code != 200 || head.Body.Len() > 0 {
		t.Errorf("HEAD: got %d %s", head.Code, head.Body)
	}
	const link = `resource_metadata="https://api.example/.well-known/oauth-protected-resource/orders"`
	narrow := bearer(signing.Token(iss.Claims("orders", nil), nil))
	for name, test := range map[string]struct {
		method, path, token, want string
		status                    int
	}{
		"no token":         {"GET", "/", "", "Bearer " + link, 401},
		"a bad token":      {"GET", "/", "Bearer x", `Bearer error="invalid_token", ` + link, 401},
		"a missing scope":  {"GET", "/", narrow, `Bearer error="insufficient_scope", scope="orders:write orders:read", ` + link, 403},
		"POST to metadata": {"POST", path, "", "Bearer " + link, 401},
		"another path":     {"GET", path + "/x", "", "Bearer " + link, 401},
	} {
		for range 2 { // what is shared among requests is not written to
			res := gw.Do(test.method, test.path, "Authorization", test.token)
			if test.token == "" {
				res = gw.Do(test.method, test.path)
			}
			if got := res.Header().Values("WWW-Authenticate"); res.Code != test.status || strings.Join(got, "|") != test.want {
				t.Errorf("%s: got %d %q, want %d %q", name, res.Code, got, test.status, test.want)
			}
		}
	}
}

// Inside api the metadata have the scopes of the contract, and need no route in it.
func TestResourceMetadataOfAnAPI(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	contract := `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"components":{"securitySchemes":{"o":{"type":"oauth2","flows":{"clientCredentials":{"tokenUrl":"https://idp.example/token","scopes":{"b":"","a":""}}}}}},"paths":{"/x":{"get":{"security":[{"o":["b"]}],"responses":{"200":{"description":"ok"}}},"put":{"security":[{"o":["a","b"]}],"responses":{"200":{"description":"ok"}}}}}}`
	if err := os.MkdirAll(filepath.Join(dir, "api", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "api", "x", "openapi.yaml"), []byte(contract), 0o600); err != nil {
		t.Fatal(err)
	}
	text := ":8080 {\n\tapi x {\n\t\tauth https://idp.example {\n\t\t\taudience x\n\t\t\tresource https://api.example\n\t\t}\n\t\trespond ok\n\t}\n}\n"
	gw, err := gatewaytest.LoadFile(t, filepath.Join(dir, "Caddyfile"), text)
	if err != nil {
		t.Fatal(err)
	}
	res := gw.Do("GET", "/.well-known/oauth-protected-resource")
	want := `{"resource":"https://api.example","authorization_servers":["https://idp.example"],"scopes_supported":["a","b"],"bearer_methods_supported":["header"]}`
	if res.Code != 200 || res.Body.String() != want {
		t.Errorf("got %d %s, want %s", res.Code, res.Body, want)
	}
	if got := gw.Do("GET", "/x").Header().Get("WWW-Authenticate"); got != `Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource"` {
		t.Errorf("the challenge is %q", got)
	}
}

func TestResourceMistakes(t *testing.T) {
	t.Parallel()
	in := func(line string) string { return "auth https://idp.example {\n\taudience orders\n\t" + line + "\n}" }
	tellMistakes(t, []struct{ name, lines string }{
		{"resource without address", in("resource")},
		{"resource that is a name", in("resource orders")},
		{"resource over plain http", in("resource http://api.example")},
		{"resource with a query", in("resource https://api.example?x=1")},
		{"resource with a quote", in("resource `https://api.example/\"`")},
		{"resource with other letters", in("resource https://bücher.example")},
		{"close_at_expiry with an argument", in("close_at_expiry on")},
	}, "testdata/mistakes_resource.golden")
}
