package auth

import "strings"

// claimNames are the claims that an issuer has for what others have in registered ones.
// The zero value names the registered ones.
type claimNames struct {
	// user is the claim that is the caller's name, instead of sub; scopes is the one
	// that has the scopes, instead of scope, or else scp. Dots lead into nested objects.
	user, scopes string
}

// as returns the token as an issuer's names have it. Handlers that share the keys of an
// issuer share its tokens, and need not agree about names; those that do share the
// result, too.
func (v *verified) as(names claimNames) *verified {
	if v.names == names {
		return v
	}
	named := *v
	named.names, named.user = names, v.subject
	if names.user != "" {
		claim, _ := v.claim(names.user)
		named.user, _ = scalar(claim)
	}
	if names.scopes == "" {
		named.scopes, _ = scopeClaim(v.claims) // has the right type: see readClaims
		return &named
	}
	claim, _ := v.claim(names.scopes)
	named.scopes, _ = scopeList(claim)
	return &named
}

// scopeClaim reads the granted scopes: "scope", a list with spaces between its
// items (RFC 8693 §4.2, RFC 9068 §2.2.3), or else "scp", the name that some issuers
// use. Both are taken as a JSON list too.
func scopeClaim(claims map[string]any) ([]string, bool) {
	claim, has := claims["scope"]
	if !has {
		claim, has = claims["scp"]
	}
	if !has {
		return nil, true
	}
	return scopeList(claim)
}

func scopeList(claim any) ([]string, bool) {
	if text, ok := claim.(string); ok {
		return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), true
	}
	return stringList(claim)
}
