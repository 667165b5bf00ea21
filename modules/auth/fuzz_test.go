package auth

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/exchange"
	"gateway/modules/auth/authtest"
)

// FuzzToken feeds credentials to a handler: only the tokens that it was given signed
// get in, and whatever else comes is refused with a complete refusal.
func FuzzToken(f *testing.F) {
	secret := authtest.Secret("HS256", "0123456789abcdef0123456789abcdef")
	secret.ID = "h"
	token := secret.Token(authtest.Claims{"iss": testIssuer, "aud": testAudience, "exp": 4070908800}, nil)
	for _, seed := range []string{token, token[:20], "a.b.c", "a.b.c.d.e", "..", "eyJhbGciOiJub25lIn0.e30.", "", "\xff.\x00."} {
		f.Add("Bearer", seed)
	}
	f.Add("bEaReR", token)
	f.Add("Basic", "YTpi")
	h := handlerFor(f, secret)
	f.Fuzz(func(t *testing.T, scheme, credentials string) {
		x := new(exchange.Exchange)
		header := http.Header{"Authorization": {scheme + " " + credentials}}
		refusal := h.Decide(x, nil, &http.Request{Header: header})
		if refusal == nil {
			if !strings.EqualFold(scheme, "bearer") || strings.TrimLeft(credentials, " ") != token {
				t.Fatalf("%q %q is accepted", scheme, credentials)
			}
			return
		}
		if x.Identity != nil || refusal.Code() < 400 || refusal.Reason == nil || refusal.Cause == nil {
			t.Fatalf("%q %q: %+v, identity %v", scheme, credentials, refusal, x.Identity)
		}
	})
}

// FuzzObject holds the strict decoder against encoding/json: whatever it accepts the
// standard library reads the same way.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":[true,null,"x"],"c":{"d":-1.5e+3}}`, `{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, `{"a":"\ud83d\ude00"}`, `{"a":"\ud800"}`,
		`{"a":01}`, `{"a":.5}`, `{"a":1}x`, ` {"a" : [ ] } `, `{"a":"\x"}`, "{\"a\":\"\x01\"}", `{"a":}`, `{,}`, `{"a":1,}`, `[1]`, `1`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		got, ok := decodeObject(src)
		if !ok {
			return
		}
		var want map[string]any
		decoder := json.NewDecoder(strings.NewReader(src))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q is accepted, but: %v", src, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %v, want %v", src, got, want)
		}
	})
}

// FuzzBase64 holds that what is accepted has one spelling only.
func FuzzBase64(f *testing.F) {
	for _, seed := range []string{"", "AA", "AB", "AAA", "_-8", "+/8", "AA==", "A\nA", "A"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if data, ok := decodeBase64(text); ok && authtest.Base64(data) != text {
			t.Fatalf("%q is a second spelling of %q", text, authtest.Base64(data))
		}
	})
}

// FuzzKeySet holds that a set is either refused or has usable keys within bounds.
func FuzzKeySet(f *testing.F) {
	f.Add(authtest.Set(ecOne, edOne))
	f.Add(authtest.SetOf(ecOne.JWK(authtest.Claims{"use": "enc"}), hmacOne.JWK(nil)))
	f.Add(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"","y":""},1,null]}`)
	f.Add(ecOne.PEM())
	f.Add(`{"kty":"OKP","crv":"Ed25519","x":"AA"}`)
	token, _ := parse(ecOne.Token(good(nil), nil))
	f.Fuzz(func(t *testing.T, text string) {
		set, err := readKeySet([]byte(text), false)
		if err == nil && (set.size() == 0 || set.size() > maxKeys || set.algorithms()&hmacAlgorithms != 0) {
			t.Fatalf("%q gives a set of %d keys for %s", text, set.size(), set.algorithms().names())
		}
		if err == nil {
			set.verify(&token)
		}
		if set, err := readKeys([]byte(text)); err == nil {
			set.verify(&token)
		}
	})
}

// FuzzCaddyfile holds that the parser neither panics nor accepts an incomplete config.
func FuzzCaddyfile(f *testing.F) {
	for _, seed := range []string{
		"auth off", "auth https://idp.example {\n\taudience orders\n}", "auth {\n\tissuer https://a.example {\n\t\taudience any\n\t}\n}",
		"auth x {\n\tsecret {env.X}\n\taudience a b\n\talgorithms HS256\n\tleeway 1m\n\tmax_age 1h\n}",
		"auth https://a.example {\n\taudience a\n\tkeys {\n\t\trefresh 1h\n\t\thttp\n\t\tca x\n\t}\n\theader X-A sub\n\tscopes any a b\n\tforward_token off\n\tmode report\n}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
		if err != nil || len(tokens) == 0 {
			return
		}
		var h Handler
		if h.UnmarshalCaddyfile(caddyfile.NewDispenser(tokens)) != nil || h.Off {
			return
		}
		if len(h.Issuers) == 0 || h.check() != nil {
			t.Fatalf("%q is accepted as %+v", text, h)
		}
		for _, iss := range h.Issuers {
			if iss.Issuer == "" || len(iss.Audience) == 0 {
				t.Fatalf("%q is accepted without issuer or audience", text)
			}
			if e := iss.expectations(); e.judge(&verified{}, time.Now()) == none {
				t.Fatalf("%q accepts a token without expiration", text)
			}
		}
	})
}

func FuzzAPIKeys(f *testing.F) {
	f.Add(`{"keys": [{"id": "a", "keys": ["` + hashAPIKey("k") + `"], "scopes": ["s"], "issued": "2026-11-01T00:00:00Z"}]}`)
	f.Add(`{"keys": [{"id": "a", "keys": ["sha256:"], "metadata": {"sub": 1}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := readAPIKeys([]byte(text))
		if err != nil {
			return
		}
		for sum, k := range set {
			if k.holder.subject == "" || !k.holder.byKey || k.sum != sum {
				t.Fatalf("%q gives a key without holder", text)
			}
		}
	})
}
