package auth

import (
	"errors"
	"mime"
	"slices"
	"strings"
)

// readAnswer reads what an issuer says about a token (RFC 7662 §2.2), in the form of a
// verified token. Without token and error the token is not active. The errors hold
// nothing of the answer.
func readAnswer(contentType string, body []byte) (*verified, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case kind == "application/token-introspection+jwt":
		return nil, errors.New("its answer is a signed JWT (RFC 9701), which is not understood here; have the issuer answer this client in plain JSON")
	case err != nil || kind != "application/json":
		return nil, errors.New("its answer is not application/json; is it the address of an introspection endpoint?")
	}
	object, ok := decodeObject(string(body))
	if !ok {
		return nil, unusable("its answer is not one strict JSON object")
	}
	active, ok := object["active"].(bool)
	switch {
	case !ok:
		return nil, unusable(`its answer does not have true or false for "active"`)
	case !active:
		return nil, nil
	}
	delete(object, "active")
	for name, value := range object {
		if value == nil {
			delete(object, name) // some issuers write what they have nothing to say about
		}
	}
	v, f := readClaims(&token{claims: object, signed: body})
	if f != none {
		return nil, unusable("its answer cannot be used: " + faults[f].cause)
	}
	v.introspected = true
	v.misused = !saysAccessToken(object)
	if kind, _ := object["token_type"].(string); strings.EqualFold(kind, "DPoP") && !v.bound {
		v.bound, v.binding.other = true, true // to what is not said (RFC 9449 §6.2)
	}
	return v, nil
}

// unusable is an answer that may be as it is because of what is in the token.
func unusable(why string) error { return aboutToken{errors.New(why)} }

// saysAccessToken tells whether an answer is about an access token. Many issuers tell
// about refresh tokens and ID tokens as well, which are active and no access tokens.
// token_type is that of RFC 7662; token_use and typ are what issuers have beside it.
func saysAccessToken(object map[string]any) bool {
	among := func(name string, words ...string) bool {
		text, _ := object[name].(string)
		return slices.Contains(words, strings.ToLower(text))
	}
	_, hasType := object["token_type"]
	_, hasUse := object["token_use"]
	switch {
	case hasType && !among("token_type", "bearer", "dpop", "access_token"):
		return false
	case hasUse && !among("token_use", "access_token", "access"):
		return false
	}
	return !among("typ", "refresh", "offline", "id", "logout")
}
