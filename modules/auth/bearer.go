package auth

import (
	"net/http"
	"strings"
)

// maxToken bounds the length of a token in bytes. Caddy's default for all request
// fields together is as much.
const maxToken = 16 << 10

// bearer returns the token of a request's Authorization field (RFC 6750 §2.1).
func bearer(header http.Header) (string, fault) { return fieldToken(header["Authorization"], "Bearer") }

// fieldToken returns the token of a field, behind a scheme if there is to be one. The
// scheme has no case (RFC 9110 §11.1).
func fieldToken(fields []string, scheme string) (string, fault) {
	switch len(fields) {
	case 0:
		return "", noToken
	case 1:
	default:
		return "", twoFields
	}
	token := fields[0]
	if scheme != "" {
		given, rest, _ := strings.Cut(token, " ")
		if !strings.EqualFold(given, scheme) {
			return "", otherScheme
		}
		token = strings.TrimLeft(rest, " ")
	}
	return token, tokenForm(token)
}

// tokenForm tells whether text is one word of bounded length.
func tokenForm(text string) fault {
	switch {
	case text == "":
		return emptyToken
	case strings.IndexByte(text, ' ') >= 0, strings.IndexByte(text, ',') >= 0: // five times as fast as ContainsAny
		return twoTokens
	case len(text) > maxToken:
		return tokenTooLong
	}
	return none
}
