package auth

import (
	"net/http"
	"strings"
)

// maxToken bounds the length of a token in bytes. Caddy's default for all request
// fields together is as much.
const maxToken = 16 << 10

// bearer returns the token of a request's Authorization field (RFC 6750 §2.1). The
// scheme has no case (RFC 9110 §11.1). Tokens in other places are not looked at.
func bearer(header http.Header) (string, fault) {
	fields := header["Authorization"]
	switch len(fields) {
	case 0:
		return "", noToken
	case 1:
	default:
		return "", twoFields
	}
	scheme, token, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", otherScheme
	}
	token = strings.TrimLeft(token, " ")
	switch {
	case token == "":
		return "", emptyToken
	case strings.ContainsAny(token, " ,"):
		return "", twoTokens
	case len(token) > maxToken:
		return "", tokenTooLong
	}
	return token, none
}
