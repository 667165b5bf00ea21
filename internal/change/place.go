package change

import (
	"slices"
	"strings"
)

// place is where a step works, relative to the value that its change applies to: the
// tokens of a JSON Pointer, of which "*" is every item of an array and every member of
// a map. Without tokens it is the value itself.
type place struct {
	word
	tokens []string
}

// every is the token that stands for all items or members.
const every = "*"

// itself is how a place is written that is the value itself.
const itself = "."

// parsePlace reads "qty", "/items/*/qty" or ".". It returns what is wrong, or "".
func parsePlace(w word) (place, string) {
	p := place{word: w}
	text := w.text
	switch {
	case text == "":
		return p, "a place is missing"
	case text == itself:
		return p, ""
	case text[0] != '/':
		text = "/" + text
	}
	for token := range strings.SplitSeq(text[1:], "/") {
		if token == "" {
			return p, "a place has an empty name in it"
		}
		p.tokens = append(p.tokens, unescapeToken(token))
	}
	if len(p.tokens) > maxDepth {
		return p, "a place is too deep"
	}
	return p, ""
}

var (
	escapeToken   = strings.NewReplacer("~", "~0", "/", "~1").Replace
	unescapeToken = strings.NewReplacer("~1", "/", "~0", "~").Replace
)

// parent is the place around, and the last token.
func (p place) parent() ([]string, string) {
	n := len(p.tokens) - 1
	return p.tokens[:n], p.tokens[n]
}

// pointer writes tokens as a JSON Pointer (RFC 6901).
func pointer(tokens []string) string {
	var out []byte
	for _, t := range tokens {
		out = append(append(out, '/'), escapeToken(t)...)
	}
	return string(out)
}

// common splits places that belong together: the tokens up to the last "*", which all
// of them share, and what is left of each. ok is false if a "*" stands behind that.
func common(places ...place) (base []string, rest [][]string, ok bool) {
	n := 0
	for _, p := range places {
		if i := lastEvery(p.tokens); i+1 > n {
			n = i + 1
		}
	}
	for _, p := range places {
		if len(p.tokens) <= n || !slices.Equal(p.tokens[:n], places[0].tokens[:n]) {
			return nil, nil, false
		}
		rest = append(rest, p.tokens[n:])
	}
	return places[0].tokens[:n], rest, true
}

func lastEvery(tokens []string) int {
	for i := len(tokens) - 1; i >= 0; i-- {
		if tokens[i] == every {
			return i
		}
	}
	return -1
}

// collect appends the values that tokens lead to, of those that are there.
func collect(dst []*value, v *value, tokens []string) []*value {
	for i, token := range tokens {
		if token != every {
			if v = v.get(token); v == nil {
				return dst
			}
			continue
		}
		if !v.open() {
			return dst
		}
		for _, item := range v.items {
			dst = collect(dst, item, tokens[i+1:])
		}
		for j := range v.members {
			dst = collect(dst, v.members[j].value, tokens[i+1:])
		}
		return dst
	}
	return append(dst, v)
}
