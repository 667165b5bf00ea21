package filter

import "strings"

// value is what a key is compared with.
type value struct {
	op operator
	// limit is what a number is compared with, and upper the end of a range.
	limit, upper float64
	// parts are the pieces of a text between its wildcards, in lower case. Open ends
	// are wildcards too.
	parts               []string
	openStart, openStop bool
}

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
