package validate

import (
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// tokens yields the reference tokens of a JSON Pointer, decoded (RFC 6901 §4).
func tokens(pointer string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if pointer == "" {
			return
		}
		for token := range strings.SplitSeq(pointer[1:], "/") {
			if !yield(unescapeToken(token)) {
				return
			}
		}
	}
}

// join appends a reference token to a JSON Pointer.
func join(pointer, token string) string { return pointer + "/" + escapeToken(token) }

var (
	tokenEscaper   = strings.NewReplacer("~", "~0", "/", "~1")
	tokenUnescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

func escapeToken(token string) string { return tokenEscaper.Replace(token) }

func unescapeToken(token string) string {
	if !strings.Contains(token, "~") {
		return token
	}
	return tokenUnescaper.Replace(token)
}

// unescapeFragment decodes the percent-encoding of a pointer in a URL fragment
// (RFC 6901 §6). What is none stays as it is.
func unescapeFragment(fragment string) string {
	if decoded, err := url.PathUnescape(fragment); err == nil {
		return decoded
	}
	return fragment
}

// parent cuts the last reference token off a JSON Pointer.
func parent(pointer string) string {
	return pointer[:max(0, strings.LastIndexByte(pointer, '/'))]
}

// lastToken returns the last reference token of a JSON Pointer, decoded.
func lastToken(pointer string) string {
	return unescapeToken(pointer[strings.LastIndexByte(pointer, '/')+1:])
}

// lookup returns what a JSON Pointer leads to within a decoded document.
func lookup(root any, pointer string) (any, bool) {
	for token := range tokens(pointer) {
		switch v := root.(type) {
		case map[string]any:
			member, ok := v[token]
			if !ok {
				return nil, false
			}
			root = member
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			root = v[i]
		default:
			return nil, false
		}
	}
	return root, true
}
