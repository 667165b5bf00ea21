// Package canonical decides whether a request path has exactly one reading, and
// gives it its plain spelling.
package canonical

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Path tells whether the path of u has one reading, and rewrites it to its plain
// spelling where a harmless character was percent-encoded, so that routing, policy,
// metrics and the upstream all see the same (RFC 3986 §6.2.2.2). It is false for
//
//   - a path that does not begin with "/" (authority and asterisk form),
//   - an encoded or plain backslash, an encoded slash, NUL or another control,
//   - an empty segment and dot segments, encoded or not,
//   - ";", which some servers cut off as a path parameter, unless parameters says
//     that the operations at hand have such parameters,
//   - double encoding: a decoded path that decodes again,
//   - bytes that are not UTF-8 once decoded.
//
// An ordinary path costs one pass and no allocation.
func Path(u *url.URL, parameters bool) bool {
	path := u.Path
	if path == "" || path[0] != '/' || !parameters && Parameters(path) {
		return false
	}
	if !plainBytes(path) || !plainSegments(path) {
		return false
	}
	if u.RawPath == "" {
		return true
	}
	if hasEncodedSlash(u.RawPath) {
		return false
	}
	u.RawPath = "" // EscapedPath now gives the one canonical encoding of Path
	return true
}

// Parameters tells whether segments of a path have parameters (RFC 3986 §3.3).
func Parameters(path string) bool { return strings.IndexByte(path, ';') >= 0 }

// plainBytes looks at the decoded path.
func plainBytes(path string) bool {
	ascii := true
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c < 0x20, c == 0x7f, c == '\\':
			return false
		case c == '%' && i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2]):
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || plainRunes(path)
}

// plainRunes looks for what is not UTF-8, and for the controls beyond ASCII.
func plainRunes(path string) bool {
	for _, r := range path {
		if unicode.IsControl(r) {
			return false
		}
	}
	return utf8.ValidString(path)
}

// plainSegments refuses empty and dot segments. One slash at the end is plain.
func plainSegments(path string) bool {
	for i := 0; i+1 < len(path); i++ {
		if path[i] == '/' && (path[i+1] == '/' || path[i+1] == '.' && dots(path[i+1:])) {
			return false
		}
	}
	return true
}

// dots tells whether a path begins with a dot segment; parameters do not change what
// it is.
func dots(path string) bool {
	end := strings.IndexAny(path, "/;")
	if end < 0 {
		end = len(path)
	}
	return path[:end] == "." || path[:end] == ".."
}

func hasEncodedSlash(raw string) bool {
	for i := 0; i+2 < len(raw); i++ {
		if raw[i] == '%' && raw[i+1] == '2' && raw[i+2]|0x20 == 'f' {
			return true
		}
	}
	return false
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
