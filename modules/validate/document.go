package validate

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is what a JSON value is.
type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindNumber
	kindString
	kindArray
	kindObject
)

// document is one JSON text and where its values stand, in the order of the text: an
// array is followed by its items, an object by its members, each a name (a string)
// and a value. Bodies, forms and parameters all become documents, so that one
// checker serves them all. Nothing is decoded until somebody needs it.
type document struct {
	text   string
	values []value
	// steps is how many more schemas the checker may try on the document's values.
	steps int
}

// Alternatives within alternatives can make the checker try a value very often; a
// recursive schema with two branches would cost 2^depth. What takes more than this
// is refused as too complex.
const (
	freeSteps     = 1 << 20
	stepsPerValue = 64
)

// accepted asks a covered schema about the whole document.
func (d *document) accepted(n *node) bool {
	d.steps = freeSteps + stepsPerValue*len(d.values)
	return n.accepts(d, 0)
}

// exhausted tells that the checker gave up.
func (d *document) exhausted() bool { return d.steps <= 0 }

// value is one value of a document.
type value struct {
	// start and end are where the literal stands in the text; for a string, what
	// is between the quotes.
	start, end uint32
	// next is the index of the value after this one and everything inside it.
	next uint32
	kind kind
	// escaped tells that a string has escape sequences.
	escaped bool
}

// documents are reused: a request needs its document only until it is decided.
var documents = sync.Pool{New: func() any { return new(document) }}

// maxKept bounds the values whose space a document keeps for the next request.
const maxKept = 1 << 14

func newDocument(text string) *document {
	d := documents.Get().(*document)
	d.text, d.values = text, d.values[:0]
	return d
}

// release gives the document back. Nobody may use it, or text taken from it without
// copying, afterwards.
func (d *document) release() {
	d.text = ""
	if cap(d.values) <= maxKept {
		documents.Put(d)
	}
}

// literal returns value i as it is written: a string without its quotes.
func (d *document) literal(i int) string {
	v := &d.values[i]
	return d.text[v.start:v.end]
}

// string returns the decoded text of string i.
func (d *document) string(i int) string {
	if d.values[i].escaped {
		return unescape(d.literal(i))
	}
	return d.literal(i)
}

// len returns the number of items of an array or of members of an object.
func (d *document) len(i int) int {
	n := 0
	for j, end := i+1, int(d.values[i].next); j < end; n++ {
		if d.values[i].kind == kindObject {
			j++
		}
		j = int(d.values[j].next)
	}
	return n
}

// member returns the index of the value of a member of object i, or -1.
func (d *document) member(i int, name string) int {
	for j, end := i+1, int(d.values[i].next); j < end; {
		if d.string(j) == name {
			return j + 1
		}
		j = int(d.values[j+1].next)
	}
	return -1
}

// decode returns value i in the form that the schema engine takes: numbers keep
// their precision as json.Number.
func (d *document) decode(i int) any {
	v := &d.values[i]
	switch v.kind {
	case kindNull:
		return nil
	case kindFalse, kindTrue:
		return v.kind == kindTrue
	case kindNumber:
		return json.Number(d.literal(i))
	case kindString:
		return d.string(i)
	case kindArray:
		items := make([]any, 0, d.len(i))
		for j := i + 1; j < int(v.next); j = int(d.values[j].next) {
			items = append(items, d.decode(j))
		}
		return items
	default:
		members := make(map[string]any, d.len(i))
		for j := i + 1; j < int(v.next); j = int(d.values[j+1].next) {
			members[d.string(j)] = d.decode(j + 1)
		}
		return members
	}
}

// find returns the index of the value that a JSON Pointer (RFC 6901) leads to, or -1.
func (d *document) find(pointer string) int {
	i := 0
	for token := range tokens(pointer) {
		switch d.values[i].kind {
		case kindObject:
			i = d.member(i, token)
		case kindArray:
			i = d.item(i, token)
		default:
			i = -1
		}
		if i < 0 {
			return -1
		}
	}
	return i
}

func (d *document) item(i int, token string) int {
	index, err := strconv.Atoi(token)
	if err != nil {
		return -1
	}
	for j := i + 1; j < int(d.values[i].next); j = int(d.values[j].next) {
		if index == 0 {
			return j
		}
		index--
	}
	return -1
}

// unescape decodes the escape sequences of a string that the scanner has passed.
func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		r, size := escapeAt(s[i:])
		b.WriteRune(r)
		s = s[i+size:]
	}
}

// escapeAt decodes the escape sequence at the beginning of s and returns its length.
// The result is utf8.RuneError with length 0 if it is none, or a lone surrogate.
func escapeAt(s string) (r rune, size int) {
	if len(s) < 2 {
		return utf8.RuneError, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	first, ok := unicodeEscape(s)
	if !ok {
		return utf8.RuneError, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	second, ok := unicodeEscape(s[6:])
	if r = utf16.DecodeRune(first, second); !ok || r == utf8.RuneError {
		return utf8.RuneError, 0
	}
	return r, 12
}

// unicodeEscape reads \uXXXX.
func unicodeEscape(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		digit, ok := unhex(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
