package secret

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// Field returns the value of a header field as it may be shown, and whether something
// of it is masked. Of credentials the scheme is left, and of a signed token the id of
// its key and the algorithm; of cookies the names.
func Field(name, value string) (shown string, masked bool) {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization":
		return credentials(value), true
	case "cookie":
		return cookies(value), true
	case "set-cookie":
		pair, attributes, has := strings.Cut(value, ";")
		if has {
			attributes = ";" + attributes
		}
		return cookie(pair) + attributes, true
	}
	if value == "" {
		return "", false
	}
	if field(name) {
		return Cover, true
	}
	text, names := Text([]byte(value))
	if shown = string(text); len(names) > 0 {
		return shown, true
	}
	shown = Tokens(shown)
	return shown, shown != value
}

func credentials(value string) string {
	scheme, token, has := strings.Cut(value, " ")
	if !has || len(scheme) > 20 || strings.ContainsAny(scheme, "=,\"") {
		return Cover
	}
	return scheme + " " + Cover + tokenKey(strings.TrimSpace(token))
}

// tokenKey tells which key has signed a token, if it says so.
func tokenKey(token string) string {
	first, _, has := strings.Cut(token, ".")
	if !has || len(first) > 1<<10 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return ""
	}
	var header struct{ Kid, Alg string }
	if json.Unmarshal(text, &header) != nil {
		return ""
	}
	var told []string
	if header.Kid != "" && len(header.Kid) <= 64 {
		told = append(told, "kid "+Tokens(header.Kid))
	}
	if header.Alg != "" && len(header.Alg) <= 16 {
		told = append(told, "alg "+header.Alg)
	}
	if told == nil {
		return ""
	}
	return " (" + strings.Join(told, ", ") + ")"
}

func cookies(value string) string {
	pairs := strings.Split(value, ";")
	for i, pair := range pairs {
		pairs[i] = cookie(strings.TrimSpace(pair))
	}
	return strings.Join(pairs, "; ")
}

// cookie keeps the name. What has none may be all value.
func cookie(pair string) string {
	name, _, has := strings.Cut(pair, "=")
	if !has {
		return Cover
	}
	return Tokens(name) + "=" + Cover
}

// Query masks a query or a form, and names the parameters whose values are not shown.
func Query(query string) (shown string, names []string) {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, has := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if has && value != "" && Member(plain) {
			pairs[i], names = name+"="+Cover, append(names, plain)
			continue
		}
		text, err := url.QueryUnescape(pair)
		if err != nil {
			text = pair
		}
		if Tokens(text) != text {
			pairs[i], names = Tokens(name)+"="+Cover, append(names, Tokens(plain))
		}
	}
	return strings.Join(pairs, "&"), names
}
