package auth_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/finding"
	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// site wraps lines into a site with an answer.
func site(lines string) string {
	return ":8080 {\n\t" + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n\t") + "\n\trespond \"user={http.auth.user.id}\"\n}\n"
}

// mistakes are Caddyfiles that do not load. What they say is in testdata/mistakes.golden.
var mistakes = []struct{ name, lines string }{
	{"no issuer", "auth"},
	{"empty block", "auth {\n}"},
	{"no audience", "auth https://idp.example"},
	{"two issuers as arguments", "auth https://idp.example https://other.example {\n\taudience orders\n}"},
	{"unknown option", "auth https://idp.example {\n\taudiance orders\n}"},
	{"option far from any", "auth https://idp.example {\n\taudience orders\n\twhatever\n}"},
	{"audience without value", "auth https://idp.example {\n\taudience\n}"},
	{"audience empty", "auth https://idp.example {\n\taudience \"\"\n}"},
	{"audience twice", "auth https://idp.example {\n\taudience orders\n\taudience billing\n}"},
	{"audience any and more", "auth https://idp.example {\n\taudience any orders\n}"},
	{"issuer twice", "auth https://idp.example {\n\tissuer https://other.example\n\taudience orders\n}"},
	{"issuer over plain http", "auth http://idp.example {\n\taudience orders\n}"},
	{"issuer that is no address", "auth idp {\n\taudience orders\n}"},
	{"issuer with a query", "auth https://idp.example?x=1 {\n\taudience orders\n}"},
	{"issuer any without keys", "auth any {\n\taudience orders\n}"},
	{"keys without issuer", "auth {\n\tjwks https://idp.example/jwks\n\taudience orders\n}"},
	{"jwks over plain http", "auth my-issuer {\n\tjwks http://idp.example/jwks\n\taudience orders\n}"},
	{"jwks with a password", "auth my-issuer {\n\tjwks https://a:b@idp.example/jwks\n\taudience orders\n}"},
	{"two sources of keys", "auth https://idp.example {\n\tjwks https://idp.example/jwks\n\tkey idp.pem\n\taudience orders\n}"},
	{"key file missing", "auth https://idp.example {\n\tkey absent.pem\n\taudience orders\n}"},
	{"key file broken", "auth https://idp.example {\n\tkey broken.pem\n\taudience orders\n}"},
	{"key file private", "auth https://idp.example {\n\tkey private.pem\n\taudience orders\n}"},
	{"key file with a weak key", "auth https://idp.example {\n\tkey weak.json\n\taudience orders\n}"},
	{"key set without usable keys", "auth https://idp.example {\n\tkey unusable.json\n\taudience orders\n}"},
	{"secret as key text", "auth https://idp.example {\n\tkey `{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}`\n\taudience orders\n}"},
	{"secret in the Caddyfile", "auth https://idp.example {\n\tsecret 0123456789abcdef0123456789abcdef\n\taudience orders\n}"},
	{"secret that is not set", "auth https://idp.example {\n\tsecret {env.GATEWAY_TEST_NO_SUCH_SECRET}\n\taudience orders\n}"},
	{"secret too short", "auth https://idp.example {\n\tsecret {file.SECRET}\n\taudience orders\n}"},
	{"algorithm unknown", "auth https://idp.example {\n\taudience orders\n\talgorithms RS256 ES265\n}"},
	{"algorithm none", "auth https://idp.example {\n\taudience orders\n\talgorithms none\n}"},
	{"HMAC with public keys", "auth https://idp.example {\n\taudience orders\n\talgorithms HS256\n}"},
	{"algorithm that no key has", "auth https://idp.example {\n\tkey good.pem\n\taudience orders\n\talgorithms RS256\n}"},
	{"leeway without unit", "auth https://idp.example {\n\taudience orders\n\tleeway 60\n}"},
	{"leeway too long", "auth https://idp.example {\n\taudience orders\n\tleeway 1h\n}"},
	{"leeway negative", "auth https://idp.example {\n\taudience orders\n\tleeway -1s\n}"},
	{"scopes empty", "auth https://idp.example {\n\taudience orders\n\tscopes any\n}"},
	{"scope with a quote", "auth https://idp.example {\n\taudience orders\n\tscopes `a\"b`\n}"},
	{"header without claim", "auth https://idp.example {\n\taudience orders\n\theader X-User-Id\n}"},
	{"header that is the token", "auth https://idp.example {\n\taudience orders\n\theader Authorization sub\n}"},
	{"header that the proxy sets", "auth https://idp.example {\n\taudience orders\n\theader X-Forwarded-For sub\n}"},
	{"header with an underscore", "auth https://idp.example {\n\taudience orders\n\theader X_User_Id sub\n}"},
	{"header twice", "auth https://idp.example {\n\taudience orders\n\theader X-User-Id sub\n\theader x-user-id email\n}"},
	{"forward_token maybe", "auth https://idp.example {\n\taudience orders\n\tforward_token maybe\n}"},
	{"optional with an argument", "auth https://idp.example {\n\taudience orders\n\toptional on\n}"},
	{"mode unknown", "auth https://idp.example {\n\taudience orders\n\tmode reprot\n}"},
	{"keys with an argument", "auth https://idp.example {\n\taudience orders\n\tkeys idp.pem\n}"},
	{"keys with an unknown option", "auth https://idp.example {\n\taudience orders\n\tkeys {\n\t\trefesh 1h\n\t}\n}"},
	{"keys refreshed too often", "auth https://idp.example {\n\taudience orders\n\tkeys {\n\t\trefresh 500ms\n\t}\n}"},
	{"keys stale before refresh", "auth https://idp.example {\n\taudience orders\n\tkeys {\n\t\trefresh 2h\n\t\tstale 1h\n\t}\n}"},
	{"keys stale before the usual refresh", "auth https://idp.example {\n\taudience orders\n\tkeys {\n\t\tstale 10m\n\t}\n}"},
	{"keys for a file", "auth https://idp.example {\n\tkey good.pem\n\taudience orders\n\tkeys {\n\t\trefresh 2h\n\t}\n}"},
	{"roots missing", "auth https://idp.example {\n\taudience orders\n\tkeys {\n\t\tca absent.pem\n\t}\n}"},
	{"off with options", "auth off {\n\taudience orders\n}"},
	{"off and more", "auth off now"},
	{"issuer block with a route's option", "auth {\n\tissuer https://a.example {\n\t\taudience a\n\t\tscopes x\n\t}\n}"},
	{"issuer block beside an option of one issuer", "auth {\n\taudience orders\n\tissuer https://a.example {\n\t\taudience a\n\t}\n}"},
	{"issuer blocks for one issuer", "auth {\n\tissuer https://a.example {\n\t\taudience a\n\t}\n\tissuer https://a.example {\n\t\taudience b\n\t}\n}"},
	{"issuer block without audience", "auth {\n\tissuer https://a.example {\n\t\tleeway 1s\n\t}\n}"},
}

// keyFiles writes the files that the Caddyfiles name into a folder.
func keyFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	key := authtest.New("ES256", "file")
	for name, content := range map[string]string{
		"good.pem":      key.PEM(),
		"broken.pem":    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		"private.pem":   key.PrivatePEM(),
		"weak.json":     `{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("_", 171) + `"}`,
		"unusable.json": authtest.SetOf(key.JWK(authtest.Claims{"use": "enc"}), key.JWK(authtest.Claims{"kty": "XX"})),
		"short":         "too short",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	tellMistakes(t, mistakes, "testdata/mistakes.golden")
}

// tellMistakes holds what is said about mistakes against a golden file.
func tellMistakes(t *testing.T, mistakes []struct{ name, lines string }, golden string) {
	t.Helper()
	dir := keyFiles(t)
	var all strings.Builder
	for _, mistake := range mistakes {
		text := strings.ReplaceAll(site(mistake.lines), "{file.SECRET}", "{file."+filepath.Join(dir, "short")+"}")
		name := filepath.Join(dir, "Caddyfile")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := gatewaytest.LoadFile(t, name, text)
		message := "it loads"
		if err == nil {
			t.Errorf("%s: the Caddyfile loads", mistake.name)
		} else {
			message = strings.ReplaceAll(finding.Extract(err.Error()).Render(false), dir+"/", "")
		}
		fmt.Fprintf(&all, "== %s\n%s\n\n", mistake.name, message)
	}
	gatewaytest.Golden(t, golden, []byte(all.String()))
}
