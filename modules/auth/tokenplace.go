package auth

import (
	"net/http"
	"net/url"
	"strings"
)

// tokenPlace is a place of the request that a token may come in.
type tokenPlace struct {
	kind placeKind
	// name is that of the field (canonical), cookie or parameter, or the prefix of the
	// subprotocol.
	name string
	// scheme stands before the token in a field; "" if nothing does.
	scheme string
}

type placeKind uint8

const (
	inHeader placeKind = iota
	inCookie
	inQuery
	inSubprotocol
)

// subprotocols is the field in which a browser, which can set no other for a
// WebSocket, offers subprotocols (RFC 6455 §11.3.4).
const subprotocols = "Sec-Websocket-Protocol"

// findToken returns the only token in the given places. A request with two tokens is
// refused, even if they are equal: a client must not use two methods (RFC 6750 §2),
// and which of them somebody behind us would believe is anybody's guess.
func findToken(r *http.Request, places []tokenPlace) (text string, f fault) {
	nothing := noToken
	for i := range places {
		token, f := places[i].find(r)
		switch {
		case f == noToken:
		case f == otherScheme:
			nothing = f
		case f != none:
			return "", f
		case text != "":
			return "", twoPlaces
		default:
			text = token
		}
	}
	if text == "" {
		return "", nothing
	}
	return text, none
}

func (p *tokenPlace) find(r *http.Request) (string, fault) {
	switch p.kind {
	case inCookie:
		return p.inCookies(r.Header["Cookie"])
	case inQuery:
		return p.inQuery(r.URL.RawQuery)
	case inSubprotocol:
		return p.inSubprotocols(r.Header[subprotocols])
	}
	return fieldToken(r.Header[p.name], p.scheme)
}

// inCookies finds the token among cookies. A cookie that is empty has been deleted.
func (p *tokenPlace) inCookies(fields []string) (string, fault) {
	found, text := false, ""
	for _, field := range fields {
		for pair := range strings.SplitSeq(field, ";") {
			if !p.isCookie(pair) {
				continue
			}
			if found {
				return "", twoPlaces
			}
			_, value, _ := strings.Cut(pair, "=")
			found, text = true, unquoted(strings.Trim(value, " \t"))
		}
	}
	if text == "" {
		return "", noToken
	}
	return text, tokenForm(text)
}

// isCookie tells whether a cookie is the token. Servers trim white space around names.
func (p *tokenPlace) isCookie(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	return strings.Trim(name, " \t") == p.name
}

// unquoted takes the quotes off a cookie's value (RFC 6265 §4.1.1).
func unquoted(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// inQuery finds the token among the parameters of the query, in whatever spelling:
// the name may have escapes in it, and would be read all the same behind us.
func (p *tokenPlace) inQuery(query string) (string, fault) {
	found, text := false, ""
	for pair := range strings.SplitSeq(query, "&") {
		if !p.isParameter(pair) {
			continue
		}
		if found {
			return "", twoPlaces
		}
		_, value, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(value)
		if err != nil {
			return "", notBase64
		}
		found, text = true, value
	}
	if !found {
		return "", noToken
	}
	return text, tokenForm(text)
}

func (p *tokenPlace) isParameter(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	if name == p.name {
		return true
	}
	if !strings.ContainsAny(name, "%+") {
		return false
	}
	name, err := url.QueryUnescape(name)
	return err == nil && name == p.name
}

// inSubprotocols finds the token among the subprotocols that a client offers.
func (p *tokenPlace) inSubprotocols(fields []string) (string, fault) {
	found, text := false, ""
	for _, field := range fields {
		for offer := range strings.SplitSeq(field, ",") {
			token, ok := strings.CutPrefix(strings.Trim(offer, " \t"), p.name)
			if !ok {
				continue
			}
			if found {
				return "", twoPlaces
			}
			found, text = true, token
		}
	}
	if !found {
		return "", noToken
	}
	return text, tokenForm(text)
}

// strip takes the token out of its place. What is left is what the client meant for
// the service.
func (p *tokenPlace) strip(r *http.Request) {
	switch p.kind {
	case inHeader:
		delete(r.Header, p.name)
	case inCookie:
		keepOthers(r.Header, "Cookie", ";", "; ", p.isCookie)
	case inSubprotocol:
		keepOthers(r.Header, subprotocols, ",", ", ", func(offer string) bool { return strings.HasPrefix(offer, p.name) })
	case inQuery:
		r.URL.RawQuery = p.stripQuery(r.URL.RawQuery)
	}
}

// keepOthers rewrites a field that is a list without the items that match.
func keepOthers(header http.Header, field, separator, glue string, matches func(string) bool) {
	var kept []string
	found := false
	for _, value := range header[field] {
		for item := range strings.SplitSeq(value, separator) {
			switch item = strings.Trim(item, " \t"); {
			case item == "":
			case matches(item):
				found = true
			default:
				kept = append(kept, item)
			}
		}
	}
	switch {
	case !found:
	case kept == nil:
		delete(header, field)
	default:
		header[field] = []string{strings.Join(kept, glue)}
	}
}

// stripQuery returns a query without the parameter, and everything else as it is.
func (p *tokenPlace) stripQuery(query string) string {
	if !strings.Contains(query, p.name) && !strings.ContainsAny(query, "%+") {
		return query
	}
	var kept strings.Builder
	for pair := range strings.SplitSeq(query, "&") {
		if p.isParameter(pair) {
			continue
		}
		if kept.Len() > 0 {
			kept.WriteByte('&')
		}
		kept.WriteString(pair)
	}
	return kept.String()
}
