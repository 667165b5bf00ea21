package auth

import (
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of the JSON inside a token or key set.
const maxDepth = 16

// decodeObject reads one JSON object and nothing else, by the letter of RFC 8259
// and stricter than encoding/json: a member name that occurs twice at any level,
// invalid UTF-8, a lone surrogate, trailing data and deep nesting are all errors.
// Parsers disagree about each of them, and what the gateway reads must be what
// everybody behind it reads (RFC 7515 §4, RFC 7519 §4, RFC 8725 §2.4).
//
// Values are string, json.Number, bool, nil, []any and map[string]any.
func decodeObject(src string) (map[string]any, bool) {
	if !utf8.ValidString(src) {
		return nil, false
	}
	d := objectDecoder{src: src}
	d.space()
	if !d.take('{') {
		return nil, false
	}
	object, ok := d.object(1)
	if !ok {
		return nil, false
	}
	d.space()
	return object, d.pos == len(src)
}

// objectDecoder is a position in a text. Strings without escapes share its memory.
type objectDecoder struct {
	src string
	pos int
}

func (d *objectDecoder) space() {
	for d.pos < len(d.src) {
		switch d.src[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// take consumes c if it is next.
func (d *objectDecoder) take(c byte) bool {
	if d.pos < len(d.src) && d.src[d.pos] == c {
		d.pos++
		return true
	}
	return false
}

// object reads the rest of an object after its opening brace.
func (d *objectDecoder) object(depth int) (map[string]any, bool) {
	object := make(map[string]any)
	d.space()
	if d.take('}') {
		return object, true
	}
	for {
		d.space()
		if !d.take('"') {
			return nil, false
		}
		name, ok := d.text()
		if !ok {
			return nil, false
		}
		if _, twice := object[name]; twice {
			return nil, false
		}
		d.space()
		if !d.take(':') {
			return nil, false
		}
		if object[name], ok = d.value(depth); !ok {
			return nil, false
		}
		d.space()
		if d.take('}') {
			return object, true
		}
		if !d.take(',') {
			return nil, false
		}
	}
}

// array reads the rest of an array after its opening bracket.
func (d *objectDecoder) array(depth int) ([]any, bool) {
	list := []any{}
	d.space()
	if d.take(']') {
		return list, true
	}
	for {
		item, ok := d.value(depth)
		if !ok {
			return nil, false
		}
		list = append(list, item)
		d.space()
		if d.take(']') {
			return list, true
		}
		if !d.take(',') {
			return nil, false
		}
	}
}

func (d *objectDecoder) value(depth int) (any, bool) {
	d.space()
	switch {
	case d.take('"'):
		return d.text()
	case d.take('{'):
		if depth == maxDepth {
			return nil, false
		}
		return d.object(depth + 1)
	case d.take('['):
		if depth == maxDepth {
			return nil, false
		}
		return d.array(depth + 1)
	case d.word("true"):
		return true, true
	case d.word("false"):
		return false, true
	case d.word("null"):
		return nil, true
	}
	return d.number()
}

func (d *objectDecoder) word(w string) bool {
	if strings.HasPrefix(d.src[d.pos:], w) {
		d.pos += len(w)
		return true
	}
	return false
}

// number reads a number (RFC 8259 §6) and keeps its spelling.
func (d *objectDecoder) number() (any, bool) {
	start := d.pos
	d.take('-')
	if !d.take('0') && !d.digits() {
		return nil, false
	}
	if d.take('.') && !d.digits() {
		return nil, false
	}
	if d.take('e') || d.take('E') {
		if !d.take('+') {
			d.take('-')
		}
		if !d.digits() {
			return nil, false
		}
	}
	return json.Number(d.src[start:d.pos]), true
}

// digits consumes at least one digit.
func (d *objectDecoder) digits() bool {
	start := d.pos
	for d.pos < len(d.src) && d.src[d.pos] >= '0' && d.src[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}

// text reads the rest of a string after its opening quote.
func (d *objectDecoder) text() (string, bool) {
	start := d.pos
	for d.pos < len(d.src) {
		switch c := d.src[d.pos]; {
		case c == '"':
			d.pos++
			return d.src[start : d.pos-1], true
		case c == '\\':
			return d.escapedText(start)
		case c < 0x20:
			return "", false
		}
		d.pos++
	}
	return "", false
}

// escapedText reads a string that has an escape at the current position.
func (d *objectDecoder) escapedText(start int) (string, bool) {
	text := append([]byte(nil), d.src[start:d.pos]...)
	for d.pos < len(d.src) {
		c := d.src[d.pos]
		d.pos++
		switch {
		case c == '"':
			return string(text), true
		case c < 0x20:
			return "", false
		case c != '\\':
			text = append(text, c)
		default:
			r, ok := d.escape()
			if !ok {
				return "", false
			}
			text = utf8.AppendRune(text, r)
		}
	}
	return "", false
}

const (
	escapes   = `"\/bfnrt`
	unescaped = "\"\\/\b\f\n\r\t"
)

// escape reads what follows a backslash.
func (d *objectDecoder) escape() (rune, bool) {
	if d.take('u') {
		r, ok := d.hex()
		if !ok || !utf16.IsSurrogate(r) {
			return r, ok
		}
		if !d.word(`\u`) {
			return 0, false
		}
		low, ok := d.hex()
		r = utf16.DecodeRune(r, low)
		return r, ok && r != utf8.RuneError
	}
	if d.pos == len(d.src) {
		return 0, false
	}
	i := strings.IndexByte(escapes, d.src[d.pos])
	d.pos++
	if i < 0 {
		return 0, false
	}
	return rune(unescaped[i]), true
}

// hex reads four hexadecimal digits.
func (d *objectDecoder) hex() (rune, bool) {
	if len(d.src)-d.pos < 4 {
		return 0, false
	}
	var r rune
	for range 4 {
		c := d.src[d.pos]
		d.pos++
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
