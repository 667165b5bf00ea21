package auth

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"

	"gateway/internal/problem"
	"gateway/modules/auth/authtest"
)

var (
	rsaOne  = authtest.New("RS256", "r1")
	pssOne  = authtest.New("PS256", "p1")
	ecOne   = authtest.New("ES256", "e1")
	edOne   = authtest.New("EdDSA", "d1")
	hmacOne = authtest.New("HS256", "h1")
)

// attack is one hostile token and how it is refused.
type attack struct {
	name   string
	token  string
	reason *problem.Reason
	fault  fault
}

// compact puts a token together without signing it.
func compact(header, payload, signature string) string {
	return authtest.Base64([]byte(header)) + "." + authtest.Base64([]byte(payload)) + "." + signature
}

// text writes claims as JSON.
func text(claims authtest.Claims) string {
	data, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(data)
}

const es256Header = `{"alg":"ES256","kid":"e1"}`

// headerAttacks try to choose the algorithm or the key.
func headerAttacks() []attack {
	plain := text(good(nil))
	publicPEM := authtest.Secret("HS256", rsaOne.PEM())
	publicPEM.ID = "r1"
	publicModulus := authtest.Secret("HS256", string(rsaOne.Public().(*rsa.PublicKey).N.Bytes()))
	publicModulus.ID = "r1"
	stranger := authtest.New("ES256", "stranger")
	foreign := authtest.New("ES256", "foreign") // signs with the id of a key that is known
	foreign.ID = "e1"
	list := []attack{
		{"HS256 with the public RSA key as secret (CVE-2015-9235, CVE-2016-10555)", publicPEM.Token(good(nil), nil), problem.AuthAlgorithm, algorithmNotOfKey},
		{"HS256 with the modulus as secret", publicModulus.Token(good(nil), nil), problem.AuthAlgorithm, algorithmNotOfKey},
		{"RS512 over an RS256 key", rsaOne.Token(good(nil), authtest.Claims{"alg": "RS512"}), problem.AuthAlgorithm, algorithmNotOfKey},
		{"PS256 over an RS256 key", rsaOne.Token(good(nil), authtest.Claims{"alg": "PS256"}), problem.AuthAlgorithm, algorithmNotOfKey},
		{"alg absent", rsaOne.Token(good(nil), authtest.Claims{"alg": nil}), problem.AuthAlgorithm, noAlgorithm},
		{"alg is no string", rsaOne.Token(good(nil), authtest.Claims{"alg": []string{"RS256"}}), problem.AuthAlgorithm, noAlgorithm},
		{"alg in lower case", rsaOne.Token(good(nil), authtest.Claims{"alg": "rs256"}), problem.AuthAlgorithm, noAlgorithm},
		{"alg unknown", rsaOne.Token(good(nil), authtest.Claims{"alg": "foo"}), problem.AuthAlgorithm, noAlgorithm},
		{"alg ES256K", ecOne.Token(good(nil), authtest.Claims{"alg": "ES256K"}), problem.AuthAlgorithm, noAlgorithm},
		{"key embedded as jwk (CVE-2018-0114)", stranger.Token(good(nil), authtest.Claims{"jwk": stranger.JWK(nil)}), problem.AuthKeyUnknown, keyUnknown},
		{"key embedded as jwk under a known kid", foreign.Token(good(nil), authtest.Claims{"jwk": foreign.JWK(nil)}), problem.AuthSignature, badSignature},
		{"key behind jku", stranger.Token(good(nil), authtest.Claims{"jku": "http://127.0.0.1:1/jwks"}), problem.AuthKeyUnknown, keyUnknown},
		{"key behind x5u", stranger.Token(good(nil), authtest.Claims{"x5u": "http://127.0.0.1:1/cert"}), problem.AuthKeyUnknown, keyUnknown},
		{"key embedded as x5c", stranger.Token(good(nil), authtest.Claims{"x5c": []string{"AAAA"}}), problem.AuthKeyUnknown, keyUnknown},
		{"kid is a path", ecOne.Token(good(nil), authtest.Claims{"kid": "../../../../dev/null"}), problem.AuthKeyUnknown, keyUnknown},
		{"kid is an address", ecOne.Token(good(nil), authtest.Claims{"kid": "http://127.0.0.1:1/jwks"}), problem.AuthKeyUnknown, keyUnknown},
		{"kid in other case", ecOne.Token(good(nil), authtest.Claims{"kid": "E1"}), problem.AuthKeyUnknown, keyUnknown},
		{"kid of another key of the set", ecOne.Token(good(nil), authtest.Claims{"kid": "d1"}), problem.AuthAlgorithm, algorithmNotOfKey},
		{"kid is an injection", ecOne.Token(good(nil), authtest.Claims{"kid": "' OR 1=1 --"}), problem.AuthKeyUnknown, keyUnknown},
		{"kid is empty", ecOne.Token(good(nil), authtest.Claims{"kid": ""}), problem.AuthKeyUnknown, keyUnknown},
		{"kid is a number", ecOne.Token(good(nil), authtest.Claims{"kid": 1}), problem.AuthMalformed, badHeaderMember},
		{"typ is a list", ecOne.Token(good(nil), authtest.Claims{"typ": []string{"JWT"}}), problem.AuthMalformed, badHeaderMember},
		{"crit with an unknown extension (CVE-2026-35042)", ecOne.Token(good(nil), authtest.Claims{"crit": []string{"x"}, "x": 1}), problem.AuthMalformed, critical},
		{"crit empty", ecOne.Token(good(nil), authtest.Claims{"crit": []string{}}), problem.AuthMalformed, critical},
		{"crit null", ecOne.Compact(`{"alg":"ES256","kid":"e1","crit":null}`, plain), problem.AuthMalformed, critical},
		{"b64 false", ecOne.Token(good(nil), authtest.Claims{"b64": false}), problem.AuthMalformed, unencodedPayload},
		{"alg twice", ecOne.Compact(`{"alg":"none","alg":"ES256","kid":"e1"}`, plain), problem.AuthMalformed, headerNotJSON},
		{"kid twice, once escaped", ecOne.Compact(`{"alg":"ES256","kid":"e1","\u006bid":"r1"}`, plain), problem.AuthMalformed, headerNotJSON},
		{"header with trailing data", ecOne.Compact(es256Header+`{}`, plain), problem.AuthMalformed, headerNotJSON},
		{"header is a list", ecOne.Compact(`["ES256"]`, plain), problem.AuthMalformed, headerNotJSON},
		{"header with invalid UTF-8", ecOne.Compact("{\"alg\":\"ES256\",\"x\":\"\xff\"}", plain), problem.AuthMalformed, headerNotJSON},
		{"header with a byte order mark", ecOne.Compact("\ufeff"+es256Header, plain), problem.AuthMalformed, headerNotJSON},
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "none ", ""} {
		header := text(authtest.Claims{"alg": alg})
		list = append(list,
			attack{"alg " + alg + " without signature", compact(header, plain, ""), problem.AuthAlgorithm, noAlgorithm},
			attack{"alg " + alg + " with signature", compact(header, plain, "AAAA"), problem.AuthAlgorithm, noAlgorithm})
	}
	return list
}

// jwe puts an encrypted token together as far as anybody looks at it.
func jwe(header string) string {
	return authtest.Base64([]byte(header)) + ".AAAA.AAAAAAAAAAAAAAAA." + authtest.Base64([]byte(`{"alg":"none"}`)) + ".AAAAAAAAAAAAAAAAAAAAAA"
}

// formAttacks try another serialization or a second spelling of a token.
func formAttacks() []attack {
	token := ecOne.Token(good(nil), nil)
	parts := strings.Split(token, ".")
	padded := base64.URLEncoding.EncodeToString([]byte(es256Header))
	return []attack{
		{"JWE, five parts", "a.b.c.d.e", problem.AuthMalformed, encrypted},
		{"JWE with a password of many rounds (CVE-2023-49290, CVE-2024-28180)", jwe(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAA"}`), problem.AuthMalformed, encrypted},
		{"JWE that unfolds (CVE-2024-28122, CVE-2025-63811)", jwe(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`), problem.AuthMalformed, encrypted},
		{"an unsigned token inside a JWE (CVE-2026-29000)", jwe(`{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT","kid":"r1"}`), problem.AuthMalformed, encrypted},
		{"two parts", parts[0] + "." + parts[1], problem.AuthMalformed, notCompact},
		{"four parts", token + ".AAAA", problem.AuthMalformed, notCompact},
		{"many periods (CVE-2025-30204)", strings.Repeat(".", 10000), problem.AuthMalformed, notCompact},
		{"one word", "token", problem.AuthMalformed, notCompact},
		{"JSON serialization", `{"payload":"e30","signatures":[]}`, problem.AuthMalformed, twoTokens},
		{"JSON serialization without protected (CVE-2024-21664)", `{"payload":"e30","signature":"AAAA"}`, problem.AuthMalformed, twoTokens},
		{"padding in the signature", token + "==", problem.AuthMalformed, notBase64},
		{"padding in the header", padded + "." + parts[1] + "." + parts[2], problem.AuthMalformed, notBase64},
		{"standard alphabet", parts[0] + "." + parts[1] + ".ab+/", problem.AuthMalformed, notBase64},
		{"bits left over", parts[0] + "." + parts[1] + ".AB", problem.AuthMalformed, notBase64},
		{"length that base64 cannot have", parts[0] + "." + parts[1] + ".AAAAA", problem.AuthMalformed, notBase64},
		{"line break in the signature", parts[0] + "." + parts[1] + "." + parts[2][:10] + "\n" + parts[2][10:], problem.AuthMalformed, notBase64},
		{"white space inside", parts[0] + " ." + parts[1] + "." + parts[2], problem.AuthMalformed, twoTokens},
		{"white space behind", token + " ", problem.AuthMalformed, twoTokens},
		{"two tokens with a comma", token + ", Bearer " + token, problem.AuthMalformed, twoTokens},
		{"a parameter behind the token", token + ",x=1", problem.AuthMalformed, twoTokens},
		{"NUL", parts[0] + "." + parts[1] + ".\x00AAA", problem.AuthMalformed, notBase64},
		{"detached payload", parts[0] + ".." + parts[2], problem.AuthMalformed, claimsNotJSON},
		{"too long", parts[0] + "." + parts[1] + "." + strings.Repeat("A", maxToken), problem.AuthMalformed, tokenTooLong},
	}
}

// signatureAttacks try signatures that only look like one.
func signatureAttacks() []attack {
	signed := authtest.Base64([]byte(es256Header)) + "." + authtest.Base64([]byte(text(good(nil))))
	of := func(signature []byte) string { return signed + "." + authtest.Base64(signature) }
	real := ecOne.Sign([]byte(signed))
	order := ecOne.Public().(*ecdsa.PublicKey).Params().N
	r, s := new(big.Int).SetBytes(real[:32]), new(big.Int).SetBytes(real[32:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		panic(err)
	}
	shifted := new(big.Int).Add(r, order).FillBytes(make([]byte, 33))
	pss := authtest.Base64([]byte(`{"alg":"PS256","kid":"p1"}`)) + "." + authtest.Base64([]byte(text(good(nil))))
	rs := rsaOne.Token(good(nil), nil)
	rsParts := strings.Split(rs, ".")
	rsSignature, _ := base64.RawURLEncoding.DecodeString(rsParts[2])
	ed := edOne.Token(good(nil), nil)
	edParts := strings.Split(ed, ".")
	edSignature, _ := base64.RawURLEncoding.DecodeString(edParts[2])
	// s + L, the second spelling of an Ed25519 signature (RFC 8032 §8.4).
	l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	malleable := append(append([]byte(nil), edSignature[:32]...), reverse(new(big.Int).Add(new(big.Int).SetBytes(reverse(edSignature[32:])), l).FillBytes(make([]byte, 32)))...)
	return []attack{
		{"no signature", signed + ".", problem.AuthSignature, badSignature},
		{"r and s are zero (CVE-2022-21449)", of(make([]byte, 64)), problem.AuthSignature, badSignature},
		{"r and s are the order", of(append(order.Bytes(), order.Bytes()...)), problem.AuthSignature, badSignature},
		{"r is zero", of(append(make([]byte, 32), real[32:]...)), problem.AuthSignature, badSignature},
		{"s is zero", of(append(real[:32:32], make([]byte, 32)...)), problem.AuthSignature, badSignature},
		{"s is the order", of(append(real[:32:32], order.Bytes()...)), problem.AuthSignature, badSignature},
		{"r + order, one byte longer", of(append(shifted, real[32:]...)), problem.AuthSignature, badSignature},
		{"DER instead of r and s", of(der), problem.AuthSignature, badSignature},
		{"signature too short", of(real[:63]), problem.AuthSignature, badSignature},
		{"signature too long", of(append(real[:64:64], 0)), problem.AuthSignature, badSignature},
		{"signature of another token", signed + "." + strings.Split(ecOne.Token(good(authtest.Claims{"sub": "mallory"}), nil), ".")[2], problem.AuthSignature, badSignature},
		{"PSS with an empty salt", pss + "." + authtest.Base64(pssOne.SignPSS([]byte(pss), 0)), problem.AuthSignature, badSignature},
		{"PSS with a long salt", pss + "." + authtest.Base64(pssOne.SignPSS([]byte(pss), 100)), problem.AuthSignature, badSignature},
		{"RSA signature with a leading zero", rsParts[0] + "." + rsParts[1] + "." + authtest.Base64(append([]byte{0}, rsSignature...)), problem.AuthSignature, badSignature},
		{"RSA signature one byte short", rsParts[0] + "." + rsParts[1] + "." + authtest.Base64(rsSignature[:len(rsSignature)-1]), problem.AuthSignature, badSignature},
		{"RSA signature of zeros", rsParts[0] + "." + rsParts[1] + "." + authtest.Base64(make([]byte, len(rsSignature))), problem.AuthSignature, badSignature},
		{"Ed25519 signature of zeros", edParts[0] + "." + edParts[1] + "." + authtest.Base64(make([]byte, 64)), problem.AuthSignature, badSignature},
		{"Ed25519 signature in a second spelling", edParts[0] + "." + edParts[1] + "." + authtest.Base64(malleable), problem.AuthSignature, badSignature},
		{"payload changed", authtest.Base64([]byte(es256Header)) + "." + authtest.Base64([]byte(text(good(authtest.Claims{"sub": "root"})))) + "." + authtest.Base64(real), problem.AuthSignature, badSignature},
	}
}

func reverse(b []byte) []byte {
	r := make([]byte, len(b))
	for i := range b {
		r[len(b)-1-i] = b[i]
	}
	return r
}

// claimAttacks are signed well and say the wrong thing.
func claimAttacks() []attack {
	var list []attack
	claims := func(name string, more authtest.Claims, reason *problem.Reason, f fault) {
		list = append(list, attack{name, ecOne.Token(good(more), nil), reason, f})
	}
	raw := func(name, payload string, reason *problem.Reason, f fault) {
		list = append(list, attack{name, ecOne.Compact(es256Header, payload), reason, f})
	}
	claims("exp absent", authtest.Claims{"exp": nil}, problem.AuthClaims, noExpiration)
	claims("exp zero", authtest.Claims{"exp": 0}, problem.AuthExpired, expired)
	claims("exp long ago", authtest.Claims{"exp": 1000}, problem.AuthExpired, expired)
	claims("exp as text", authtest.Claims{"exp": "2099-01-01T00:00:00Z"}, problem.AuthMalformed, badTime)
	claims("exp as digits in text", authtest.Claims{"exp": "4070908800"}, problem.AuthMalformed, badTime)
	claims("exp true", authtest.Claims{"exp": true}, problem.AuthMalformed, badTime)
	claims("exp negative", authtest.Claims{"exp": -1}, problem.AuthMalformed, badTime)
	claims("exp beyond the year 9999", authtest.Claims{"exp": 1e15}, problem.AuthMalformed, badTime)
	claims("nbf in the future", authtest.Claims{"nbf": 4070908800}, problem.AuthNotYet, notYet)
	claims("nbf as text", authtest.Claims{"nbf": "0"}, problem.AuthMalformed, badTime)
	claims("iat in the future", authtest.Claims{"iat": 4070908800}, problem.AuthNotYet, issuedLater)
	claims("iss absent", authtest.Claims{"iss": nil}, problem.AuthIssuer, issuerAbsent)
	claims("iss with a trailing slash", authtest.Claims{"iss": testIssuer + "/"}, problem.AuthIssuer, issuerSlash)
	claims("iss in other case", authtest.Claims{"iss": "https://IDP.example"}, problem.AuthIssuer, issuerCase)
	claims("iss that begins like ours", authtest.Claims{"iss": testIssuer + ".evil.example"}, problem.AuthIssuer, issuerOther)
	claims("iss as list", authtest.Claims{"iss": []string{testIssuer}}, problem.AuthMalformed, badClaim)
	claims("iss null", authtest.Claims{"iss": json.RawMessage("null")}, problem.AuthMalformed, badClaim)
	claims("aud absent", authtest.Claims{"aud": nil}, problem.AuthAudience, audienceAbsent)
	claims("aud of another API", authtest.Claims{"aud": "billing"}, problem.AuthAudience, audienceOther)
	claims("aud that begins like ours", authtest.Claims{"aud": "orders-internal"}, problem.AuthAudience, audienceOther)
	claims("aud in other case", authtest.Claims{"aud": "Orders"}, problem.AuthAudience, audienceOther)
	claims("aud with ours in one text", authtest.Claims{"aud": "billing orders"}, problem.AuthAudience, audienceOther)
	claims("aud empty list", authtest.Claims{"aud": []string{}}, problem.AuthAudience, audienceOther)
	claims("aud list with a number", authtest.Claims{"aud": []any{"orders", 1}}, problem.AuthMalformed, badClaim)
	claims("aud object", authtest.Claims{"aud": authtest.Claims{"orders": true}}, problem.AuthMalformed, badClaim)
	claims("sub as number", authtest.Claims{"sub": 0}, problem.AuthMalformed, badClaim)
	claims("scope as object", authtest.Claims{"scope": authtest.Claims{"orders:read": true}}, problem.AuthMalformed, badClaim)
	claims("bound by cnf.jkt (RFC 9449 §7.2)", authtest.Claims{"cnf": authtest.Claims{"jkt": "x"}}, problem.AuthClaims, senderBound)
	claims("bound by cnf.x5t#S256 (RFC 8705 §3)", authtest.Claims{"cnf": authtest.Claims{"x5t#S256": "x"}}, problem.AuthClaims, senderBound)
	plain := text(good(nil))
	raw("claims twice over", plain+plain, problem.AuthMalformed, claimsNotJSON)
	raw("claims with trailing data", plain+"x", problem.AuthMalformed, claimsNotJSON)
	raw("claims in a list", "["+plain+"]", problem.AuthMalformed, claimsNotJSON)
	raw("a nested token", `"`+ecOne.Token(good(nil), nil)+`"`, problem.AuthMalformed, claimsNotJSON)
	raw("aud twice", `{"aud":"billing",`+plain[1:], problem.AuthMalformed, claimsNotJSON)
	raw("nested name twice", `{"x":{"a":1,"a":2},`+plain[1:], problem.AuthMalformed, claimsNotJSON)
	raw("lone surrogate", `{"x":"\ud800",`+plain[1:], problem.AuthMalformed, claimsNotJSON)
	raw("invalid UTF-8", "{\"x\":\"\xc3\",", problem.AuthMalformed, claimsNotJSON)
	raw("deep nesting", strings.Repeat(`{"a":`, 2000)+"1"+strings.Repeat("}", 2000), problem.AuthMalformed, claimsNotJSON)
	raw("number that overflows", strings.Replace(plain, `"exp":`, `"exp":1e9999,"e":`, 1), problem.AuthMalformed, badTime)
	raw("NaN", strings.Replace(plain, `"exp":`, `"exp":NaN,"e":`, 1), problem.AuthMalformed, claimsNotJSON)
	return list
}
