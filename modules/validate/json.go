package validate

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"gateway/internal/problem"
)

// bounds are what one document may cost at most. They are checked while the text is
// read, before any schema looks at it.
type bounds struct {
	maxDepth  int // nested arrays and objects
	maxValues int // values and member names together
	maxString int // bytes of one string or member name as written; 0 is no bound
	maxNumber int // characters of one number
}

// maxExponent bounds the exponent of a number: binary64 ends at 308. Without a bound
// nine characters such as 1e9999999 stand for a number of megabytes.
const maxExponent = 400

// syntaxError says what is wrong with a JSON text, and where. It holds nothing of
// the text itself.
type syntaxError struct {
	reason *problem.Reason
	offset int
	what   string
}

// Error implements error.
func (e *syntaxError) Error() string { return fmt.Sprintf("offset %d: %s", e.offset, e.what) }

// place returns line and column of the error in text, both from 1, columns in
// characters.
func (e *syntaxError) place(text string) (line, column int) {
	before := text[:min(e.offset, len(text))]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// scan reads text as exactly one JSON value (RFC 8259) and nothing after it. It is
// stricter than encoding/json where parsers disagree: text has to be UTF-8 without a
// byte order mark, surrogates have to come in pairs, and an object may have each
// member once. What passes has one reading.
func (d *document) scan(b *bounds) *syntaxError {
	s := scanner{document: d, bounds: b}
	if strings.HasPrefix(d.text, "\uFEFF") {
		return s.fail(problem.SchemaNotJSON, "a byte order mark is not allowed")
	}
	if err := s.read(0); err != nil {
		return err
	}
	if s.space(); s.at < len(d.text) {
		return s.fail(problem.SchemaNotJSON, s.mistake("nothing may follow the value"))
	}
	return nil
}

// scanner reads one document.
type scanner struct {
	*document
	*bounds
	at int
}

func (s *scanner) fail(reason *problem.Reason, what string) *syntaxError {
	return &syntaxError{reason, s.at, what}
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

// peek returns the next character, or 0 at the end; a NUL in the text is no valid
// beginning of anything either.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// add appends a value that begins here.
func (s *scanner) add(k kind) (int, *syntaxError) {
	i := len(s.values)
	if i >= s.maxValues {
		return 0, s.fail(problem.SchemaTooDeep, fmt.Sprintf("there may be at most %d values and names", s.maxValues))
	}
	s.values = append(s.values, value{start: uint32(s.at), next: uint32(i + 1), kind: k})
	return i, nil
}

// read reads a value with the white space before it.
func (s *scanner) read(depth int) *syntaxError {
	s.space()
	switch c := s.peek(); {
	case c == '{':
		return s.container(kindObject, depth)
	case c == '[':
		return s.container(kindArray, depth)
	case c == '"':
		return s.readString()
	case c == '-' || c >= '0' && c <= '9':
		return s.readNumber()
	case c == 't':
		return s.word(kindTrue, "true")
	case c == 'f':
		return s.word(kindFalse, "false")
	case c == 'n':
		return s.word(kindNull, "null")
	case s.at == len(s.text):
		return s.fail(problem.SchemaNotJSON, "a value is missing")
	default:
		return s.fail(problem.SchemaNotJSON, s.mistake("a value is expected"))
	}
}

func (s *scanner) word(k kind, word string) *syntaxError {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return s.fail(problem.SchemaNotJSON, s.mistake("a value is expected"))
	}
	i, err := s.add(k)
	if err != nil {
		return err
	}
	s.at += len(word)
	s.values[i].end = uint32(s.at)
	return nil
}

// container reads an array or an object.
func (s *scanner) container(k kind, depth int) *syntaxError {
	if depth >= s.maxDepth {
		return s.fail(problem.SchemaTooDeep, fmt.Sprintf("arrays and objects may be nested at most %d deep", s.maxDepth))
	}
	i, err := s.add(k)
	if err != nil {
		return err
	}
	s.at++
	closing, missing := byte(']'), "a comma or ] is expected"
	if k == kindObject {
		closing, missing = '}', "a comma or } is expected"
	}
	if s.space(); s.peek() != closing {
		for {
			if err := s.element(k, depth+1); err != nil {
				return err
			}
			if s.space(); s.peek() != ',' {
				break
			}
			s.at++
		}
	}
	if s.peek() != closing {
		return s.fail(problem.SchemaNotJSON, s.mistake(missing))
	}
	s.at++
	s.values[i].end = uint32(s.at)
	s.values[i].next = uint32(len(s.values))
	if k == kindObject {
		return s.unique(i)
	}
	return nil
}

// element reads an item of an array or a member of an object.
func (s *scanner) element(k kind, depth int) *syntaxError {
	if k == kindArray {
		return s.read(depth)
	}
	if s.space(); s.peek() != '"' {
		return s.fail(problem.SchemaNotJSON, s.mistake("a member name in double quotes is expected"))
	}
	if err := s.readString(); err != nil {
		return err
	}
	if s.space(); s.peek() != ':' {
		return s.fail(problem.SchemaNotJSON, s.mistake("a colon is expected"))
	}
	s.at++
	return s.read(depth)
}

// readString reads a string; what is stored is what stands between the quotes.
func (s *scanner) readString() *syntaxError {
	i, err := s.add(kindString)
	if err != nil {
		return err
	}
	s.at++
	v := &s.values[i]
	v.start = uint32(s.at)
	for {
		for s.at < len(s.text) && plainByte[s.text[s.at]] {
			s.at++
		}
		switch c := s.peek(); {
		case c == '"':
			v.end = uint32(s.at)
			s.at++
			if s.maxString > 0 && int(v.end-v.start) > s.maxString {
				s.at = int(v.start)
				return s.fail(problem.SchemaTooDeep, fmt.Sprintf("a string may have at most %d bytes", s.maxString))
			}
			return nil
		case c == '\\':
			v.escaped = true
			_, size := escapeAt(s.text[s.at:])
			if size == 0 {
				return s.fail(problem.SchemaNotJSON, s.wrongEscape())
			}
			s.at += size
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s.text[s.at:])
			if r == utf8.RuneError && size == 1 {
				return s.fail(problem.SchemaNotJSON, "the text is not valid UTF-8")
			}
			s.at += size
		case s.at == len(s.text):
			return s.fail(problem.SchemaNotJSON, "the string has no end")
		default:
			return s.fail(problem.SchemaNotJSON, "a control character in a string has to be escaped")
		}
	}
}

// plainByte tells which bytes of a string stand for themselves and end nothing.
var plainByte = func() (plain [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

func (s *scanner) readNumber() *syntaxError {
	i, err := s.add(kindNumber)
	if err != nil {
		return err
	}
	start := s.at
	length, exponent := numberAt(s.text[start:])
	if length == 0 {
		return s.fail(problem.SchemaNotJSON, s.wrongNumber())
	}
	if length > s.maxNumber {
		return s.fail(problem.SchemaTooDeep, fmt.Sprintf("a number may have at most %d characters", s.maxNumber))
	}
	if exponent > maxExponent {
		return s.fail(problem.SchemaTooDeep, fmt.Sprintf("the exponent of a number may be at most %d", maxExponent))
	}
	s.at = start + length
	s.values[i].end = uint32(s.at)
	return nil
}
