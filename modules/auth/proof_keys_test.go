package auth

import (
	"strings"
	"testing"

	"gateway/modules/auth/authtest"
)

// hostileKeys are members of a fetched key set that verify nothing, and what the
// warning about them says. Beside each of them stands a good key.
var hostileKeys = []struct {
	name string
	jwk  authtest.Claims
	says string
}{
	{"a secret", hmacOne.JWK(nil), "secret"},
	{"a secret that says RSA", authtest.Claims{"kty": "RSA", "kid": "x", "k": "AAAA"}, "secret"},
	{"a private key", ecOne.JWK(authtest.Claims{"kid": "x", "d": authtest.Base64(make([]byte, 32))}), "private"},
	{"for encryption", rsaOne.JWK(authtest.Claims{"kid": "x", "use": "enc"}), `"use"`},
	{"use is a list", rsaOne.JWK(authtest.Claims{"kid": "x", "use": []string{"sig"}}), `"use"`},
	{"to sign with", rsaOne.JWK(authtest.Claims{"kid": "x", "key_ops": []string{"sign"}}), `"key_ops"`},
	{"key_ops is a number", rsaOne.JWK(authtest.Claims{"kid": "x", "key_ops": 1}), `"key_ops"`},
	{"alg none", rsaOne.JWK(authtest.Claims{"kid": "x", "alg": "none"}), `"alg"`},
	{"alg HS256 with a public key", rsaOne.JWK(authtest.Claims{"kid": "x", "alg": "HS256"}), `"alg"`},
	{"alg of another curve", ecOne.JWK(authtest.Claims{"kid": "x", "alg": "ES384"}), `"alg"`},
	{"alg of an encryption", rsaOne.JWK(authtest.Claims{"kid": "x", "alg": "RSA-OAEP"}), `"alg"`},
	{"alg is a number", rsaOne.JWK(authtest.Claims{"kid": "x", "alg": 1}), ""},
	{"kid is a number", rsaOne.JWK(authtest.Claims{"kid": 1}), `"kid"`},
	{"RSA of 1024 bits", authtest.Claims{"kty": "RSA", "kid": "x", "n": authtest.Base64([]byte(strings.Repeat("\xff", 128))), "e": "AQAB"}, "1024 bits"},
	{"RSA of 16384 bits", authtest.Claims{"kty": "RSA", "kid": "x", "n": authtest.Base64([]byte(strings.Repeat("\xff", 2048))), "e": "AQAB"}, "16384 bits"},
	{"RSA with exponent 1", rsaOne.JWK(authtest.Claims{"kid": "x", "e": "AQ"}), "exponent"},
	{"RSA with an even exponent", rsaOne.JWK(authtest.Claims{"kid": "x", "e": "BA"}), "exponent"},
	{"RSA without modulus", rsaOne.JWK(authtest.Claims{"kid": "x", "n": nil}), ""},
	{"a point off the curve (invalid curve attack)", ecOne.JWK(authtest.Claims{"kid": "x", "y": authtest.Base64(make([]byte, 32))}), ""},
	{"the point at infinity", ecOne.JWK(authtest.Claims{"kid": "x", "x": "", "y": ""}), ""},
	{"a curve that is not ours", ecOne.JWK(authtest.Claims{"kid": "x", "crv": "secp256k1"}), ""},
	{"Ed25519 too short", edOne.JWK(authtest.Claims{"kid": "x", "x": "AAAA"}), ""},
	{"X25519", edOne.JWK(authtest.Claims{"kid": "x", "crv": "X25519"}), ""},
	{"kty unknown", authtest.Claims{"kty": "AKP", "kid": "x"}, ""},
	{"kty absent", authtest.Claims{"kid": "x"}, ""},
}

// A key that cannot be used is left out with a warning; the others stay (RFC 7517 §5).
func TestHostileKeysAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, test := range hostileKeys {
		set, err := readKeySet([]byte(authtest.SetOf(test.jwk, edOne.JWK(nil))), false)
		switch {
		case err != nil:
			t.Errorf("%s: the whole set is refused: %v", test.name, err)
		case set.size() != 1 || set.named["d1"] == nil:
			t.Errorf("%s: %d keys are usable, want the good one", test.name, set.size())
		case len(set.warnings) != 1 || !strings.Contains(set.warnings[0], test.says):
			t.Errorf("%s: the warnings are %q", test.name, set.warnings)
		}
		if _, err := readKeySet([]byte(authtest.SetOf(test.jwk)), false); err == nil {
			t.Errorf("%s: a set of nothing else is accepted", test.name)
		}
	}
}

// Which of two keys of one kid is meant would be a guess, so neither is used.
func TestTwoKeysOfOneKid(t *testing.T) {
	t.Parallel()
	other := authtest.New("ES256", "other")
	set, err := readKeySet([]byte(authtest.SetOf(ecOne.JWK(nil), other.JWK(authtest.Claims{"kid": ecOne.ID}), edOne.JWK(nil))), false)
	if err != nil || set.size() != 1 || len(set.warnings) != 2 {
		t.Fatalf("got %v, %d keys, warnings %q", err, set.size(), set.warnings)
	}
	h := handlerWith(&issuer{keys: newStaticKeys(set), expectations: expectations{anyIssuer: true, anyAudience: true, algorithms: publicAlgorithms}})
	if got := answer(h, fresh(ecOne)); got != "auth.key_unknown" {
		t.Errorf("a token of the doubtful kid gets %q", got)
	}
	if got := answer(h, fresh(edOne)); got != "" {
		t.Errorf("a token of the other kid gets %q", got)
	}
}

// A set has a bound, and one spelling.
func TestHostileKeySets(t *testing.T) {
	t.Parallel()
	many := make([]authtest.Claims, maxKeys+1)
	for i := range many {
		many[i] = edOne.JWK(authtest.Claims{"kid": strings.Repeat("x", i+1)})
	}
	for name, text := range map[string]string{
		"too many keys":     authtest.SetOf(many...),
		"keys twice":        `{"keys":[],"keys":[` + text(edOne.JWK(nil)) + `]}`,
		"a kid twice":       `{"keys":[` + strings.Replace(text(edOne.JWK(nil)), "{", `{"kid":"e1",`, 1) + `]}`,
		"a list":            `[` + text(edOne.JWK(nil)) + `]`,
		"trailing data":     authtest.Set(edOne) + "x",
		"a byte order mark": "\ufeff" + authtest.Set(edOne),
		"invalid UTF-8":     "{\"x\":\"\xff\"," + authtest.Set(edOne)[1:],
		"deep nesting":      `{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "," + authtest.Set(edOne)[1:],
		"nothing":           "",
		"null":              "null",
	} {
		if set, err := readKeySet([]byte(text), false); err == nil {
			t.Errorf("%s: accepted with %d keys", name, set.size())
		}
	}
}
