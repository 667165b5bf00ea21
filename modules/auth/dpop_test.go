package auth

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
	"gateway/modules/auth/authtest"
)

// bare is a public JWK without kid, alg and use, as proofs have it.
func bare(k *authtest.Key) authtest.Claims {
	return k.JWK(authtest.Claims{"kid": nil, "alg": nil, "use": nil})
}

// thumbprint computes RFC 7638 apart from the code under test.
func thumbprint(k *authtest.Key) string {
	text, err := json.Marshal(bare(k))
	if err != nil {
		panic(err)
	}
	return digest(string(text))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// TestThumbprint is the example of RFC 7638 §3.1.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	const text = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
	members, _ := decodeObject(text)
	k, err := readJWK([]byte(text), members, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := thumbprintOf(k.material); err != nil || got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("got %s, %v", got, err)
	}
}

// proving makes a handler that accepts DPoP, and a token that is bound to holder.
func proving(t *testing.T, holder *authtest.Key) (*Handler, string) {
	h := handlerFor(t, ecOne)
	h.issuers.list[0].bindable = true
	h.senders.dpop = &dpop{
		window: (60 * time.Second).Microseconds(), seen: newReplays(time.Minute),
		target: func(r *http.Request) (string, string) { return r.Method, r.RequestURI },
	}
	return h, ecOne.Token(good(authtest.Claims{"cnf": authtest.Claims{"jkt": thumbprint(holder)}}), nil)
}

// proofFor makes a good proof for POST https://api.example/orders?page=2, changed by
// more claims and header members.
func proofFor(holder *authtest.Key, token string, more, header authtest.Claims) string {
	claims := authtest.Claims{
		"jti": "proof-" + fmt.Sprint(time.Now().UnixNano()), "htm": "POST", "htu": "https://api.example/orders",
		"iat": time.Now().Unix(), "ath": digest(token),
	}
	for name, value := range more {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	full := authtest.Claims{"typ": "dpop+jwt", "jwk": bare(holder), "kid": nil}
	for name, value := range header {
		full[name] = value
	}
	return holder.Token(claims, full)
}

func proven(credentials string, proofs ...string) *http.Request {
	r := request(credentials)
	r.Method, r.RequestURI, r.Host, r.TLS = "POST", "/orders?page=2", "api.example", new(tls.ConnectionState)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	return r
}

func TestProofIsAccepted(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"} {
		holder := authtest.New(alg, "holder")
		h, token := proving(t, holder)
		for name, more := range map[string]authtest.Claims{
			"plain":                 nil,
			"query and fragment":    {"htu": "https://api.example/orders?x=y#z"},
			"capitals and port":     {"htu": "HTTPS://API.example:443/orders"},
			"needless escapes":      {"htu": "https://api.example/%6frders"},
			"more claims":           {"nonce": "not asked for", "extra": 1},
			"made 50 s ago":         {"iat": time.Now().Unix() - 50},
			"made by a fast clock":  {"iat": time.Now().Unix() + 50},
			"a fraction of seconds": {"iat": float64(time.Now().UnixMilli()) / 1e3},
		} {
			x, refusal := decide(h, proven("dpop "+token, proofFor(holder, token, more, nil)))
			if refusal != nil || x.Identity == nil {
				t.Errorf("%s, %s: refused: %v", alg, name, refusal.Cause)
			}
		}
	}
}

// TestProofAttacks has each of the checks of RFC 9449 §4.3, and what §7 and §11 say.
func TestProofAttacks(t *testing.T) {
	t.Parallel()
	holder, thief := authtest.New("ES256", "holder"), authtest.New("ES256", "thief")
	rsa := authtest.New("RS256", "holder")
	h, token := proving(t, holder)
	unbound := ecOne.Token(good(nil), nil)
	other := ecOne.Token(good(authtest.Claims{"jti": "other", "cnf": authtest.Claims{"jkt": thumbprint(holder)}}), nil)
	good := func() string { return proofFor(holder, token, nil, nil) }
	with := func(more authtest.Claims) string { return proofFor(holder, token, more, nil) }
	header := func(more authtest.Claims) string { return proofFor(holder, token, nil, more) }
	private := bare(holder)
	private["d"] = "AAAA"
	used := good()
	decide(h, proven("DPoP "+token, used))
	hmac := authtest.Secret("HS256", strings.Repeat("k", 32))
	for _, test := range []struct {
		name, credentials string
		proofs            []string
		want              fault
	}{
		{"1: no proof", "DPoP " + token, nil, proofMissing},
		{"1: two proofs", "DPoP " + token, []string{good(), good()}, proofTwice},
		{"2: no JWT", "DPoP " + token, []string{"proof"}, proofMalformed},
		{"2: an empty field", "DPoP " + token, []string{""}, proofMalformed},
		{"2: two in one field", "DPoP " + token, []string{good() + ", " + good()}, proofMalformed},
		{"2: huge", "DPoP " + token, []string{strings.Repeat("x", maxProof+1)}, proofMalformed},
		{"2: crit", "DPoP " + token, []string{header(authtest.Claims{"crit": []string{"x"}})}, proofMalformed},
		{"3: no jti", "DPoP " + token, []string{with(authtest.Claims{"jti": nil})}, proofClaims},
		{"3: a jti that is no text", "DPoP " + token, []string{with(authtest.Claims{"jti": 1})}, proofClaims},
		{"3: a huge jti", "DPoP " + token, []string{with(authtest.Claims{"jti": strings.Repeat("j", 300)})}, proofClaims},
		{"3: no htm", "DPoP " + token, []string{with(authtest.Claims{"htm": nil})}, proofClaims},
		{"3: no htu", "DPoP " + token, []string{with(authtest.Claims{"htu": nil})}, proofClaims},
		{"3: no iat", "DPoP " + token, []string{with(authtest.Claims{"iat": nil})}, proofClaims},
		{"3: no ath", "DPoP " + token, []string{with(authtest.Claims{"ath": nil})}, proofClaims},
		{"4: typ JWT", "DPoP " + token, []string{header(authtest.Claims{"typ": "JWT"})}, proofType},
		{"4: typ in capitals", "DPoP " + token, []string{header(authtest.Claims{"typ": "DPOP+JWT"})}, proofType},
		{"4: the token as proof", "DPoP " + token, []string{token}, proofType},
		{"5: none", "DPoP " + token, []string{header(authtest.Claims{"alg": "none"})}, proofAlgorithm},
		{"5: a secret", "DPoP " + token, []string{proofFor(hmac, token, nil, authtest.Claims{"jwk": bare(holder)})}, proofAlgorithm},
		{"5: not of the key", "DPoP " + token, []string{proofFor(rsa, token, nil, authtest.Claims{"jwk": bare(holder)})}, proofAlgorithm},
		{"6: signed by another", "DPoP " + token, []string{proofFor(thief, token, nil, authtest.Claims{"jwk": bare(holder)})}, proofSignature},
		{"6: changed", "DPoP " + token, []string{strings.Replace(good(), ".", ".e30", 1)}, proofMalformed},
		{"7: a private key", "DPoP " + token, []string{header(authtest.Claims{"jwk": private})}, proofPrivateKey},
		{"7: a symmetric key", "DPoP " + token, []string{header(authtest.Claims{"jwk": authtest.Claims{"kty": "oct", "k": "AAAA"}})}, proofPrivateKey},
		{"7: no key", "DPoP " + token, []string{header(authtest.Claims{"jwk": nil})}, proofKey},
		{"7: a key elsewhere", "DPoP " + token, []string{header(authtest.Claims{"jwk": nil, "jku": "https://evil.example"})}, proofKey},
		{"7: a key off its curve", "DPoP " + token, []string{header(authtest.Claims{"jwk": authtest.Claims{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}})}, proofKey},
		{"8: another method", "DPoP " + token, []string{with(authtest.Claims{"htm": "GET"})}, proofMethod},
		{"8: the method in small letters", "DPoP " + token, []string{with(authtest.Claims{"htm": "post"})}, proofMethod},
		{"9: another path", "DPoP " + token, []string{with(authtest.Claims{"htu": "https://api.example/orders/1"})}, proofTarget},
		{"9: a slash more", "DPoP " + token, []string{with(authtest.Claims{"htu": "https://api.example/orders/"})}, proofTarget},
		{"9: an encoded slash", "DPoP " + token, []string{with(authtest.Claims{"htu": "https://api.example%2forders"})}, proofTarget},
		{"9: another host", "DPoP " + token, []string{with(authtest.Claims{"htu": "https://evil.example/orders"})}, proofTarget},
		{"9: another port", "DPoP " + token, []string{with(authtest.Claims{"htu": "https://api.example:8443/orders"})}, proofTarget},
		{"9: http", "DPoP " + token, []string{with(authtest.Claims{"htu": "http://api.example/orders"})}, proofTarget},
		{"9: a path alone", "DPoP " + token, []string{with(authtest.Claims{"htu": "/orders"})}, proofTarget},
		{"9: a user", "DPoP " + token, []string{with(authtest.Claims{"htu": "https://a@api.example/orders"})}, proofTarget},
		{"11: old", "DPoP " + token, []string{with(authtest.Claims{"iat": time.Now().Unix() - 70})}, proofTime},
		{"11: from the future", "DPoP " + token, []string{with(authtest.Claims{"iat": time.Now().Unix() + 70})}, proofTime},
		{"12: for another token", "DPoP " + other, []string{good()}, proofOtherToken},
		{"12: for the token with a space", "DPoP " + token, []string{with(authtest.Claims{"ath": digest(" " + token)})}, proofOtherToken},
		{"12: by a thief's own key", "DPoP " + token, []string{proofFor(thief, token, nil, nil)}, proofOtherKey},
		{"§7.2: as a bearer token", "Bearer " + token, []string{good()}, proofMissing},
		{"§7.1: a token that is not bound", "DPoP " + unbound, []string{proofFor(holder, unbound, nil, nil)}, notBoundToKey},
		{"§11.1: used before", "DPoP " + token, []string{used}, proofReplayed},
	} {
		x, refusal := decide(h, proven(test.credentials, test.proofs...))
		switch {
		case refusal == nil:
			t.Errorf("%s: accepted", test.name)
		case refusal.Cause != test.want:
			t.Errorf("%s: got %v, want %v", test.name, refusal.Cause, test.want)
		case x.Identity != nil:
			t.Errorf("%s: the refused caller has an identity", test.name)
		case refusal.Reason != problem.AuthProof || refusal.Code() != 401 || refusal.Header.Get("WWW-Authenticate") == "":
			t.Errorf("%s: %s, %d, challenge %q", test.name, refusal.Reason.Code, refusal.Code(), refusal.Header.Get("WWW-Authenticate"))
		}
	}
	if _, refusal := decide(h, proven("Bearer "+unbound)); refusal != nil {
		t.Errorf("a bearer token beside DPoP is refused: %v", refusal.Cause)
	}
	h.senders.proofRequired = true
	if _, refusal := decide(h, proven("Bearer "+unbound)); refusal == nil || refusal.Cause != notBoundToKey {
		t.Error("a bearer token is accepted where DPoP is required")
	}
}

// TestProofNonce is check 10 with the dialogue of RFC 9449 §9.
func TestProofNonce(t *testing.T) {
	t.Parallel()
	holder := authtest.New("ES256", "holder")
	h, token := proving(t, holder)
	h.senders.dpop.nonces = newNonces()
	ask := func(nonce any) (*exchange.Exchange, *problem.Refusal) {
		return decide(h, proven("DPoP "+token, proofFor(holder, token, authtest.Claims{"nonce": nonce}, nil)))
	}
	for name, nonce := range map[string]any{"none": nil, "made up": "AAAA", "of another process": newNonces().at(uint64(time.Now().Unix() / 300)), "a number": 1} {
		_, refusal := ask(nonce)
		if refusal == nil || refusal.Cause != proofNonce || !strings.HasPrefix(refusal.Header.Get("WWW-Authenticate"), `DPoP error="use_dpop_nonce"`) {
			t.Fatalf("%s: got %v", name, refusal)
		}
		if _, refusal := ask(refusal.Header.Get("DPoP-Nonce")); refusal != nil {
			t.Errorf("%s: the nonce that was given is refused: %v", name, refusal.Cause)
		}
	}
	if h.refusals[proofNonce].Header["Dpop-Nonce"] != nil {
		t.Error("the shared refusal was written to")
	}
	n, now := newNonces(), at(0)
	first, _ := n.judge("", now)
	if next, f := n.judge(first, now); f != none || next != "" {
		t.Errorf("a fresh nonce: %v, next %q", f, next)
	}
	if next, f := n.judge(first, now.Add(nonceLife)); f != none || next == "" {
		t.Errorf("an older nonce: %v, next %q", f, next)
	}
	if _, f := n.judge(first, now.Add(2*nonceLife)); f != proofNonce {
		t.Errorf("an old nonce: %v", f)
	}
}

func TestReplaysAreBounded(t *testing.T) {
	t.Parallel()
	r := newReplays(time.Minute)
	r.limit = 3
	for i, want := range []fault{none, none, none, proofsFull} {
		if f := r.use("key", fmt.Sprint(i), at(0)); f != want {
			t.Errorf("proof %d: got %v, want %v", i, f, want)
		}
	}
	if f := r.use("other key", "0", at(0)); f != proofsFull {
		t.Errorf("got %v", f)
	}
	// Whenever a proof can be accepted again, it is remembered.
	for _, after := range []time.Duration{0, time.Minute, 2 * time.Minute, 2*time.Minute + time.Second} {
		if f := r.use("key", "0", at(after)); f != proofReplayed {
			t.Errorf("after %s: got %v", after, f)
		}
	}
	if f := r.use("key", "3", at(3*time.Minute)); f != none {
		t.Errorf("after a turn: got %v", f)
	}
	if f := r.use("key", "0", at(time.Hour)); f != none || len(r.old) != 0 || len(r.young) != 1 {
		t.Errorf("after an hour: got %v, %d and %d are remembered", f, len(r.old), len(r.young))
	}
	if f := r.use("other key", "0", at(time.Hour)); f != none {
		t.Errorf("the jti of another: got %v", f)
	}
}

func TestCertificateBinding(t *testing.T) {
	t.Parallel()
	mine, other := &x509.Certificate{Raw: []byte("mine")}, &x509.Certificate{Raw: []byte("other")}
	h := handlerFor(t, ecOne)
	h.senders.certificates, h.issuers.list[0].bindable = true, true
	bound := ecOne.Token(good(authtest.Claims{"cnf": authtest.Claims{"x5t#S256": digest("mine")}}), nil)
	unbound := ecOne.Token(good(nil), nil)
	with := func(cnf any) string { return ecOne.Token(good(authtest.Claims{"cnf": cnf}), nil) }
	for _, test := range []struct {
		name, token string
		chain       []*x509.Certificate
		required    bool
		want        fault
	}{
		{"the certificate", bound, []*x509.Certificate{mine, other}, false, none},
		{"another certificate", bound, []*x509.Certificate{other}, false, certificateOther},
		{"the certificate as its own issuer", bound, []*x509.Certificate{other, mine}, false, certificateOther},
		{"no certificate", bound, nil, false, certificateMissing},
		{"a token that is not bound", unbound, []*x509.Certificate{mine}, false, none},
		{"a token that is not bound, but has to be", unbound, []*x509.Certificate{mine}, true, notBoundToCertificate},
		{"bound to a key, too", with(authtest.Claims{"x5t#S256": digest("mine"), "jkt": "x"}), []*x509.Certificate{mine}, false, senderBound},
		{"bound to something else, too", with(authtest.Claims{"x5t#S256": digest("mine"), "kid": "x"}), []*x509.Certificate{mine}, false, senderBound},
		{"bound to nothing", with(authtest.Claims{}), []*x509.Certificate{mine}, false, senderBound},
		{"cnf is a list", with([]string{"x5t#S256"}), []*x509.Certificate{mine}, false, senderBound},
		{"an empty thumbprint", with(authtest.Claims{"x5t#S256": ""}), []*x509.Certificate{mine}, false, senderBound},
	} {
		h.senders.certificateRequired = test.required
		r := request("Bearer " + test.token)
		r.Header.Set("X-Client-Cert", "mine")
		if test.chain != nil {
			r.TLS = &tls.ConnectionState{PeerCertificates: test.chain}
		}
		_, refusal := decide(h, r)
		if test.want == none && refusal != nil || test.want != none && (refusal == nil || refusal.Cause != test.want) {
			t.Errorf("%s: got %v, want %v", test.name, refusal, test.want)
		}
	}
}

func FuzzProof(f *testing.F) {
	holder := authtest.New("ES256", "holder")
	f.Add(proofFor(holder, "token", nil, nil))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if p, fault := readProof(text); fault == none && (p.thumbprint == "" || p.claims == nil) {
			t.Fatal("a proof without a key")
		}
	})
}

func FuzzProofTarget(f *testing.F) {
	f.Add("https://api.example/orders", "/orders?x")
	f.Add("https://api.example/%2e%2E/a", "/a%2f")
	f.Fuzz(func(t *testing.T, htu, target string) {
		d := new(dpop)
		if d.isTarget(htu, "https", "api.example", target) && !strings.HasPrefix(strings.ToLower(htu), "https://") {
			t.Fatalf("%q is taken for https", htu)
		}
		if once := normalPath(target); len(once) > len(target)+1 {
			t.Fatalf("%q grows to %q", target, once)
		}
	})
}
