package change

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is what a JSON value is.
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindNumber
	kindString
	kindArray
	kindObject
)

// Bounds of one document.
const (
	// maxDepth is how deep arrays and objects may be nested.
	maxDepth = 128
	// maxValues counts values and member names together.
	maxValues = 1 << 20
	// maxText keeps offsets within 32 bits; callers bound bodies far below.
	maxText = 1 << 30
)

// cell is one value of a text: where it stands, and the number of the value behind it
// and everything inside it.
type cell struct {
	start, end, next uint32
	kind             kind
	// escaped tells that a string has escape sequences.
	escaped bool
}

// scanner reads a JSON text (RFC 8259) into cells: an array is followed by its items,
// an object by its members, each a name and a value. Nothing is decoded.
type scanner struct {
	text  string
	at    int
	cells []cell
}

// scan returns the cells of a text, appended to cells, and a word about what is wrong
// with it, "" if nothing is.
func scan(text string, cells []cell) ([]cell, string) {
	if len(text) > maxText {
		return cells, "it is too large"
	}
	if !utf8.ValidString(text) {
		return cells, "it is not UTF-8"
	}
	s := scanner{text: text, cells: cells}
	flaw := s.value(0)
	if flaw == "" {
		if s.space(); s.at < len(text) {
			flaw = "there is more behind the value"
		}
	}
	return s.cells, flaw
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek returns the next character, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) add(k kind) int {
	s.cells = append(s.cells, cell{start: uint32(s.at), next: uint32(len(s.cells) + 1), kind: k})
	return len(s.cells) - 1
}

// value reads one value with the white space before it.
func (s *scanner) value(depth int) string {
	s.space()
	if len(s.cells) >= maxValues {
		return "it has too many values"
	}
	switch c := s.peek(); {
	case c == '{':
		return s.container(kindObject, '}', depth)
	case c == '[':
		return s.container(kindArray, ']', depth)
	case c == '"':
		return s.string()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.word(kindBoolean, "true")
	case c == 'f':
		return s.word(kindBoolean, "false")
	case c == 'n':
		return s.word(kindNull, "null")
	}
	return "it is not JSON"
}

func (s *scanner) word(k kind, word string) string {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return "it is not JSON"
	}
	i := s.add(k)
	s.at += len(word)
	s.cells[i].end = uint32(s.at)
	return ""
}

func (s *scanner) container(k kind, closing byte, depth int) string {
	if depth >= maxDepth {
		return "it is nested too deeply"
	}
	i := s.add(k)
	s.at++
	if s.space(); s.peek() != closing {
		for {
			if flaw := s.element(k, depth+1); flaw != "" {
				return flaw
			}
			if s.space(); s.peek() != ',' {
				break
			}
			s.at++
		}
	}
	if s.peek() != closing {
		return "it is not JSON"
	}
	s.at++
	s.cells[i].end, s.cells[i].next = uint32(s.at), uint32(len(s.cells))
	return ""
}

// element reads an item, or a member with its name.
func (s *scanner) element(k kind, depth int) string {
	if k == kindObject {
		if s.space(); s.peek() != '"' {
			return "it is not JSON"
		}
		if flaw := s.string(); flaw != "" {
			return flaw
		}
		if s.space(); s.peek() != ':' {
			return "it is not JSON"
		}
		s.at++
	}
	return s.value(depth)
}

func (s *scanner) string() string {
	i := s.add(kindString)
	s.at++
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			s.cells[i].end = uint32(s.at)
			return ""
		case c < 0x20:
			return "it is not JSON"
		case c == '\\':
			s.cells[i].escaped = true
			n := escapeLength(s.text[s.at:])
			if n == 0 {
				return "it is not JSON"
			}
			s.at += n
		default:
			s.at++
		}
	}
	return "it is not JSON"
}

// escapeLength is the length of the escape sequence at the beginning of s, 0 if it is
// none.
func escapeLength(s string) int {
	switch {
	case len(s) < 2:
	case strings.IndexByte(`"\/bfnrt`, s[1]) >= 0:
		return 2
	case s[1] == 'u' && len(s) >= 6:
		if _, err := strconv.ParseUint(s[2:6], 16, 32); err == nil && s[2] != '+' && s[2] != '-' && s[2] != '_' {
			return 6
		}
	}
	return 0
}

func (s *scanner) number() string {
	n := numberLength(s.text[s.at:])
	if n == 0 {
		return "it is not JSON"
	}
	i := s.add(kindNumber)
	s.at += n
	s.cells[i].end = uint32(s.at)
	return ""
}

// numberLength is the length of the JSON number at the beginning of s, 0 if it is none.
func numberLength(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	if i = digits(i); i == start || s[start] == '0' && i > start+1 {
		return 0
	}
	if i < len(s) && s[i] == '.' {
		start = i + 1
		if i = digits(start); i == start {
			return 0
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		start = i
		if i = digits(i); i == start {
			return 0
		}
	}
	return i
}
