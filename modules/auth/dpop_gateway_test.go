package auth_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// wallet holds a token that is bound to its key, and makes proofs.
type wallet struct {
	key   *authtest.Key
	token string
	count int
}

func newWallet(iss *authtest.Issuer) *wallet {
	key := authtest.New("ES256", "wallet")
	jwk, _ := json.Marshal(key.JWK(authtest.Claims{"kid": nil, "alg": nil, "use": nil}))
	sum := sha256.Sum256(jwk)
	claims := iss.Claims("orders", authtest.Claims{"cnf": authtest.Claims{"jkt": authtest.Base64(sum[:])}})
	return &wallet{key: key, token: signing.Token(claims, nil)}
}

func (w *wallet) proof(method, url, nonce string) string {
	w.count++
	sum := sha256.Sum256([]byte(w.token))
	claims := authtest.Claims{"jti": fmt.Sprint(w.count, time.Now().UnixNano()), "htm": method, "htu": url, "iat": time.Now().Unix(), "ath": authtest.Base64(sum[:])}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	return w.key.Token(claims, authtest.Claims{"typ": "dpop+jwt", "kid": nil, "jwk": w.key.JWK(authtest.Claims{"kid": nil, "alg": nil, "use": nil})})
}

func (w *wallet) send(gw *gatewaytest.Gateway, path, proof string) *gatewaytest.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "api.example"
	r.Header.Set("Authorization", "DPoP "+w.token)
	r.Header.Set("DPoP", proof)
	return gw.Serve(r)
}

func TestDPoP(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	// Clients sign the address that they call, whatever becomes of it in here.
	text := guarded(t, "uri replace /public /internal\nauth "+iss.URL+" {\n\taudience orders\n\tdpop {\n\t\tnonce\n\t\twindow 30s\n\t}\n\theader X-User-Id sub\n}\nhandle_errors {\n\tproblem\n}")
	gw := gatewaytest.New(t, text)
	w := newWallet(iss)
	const url = "http://api.example/public/orders"
	first := w.send(gw, "/public/orders?page=1", w.proof("GET", url, ""))
	nonce := first.Header().Get("DPoP-Nonce")
	if first.Code != 401 || nonce == "" || !strings.Contains(first.Header().Get("WWW-Authenticate"), "use_dpop_nonce") || first.Problem().Code != "auth.proof" {
		t.Fatalf("without nonce: got %d %v", first.Code, first.Header())
	}
	proof := w.proof("GET", url, nonce)
	if res := w.send(gw, "/public/orders?page=1", proof); res.Code != 200 || res.Header().Get("Got-X-User-Id") != "alice" {
		t.Fatalf("with nonce: got %d %v", res.Code, res.Header())
	}
	next := gw.Reload(text)
	if res := w.send(next, "/public/orders?page=1", proof); res.Code != 401 {
		t.Errorf("a proof is good again after a reload: got %d", res.Code)
	}
	if res := w.send(next, "/public/orders", w.proof("GET", url, nonce)); res.Code != 200 {
		t.Errorf("the nonce is lost in a reload: got %d", res.Code)
	}
	if res := w.send(next, "/public/orders", w.proof("GET", "http://api.example/internal/orders", nonce)); res.Code != 401 {
		t.Errorf("a proof for the rewritten address: got %d", res.Code)
	}
	got := next.Do("GET", "/").Header()["Www-Authenticate"]
	if len(got) != 2 || got[0] != "Bearer" || !strings.HasPrefix(got[1], `DPoP algs="`) {
		t.Errorf("the challenges are %q", got)
	}
}

func TestDPoPBehindAProxy(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tdpop required {\n\t\torigin https://Shop.example:443\n\t}\n}"))
	w := newWallet(iss)
	if res := w.send(gw, "/orders", w.proof("GET", "https://shop.example/orders", "")); res.Code != 200 {
		t.Errorf("the public address: got %d", res.Code)
	}
	if res := w.send(gw, "/orders", w.proof("GET", "http://api.example/orders", "")); res.Code != 401 {
		t.Errorf("the address behind the proxy: got %d", res.Code)
	}
	if res := gw.Do("GET", "/", "Authorization", bearer(signing.Token(iss.Claims("orders", nil), nil))); res.Code != 401 {
		t.Errorf("a bearer token where proofs are required: got %d", res.Code)
	}
	if got := gw.Do("GET", "/").Header()["Www-Authenticate"]; len(got) != 1 || !strings.HasPrefix(got[0], "DPoP ") {
		t.Errorf("the challenges are %q", got)
	}
}

func TestSenderMistakes(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, option := range []string{
		"dpop maybe", "dpop required now", "dpop {\n\t\t\twindows 60s\n\t\t}", "dpop {\n\t\t\twindow 1h\n\t\t}", "dpop {\n\t\t\twindow\n\t\t}",
		"dpop {\n\t\t\torigin api.example\n\t\t}", "dpop {\n\t\t\torigin https://api.example/path\n\t\t}", "dpop {\n\t\t\tnonce on\n\t\t}",
		"dpop\n\t\tdpop", "dpop {\n\t\t\tnonce\n\t\t\tnonce\n\t\t}", "mtls requird", "mtls required twice",
	} {
		_, err := gatewaytest.Load(t, ":8080 {\n\tauth https://idp.example {\n\t\taudience orders\n\t\t"+option+"\n\t}\n}\n")
		if err == nil {
			t.Errorf("%s: no error", option)
			continue
		}
		fmt.Fprintf(&all, "== %s\n%v\n", strings.Join(strings.Fields(option), " "), err)
	}
	if _, err := gatewaytest.Load(t, ":8080 {\n\tauth {\n\t\tapi_key "+keyFile(t)+"\n\t\tmtls\n\t}\n}\n"); err == nil {
		t.Error("mtls without issuer: no error")
	}
	gatewaytest.Golden(t, "testdata/mistakes_sender.golden", []byte(all.String()))
}
