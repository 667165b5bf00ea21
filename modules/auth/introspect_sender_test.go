package auth_test

import (
	"crypto/sha256"
	"encoding/json"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// TestIntrospectedTokensAreBound holds that the issuer's word about the sender counts as
// if it stood in the token (RFC 9449 §6.2).
func TestIntrospectedTokensAreBound(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	w := &wallet{key: authtest.New("ES256", "wallet"), token: "bound"}
	jwk, err := json.Marshal(w.key.JWK(authtest.Claims{"kid": nil, "alg": nil, "use": nil}))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(jwk)
	idp.Activate("bound", granted(authtest.Claims{"token_type": "DPoP", "cnf": authtest.Claims{"jkt": authtest.Base64(sum[:])}}))
	idp.Activate("unnamed", granted(authtest.Claims{"token_type": "DPoP"}))
	idp.Activate("free", granted(nil))
	gw := gatewaytest.New(t, guarded(t, introspected(t, idp, "", "dpop\nheader X-User-Id sub")))
	const url = "http://api.example/orders"
	if res := w.send(gw, "/orders", w.proof("GET", url, "")); res.Code != 200 || res.Header().Get("Got-X-User-Id") != "alice" {
		t.Errorf("with a proof: got %d", res.Code)
	}
	if res := w.send(gw, "/orders", w.proof("POST", url, "")); res.Code != 401 {
		t.Errorf("with a proof for another method: got %d", res.Code)
	}
	for token, want := range map[string]int{"bound": 401, "unnamed": 401, "free": 200} {
		if got := gw.Do("GET", "/orders", "Authorization", bearer(token)).Code; got != want {
			t.Errorf("%s as a bearer token: got %d, want %d", token, got, want)
		}
	}
}
