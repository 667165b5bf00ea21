package issuer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"gateway/examples/services/issuer"
)

const self = "http://localhost:9002"

var now = time.Unix(1_800_000_000, 0)

func newIssuer(t *testing.T) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New(self, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// fetch requests target and decodes the answer.
func fetch(t *testing.T, i *issuer.Issuer, r *http.Request, into any) int {
	t.Helper()
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("%s: %v", r.URL, err)
	}
	return w.Code
}

func decode(t *testing.T, part string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTokensVerify follows a stranger's way: discovery, key set, signature.
func TestTokensVerify(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)

	var discovery struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	fetch(t, i, httptest.NewRequest("GET", "/.well-known/openid-configuration", nil), &discovery)
	if discovery.Issuer != self || !strings.HasPrefix(discovery.JWKS, self) {
		t.Fatalf("discovery: got %+v, want the issuer %s", discovery, self)
	}
	var set struct{ Keys []map[string]string }
	fetch(t, i, httptest.NewRequest("GET", discovery.JWKS, nil), &set)
	if len(set.Keys) != 1 {
		t.Fatalf("got %d keys, want 1", len(set.Keys))
	}
	key := set.Keys[0]
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, decode(t, key["x"])...), decode(t, key["y"])...))
	if err != nil {
		t.Fatal(err)
	}

	token, err := i.Token("reader")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("got %d parts, want 3", len(parts))
	}
	var header map[string]string
	if err := json.Unmarshal(decode(t, parts[0]), &header); err != nil {
		t.Fatal(err)
	}
	if header["alg"] != "ES256" || header["typ"] != "at+jwt" || header["kid"] != key["kid"] {
		t.Errorf("got header %v, want ES256, at+jwt and the published key's id %s", header, key["kid"])
	}
	signature := decode(t, parts[2])
	if len(signature) != 64 {
		t.Fatalf("got a signature of %d octets, want 64", len(signature))
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the published key does not verify the token")
	}
}

func TestPersonas(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for _, test := range []struct {
		name, subject, audience, scope string
		valid                          bool
	}{
		{"reader", "rita", "orders", "orders:read", true},
		{"writer", "wim", "orders", "orders:read orders:write", true},
		{"expired", "rita", "orders", "orders:read", false},
		{"other-audience", "rita", "invoices", "orders:read", true},
	} {
		claims, err := i.Claims(test.name)
		if err != nil {
			t.Fatal(err)
		}
		valid := claims["exp"].(int64) > now.Unix()
		if claims["sub"] != test.subject || claims["aud"] != test.audience || claims["scope"] != test.scope || valid != test.valid {
			t.Errorf("%s: got %v, want %+v", test.name, claims, test)
		}
		if claims["iss"] != self || claims["iat"].(int64) > now.Unix() {
			t.Errorf("%s: got iss %v and iat %v, want %s and no time to come", test.name, claims["iss"], claims["iat"], self)
		}
	}
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	ask := func(persona string) (int, map[string]any) {
		r := httptest.NewRequest("POST", "/token", strings.NewReader(url.Values{"persona": {persona}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		var answer map[string]any
		return fetch(t, i, r, &answer), answer
	}
	status, answer := ask("writer")
	if token, _ := answer["access_token"].(string); status != 200 || strings.Count(token, ".") != 2 || answer["token_type"] != "Bearer" || answer["expires_in"] != issuer.Lifetime.Seconds() {
		t.Errorf("writer: got %d %v, want a token for %s", status, answer, issuer.Lifetime)
	}
	if status, answer := ask("nobody"); status != 400 || answer["error"] != "invalid_request" {
		t.Errorf("nobody: got %d %v, want 400 invalid_request", status, answer)
	}
}

func TestEveryIssuerHasItsOwnKey(t *testing.T) {
	t.Parallel()
	ids := make(map[string]bool)
	for range 3 {
		token, err := newIssuer(t).Token("reader")
		if err != nil {
			t.Fatal(err)
		}
		ids[strings.Split(token, ".")[0]] = true
	}
	if len(ids) != 3 {
		t.Errorf("got %d key ids from 3 issuers, want 3", len(ids))
	}
}
