package change

import (
	"fmt"
	"net/textproto"

	"gateway/internal/finding"
)

// naming puts the tokens of a place into the form of a part that is no JSON.
type naming func(tokens []string) (flaw, hint string)

// sources are where parameters stand.
var sources = []string{"query", "path", "header", "cookie"}

// parameterNames are places such as query/limit.
func parameterNames(tokens []string) (flaw, hint string) {
	switch {
	case len(tokens) < 2:
		return "a parameter is named by where it stands and its name", "such as query/limit"
	case !contains(sources, tokens[0]):
		return fmt.Sprintf("parameters do not stand in %q", tokens[0]), finding.Suggest(tokens[0], sources...)
	case tokens[0] == "header":
		tokens[1] = textproto.CanonicalMIMEHeaderKey(tokens[1])
		if contains(framing, tokens[1]) || tokens[1] == "Cookie" {
			return fmt.Sprintf("%s is not a matter of the API", tokens[1]), "the gateway keeps it right by itself; cookies are cookie/<name>"
		}
	}
	return "", ""
}

// framing are the fields that messages are told apart and read by, of which no step may
// make another message (RFC 9110 §7.6.1).
var framing = []string{
	"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade",
}

// headerNames are names of header fields; case does not count.
func headerNames(tokens []string) (flaw, hint string) {
	if len(tokens) != 1 {
		return "a header field is named by its name alone", "such as X-Total"
	}
	tokens[0] = textproto.CanonicalMIMEHeaderKey(tokens[0])
	switch name := tokens[0]; {
	case contains(framing, name), name == "Set-Cookie", name == "Vary", name == "Date":
		return fmt.Sprintf("%s is not a matter of the API", tokens[0]), "the gateway keeps it right by itself"
	}
	return "", ""
}
