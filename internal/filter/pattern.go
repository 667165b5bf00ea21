package filter

import (
	"strconv"
	"strings"
)

// value is what a key is compared with.
type value struct {
	op operator
	// limit is what a number is compared with.
	limit float64
	// parts are the pieces of a text between its wildcards, in lower case. Open ends
	// are wildcards too.
	parts               []string
	openStart, openStop bool
}

type operator uint8

const (
	like operator = iota
	equal
	atLeast
	atMost
	above
	below
)

// operators in the order in which they are tried.
var operators = []struct {
	text string
	op   operator
}{{">=", atLeast}, {"<=", atMost}, {">", above}, {"<", below}, {"=", equal}}

// pattern makes a value of a text with wildcards.
func pattern(text string) value {
	parts := strings.Split(strings.ToLower(text), "*")
	v := value{parts: parts[:0]}
	v.openStart, v.openStop = len(parts) > 1 && parts[0] == "", len(parts) > 1 && parts[len(parts)-1] == ""
	for _, part := range parts {
		if part != "" {
			v.parts = append(v.parts, part)
		}
	}
	return v
}

// literal makes a value of a quoted text, in which "*" is just a character.
func literal(text string) value {
	if text == "" {
		return value{}
	}
	return value{parts: []string{strings.ToLower(text)}}
}

// text tells whether a text matches. It takes time in proportion to the text's length
// and the number of parts, whatever both are.
func (v *value) text(text string) bool {
	if v.op != like {
		return false
	}
	text = strings.ToLower(text)
	if len(v.parts) == 0 {
		return v.openStart || text == ""
	}
	last := len(v.parts) - 1
	for i, part := range v.parts {
		switch {
		case i == last && !v.openStop:
			if i == 0 && !v.openStart {
				return text == part
			}
			return strings.HasSuffix(text, part)
		case i == 0 && !v.openStart:
			if !strings.HasPrefix(text, part) {
				return false
			}
			text = text[len(part):]
		default:
			at := strings.Index(text, part)
			if at < 0 {
				return false
			}
			text = text[at+len(part):]
		}
	}
	return true
}

func (v *value) number(n float64) bool {
	switch v.op {
	case equal:
		return n == v.limit
	case atLeast:
		return n >= v.limit
	case atMost:
		return n <= v.limit
	case above:
		return n > v.limit
	case below:
		return n < v.limit
	}
	return v.text(strconv.FormatFloat(n, 'f', -1, 64))
}
