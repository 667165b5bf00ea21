package auth_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// TestClaimNames has three handlers with one set of keys, and so with one memory of
// tokens, and with other names for the same claims.
func TestClaimNames(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	handle := func(path, options string) string {
		return "\thandle " + path + " {\n\t\tauth " + iss.URL + " {\n\t\t\taudience orders\n\t\t\tscopes orders:write\n" + options + "\t\t}\n\t\trespond \"user={http.auth.user.id}\"\n\t}\n"
	}
	gw := gatewaytest.New(t, ":8080 {\n"+
		handle("/usual", "")+
		handle("/named", "\t\t\tuser_claim email\n\t\t\tscope_claim permissions\n")+
		handle("/nested", "\t\t\tscope_claim realm_access.roles\n\t\t\tuser_claim realm_access.number\n")+"}\n")
	for _, test := range []struct {
		name                 string
		claims               authtest.Claims
		usual, named, nested string // what is answered, "" for a refusal
	}{
		{"usual", authtest.Claims{"scope": "orders:write"}, "user=alice", "", ""},
		{"named", authtest.Claims{"permissions": []string{"x", "orders:write"}, "email": "a@example.com"}, "", "user=a@example.com", ""},
		{"named, as text", authtest.Claims{"permissions": "x orders:write", "email": "a@example.com"}, "", "user=a@example.com", ""},
		{"named, without user", authtest.Claims{"permissions": "orders:write"}, "", "user={http.auth.user.id}", ""},
		{"named, of another kind", authtest.Claims{"permissions": map[string]bool{"orders:write": true}, "email": []string{"a", "b"}}, "", "", ""},
		{"named, with a number among them", authtest.Claims{"permissions": []any{"orders:write", 1}}, "", "", ""},
		{"nested", authtest.Claims{"realm_access": authtest.Claims{"roles": []string{"orders:write"}, "number": 17}}, "", "", "user=17"},
		{"all", authtest.Claims{"scope": "orders:write", "permissions": "orders:write", "email": "e", "realm_access": authtest.Claims{"roles": []string{"orders:write"}, "number": 1}}, "user=alice", "user=e", "user=1"},
	} {
		token := bearer(signing.Token(iss.Claims("orders", test.claims), nil))
		for range 2 { // at first sight of the others, and seen before
			for path, want := range map[string]string{"/usual": test.usual, "/named": test.named, "/nested": test.nested} {
				res := gw.Do("GET", path, "Authorization", token)
				got := res.Body.String()
				if res.Code != http.StatusOK {
					got = ""
				}
				if got != want || want == "" && res.Code != http.StatusForbidden {
					t.Errorf("%s at %s: got %d %q, want %q", test.name, path, res.Code, got, want)
				}
			}
		}
	}
}

// write makes a file.
func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDenyListsGoBySubject holds that another name for the user is none for deny lists:
// a subject that was revoked does not come back under its e-mail address.
func TestDenyListsGoBySubject(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	list := t.TempDir() + "/denied"
	write(t, list, "sub alice\nsub bob@example.com\n")
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tuser_claim email\n\tdeny_list "+list+"\n}"))
	for sub, want := range map[string]int{"alice": 401, "bob": 200} {
		token := bearer(signing.Token(iss.Claims("orders", authtest.Claims{"sub": sub, "email": sub + "@example.com"}), nil))
		if got := gw.Do("GET", "/", "Authorization", token).Code; got != want {
			t.Errorf("%s: got %d, want %d", sub, got, want)
		}
	}
}

// TestIntrospectionOverTLS holds whom the gateway tells its secret: nobody whose
// certificate it does not trust.
func TestIntrospectionOverTLS(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	idp.Activate("opaque", granted(authtest.Claims{"permissions": "orders:write"}))
	secure := httptest.NewTLSServer(idp.Config.Handler)
	t.Cleanup(secure.Close)
	idp.URL = secure.URL
	roots := t.TempDir() + "/roots.pem"
	write(t, roots, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	for endpoint, want := range map[string]int{"": 503, "ca " + roots: 200} {
		gw := gatewaytest.New(t, guarded(t, introspected(t, idp, endpoint, "scope_claim permissions\nscopes orders:write")))
		if got := gw.Do("GET", "/", "Authorization", bearer("opaque")).Code; got != want {
			t.Errorf("%q: got %d, want %d", endpoint, got, want)
		}
	}
	if got := idp.Questions.Load(); got != 1 {
		t.Errorf("%d questions arrived", got)
	}
}
