package change

import (
	"encoding/json"
	"slices"
	"sync"
)

// document is one JSON text while it is changed. What nobody opens is written as it
// came, byte by byte.
type document struct {
	text  string
	cells []cell
	root  value
	// chosen are the values that a change applies to; the space is used again.
	chosen []*value
	// turn counts the changes, so that no value is chosen twice by one.
	turn int32
	// failed is where and why a step could not be done.
	failed failed
	// computed is what expressions have cost, and the length of what they have made.
	computed struct{ cost, text int }
}

// failed is the first failure in a document.
type failed struct {
	pointer, message string
}

// documents are reused.
var documents = sync.Pool{New: func() any { return new(document) }}

// maxKept bounds the cells whose space a document keeps for the next one.
const maxKept = 1 << 14

// parse reads a text. The flaw is "" unless it is no JSON that one can work with.
func parse(text string) (d *document, flaw string) {
	d = documents.Get().(*document)
	d.text = text
	d.cells, flaw = scan(text, d.cells[:0])
	if flaw != "" {
		d.release()
		return nil, flaw
	}
	d.root = value{document: d, kind: d.cells[0].kind}
	return d, ""
}

// release gives the document back. Values of it must not be used afterwards.
func (d *document) release() {
	d.text, d.root, d.failed, d.turn = "", value{}, failed{}, 0
	d.computed.cost, d.computed.text = 0, 0
	clear(d.chosen)
	d.chosen = d.chosen[:0]
	if cap(d.cells) <= maxKept {
		documents.Put(d)
	}
}

// value is one value in a document. Until it is opened it is a cell of the text.
type value struct {
	document *document // nil: text holds what is written
	cell     int32
	turn     int32
	kind     kind
	opened   bool
	text     string // of a scalar or container that a step has made
	members  []member
	items    []*value
}

// member is one member of an object. raw is its name as it came, in quotes; "" for one
// that a step has named.
type member struct {
	name, raw string
	value     *value
}

// literal is the JSON text of a value that is not opened.
func (v *value) literal() string {
	if v.document == nil {
		return v.text
	}
	c := &v.document.cells[v.cell]
	return v.document.text[c.start:c.end]
}

// open makes the members or items of a value reachable. It tells whether the value has
// any kind of content.
func (v *value) open() bool {
	if v.kind != kindObject && v.kind != kindArray {
		return false
	}
	if v.opened {
		return true
	}
	if v.document == nil {
		made, flaw := scan(v.text, nil)
		if flaw != "" {
			return false
		}
		v.document, v.cell = &document{text: v.text, cells: made}, 0
	}
	v.opened = true
	defer v.single()
	d, c := v.document, v.document.cells[v.cell]
	count := 0
	step := uint32(0)
	if v.kind == kindObject {
		step = 1
	}
	for i := uint32(v.cell) + 1; i < c.next; i = d.cells[i+step].next {
		count++
	}
	values := make([]value, count)
	n := 0
	if v.kind == kindObject {
		v.members = make([]member, count, count+1)
	} else {
		v.items = make([]*value, count)
	}
	for i := uint32(v.cell) + 1; i < c.next; i = d.cells[i+step].next {
		values[n] = value{document: d, cell: int32(i + step), kind: d.cells[i+step].kind}
		if step == 1 {
			raw := d.text[d.cells[i].start:d.cells[i].end]
			v.members[n] = member{decodeString(raw, d.cells[i].escaped), raw, &values[n]}
		} else {
			v.items[n] = &values[n]
		}
		n++
	}
	return true
}

func decodeString(quoted string, escaped bool) string {
	if !escaped {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	if json.Unmarshal([]byte(quoted), &s) != nil {
		return quoted[1 : len(quoted)-1]
	}
	return s
}

// string returns the text of a string.
func (v *value) string() string {
	literal := v.literal()
	for i := 1; i < len(literal)-1; i++ {
		if literal[i] == '\\' {
			return decodeString(literal, true)
		}
	}
	return literal[1 : len(literal)-1]
}

// index finds a member of an opened object, or -1.
func (v *value) index(name string) int {
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].name == name {
			return i
		}
	}
	return -1
}

// get opens an object and returns a member, or nil.
func (v *value) get(name string) *value {
	if v.kind != kindObject || !v.open() {
		return nil
	}
	if i := v.index(name); i >= 0 {
		return v.members[i].value
	}
	return nil
}

// put adds a member at the end, or replaces the value of one.
func (v *value) put(name string, to *value) {
	if i := v.index(name); i >= 0 {
		v.members[i].value = to
		return
	}
	v.members = append(v.members, member{name: name, value: to})
}

// take removes a member.
func (v *value) take(name string) *value {
	i := v.index(name)
	if i < 0 {
		return nil
	}
	taken := v.members[i].value
	v.members = slices.Delete(v.members, i, i+1)
	return taken
}

// made is a value with a text of its own.
func made(text string) *value { return &value{kind: kindOf(text), text: text} }

// madeString is a string value.
func madeString(s string) *value { return &value{kind: kindString, text: string(appendString(nil, s))} }

// kindOf tells what a valid JSON text is.
func kindOf(text string) kind {
	switch text[0] {
	case '{':
		return kindObject
	case '[':
		return kindArray
	case '"':
		return kindString
	case 't', 'f':
		return kindBoolean
	case 'n':
		return kindNull
	}
	return kindNumber
}

// newObject is an object without members.
func newObject() *value { return &value{kind: kindObject, opened: true} }

// write appends the JSON text of a value.
func (v *value) write(dst []byte) []byte {
	if !v.opened {
		return append(dst, v.literal()...)
	}
	if v.kind == kindArray {
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.write(dst)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i := range v.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.members[i].raw != "" {
			dst = append(dst, v.members[i].raw...)
		} else {
			dst = appendString(dst, v.members[i].name)
		}
		dst = append(dst, ':')
		dst = v.members[i].value.write(dst)
	}
	return append(dst, '}')
}

// appendString writes a JSON string. Only what has to be escaped is (RFC 8259 §7).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		start = i + 1
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
