package validate

import (
	"strings"
	"unicode/utf8"
)

// pair is one name=value of a query string or form, the name decoded, the value as it
// was sent.
type pair struct{ name, raw string }

// pairs yields the pairs of a query string. Only "&" separates them: ";" is an
// ordinary character (WHATWG URL §5.1), whatever older parsers made of it. ok is
// false for a name that is not valid percent-encoding or not UTF-8.
func pairs(query string, yield func(p pair, ok bool) bool) {
	for query != "" {
		var part string
		part, query, _ = strings.Cut(query, "&")
		if part == "" {
			continue
		}
		name, raw, _ := strings.Cut(part, "=")
		name, ok := decodeText(name)
		if !yield(pair{name, raw}, ok) {
			return
		}
	}
}

// decodeText decodes percent-encoding and "+" as a space. It is false for what is not
// valid, and for bytes that are not UTF-8.
func decodeText(s string) (string, bool) {
	plain, ascii := true, true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' || c == '+':
			plain = false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if plain {
		return s, ascii || utf8.ValidString(s)
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			decoded = append(decoded, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			high, ok1 := unhex(s[i+1])
			low, ok2 := unhex(s[i+2])
			if !ok1 || !ok2 {
				return "", false
			}
			decoded = append(decoded, high<<4|low)
			i += 2
		default:
			decoded = append(decoded, c)
		}
	}
	return string(decoded), utf8.Valid(decoded)
}
