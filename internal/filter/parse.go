package filter

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gateway/internal/finding"
)

// The bounds on a filter: its length in bytes, and how many terms it may have.
const (
	maxText  = 1 << 10
	maxTerms = 32
)

// Error is a mistake in a filter.
type Error struct {
	// Position is where it begins, and Length how much is meant, in characters.
	Position, Length int
	Message, Hint    string
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("at %d: %s", e.Position, e.Message)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// parser reads a filter. at is a byte offset.
type parser struct {
	text string
	at   int
}

// Parse compiles a filter. The error is an *Error. The empty text matches everything.
func Parse(text string) (*Filter, error) {
	if len(text) > maxText {
		return nil, &Error{Message: fmt.Sprintf("the filter is longer than %d bytes", maxText)}
	}
	if !utf8.ValidString(text) {
		return nil, &Error{Message: "the filter is not UTF-8"}
	}
	p, f := &parser{text: text}, new(Filter)
	for {
		p.space()
		if p.at == len(p.text) {
			return f, nil
		}
		if len(f.terms) == maxTerms {
			return nil, p.fault(p.at, len(p.text), "", "there are more than %d terms", maxTerms)
		}
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		f.terms = append(f.terms, t)
	}
}

func (p *parser) fault(from, to int, hint, format string, args ...any) *Error {
	return &Error{
		Position: utf8.RuneCountInString(p.text[:from]), Length: max(utf8.RuneCountInString(p.text[from:to]), 1),
		Message: fmt.Sprintf(format, args...), Hint: hint,
	}
}

func (p *parser) space() {
	for p.at < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += size
	}
}

// word returns where the word that begins at from ends, without reading it.
func (p *parser) word(from int) int {
	if end := strings.IndexFunc(p.text[from:], unicode.IsSpace); end >= 0 {
		return from + end
	}
	return len(p.text)
}

func (p *parser) term() (term, error) {
	var t term
	start := p.at
	if p.text[p.at] == '-' {
		t.not = true
		p.at++
		if p.at == len(p.text) || p.word(p.at) == p.at {
			return t, p.fault(start, p.at, "such as -method:GET", `"-" needs a term behind it`)
		}
	}
	name, has := p.key()
	if !has {
		return p.bare(t)
	}
	from := p.at - len(name) - 1
	i := slices.Index(keyNames[:], strings.ToLower(name))
	if i < 0 {
		hint := finding.Nearest(name, keyNames[:])
		if hint == "" {
			hint = "one of: " + strings.Join(keyNames[:], ", ") + `; in quotes it is a word like any other`
		} else {
			hint = "did you mean " + hint + "?"
		}
		return t, p.fault(from, from+len(name), hint, "%s is not a key", name)
	}
	t.key = Key(i)
	return p.values(t)
}

// key reads "name:", if the term begins with one.
func (p *parser) key() (string, bool) {
	rest := p.text[p.at:]
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == ':' && i > 0:
			p.at += i + 1
			return rest[:i], true
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-' && i > 0, c >= '0' && c <= '9' && i > 0:
		default:
			return "", false
		}
	}
	return "", false
}

// bare reads a word that any text may contain.
func (p *parser) bare(t term) (term, error) {
	start := p.at
	text, quoted, err := p.piece("")
	if err != nil {
		return t, err
	}
	if !quoted {
		if message, hint := foreign(text); message != "" {
			return t, p.fault(start, p.at, hint, "%s", message)
		}
	}
	t.anywhere = true
	v := literal(text)
	if !quoted {
		v = pattern(text)
	}
	v.openStart, v.openStop = true, true
	t.values = []value{v}
	return t, nil
}

// foreign tells what is wrong with a word that means something in other languages, and
// would be looked for as it stands in this one.
func foreign(text string) (message, hint string) {
	switch text {
	case "AND", "&&":
		return text + " is not needed", "terms with a space between them have to match all; in quotes it is a word like any other"
	case "OR", "||":
		return text + " is not known", "write several values with commas between them, such as status:404,429; in quotes it is a word like any other"
	case "NOT", "!":
		return text + " is not known", `write "-" before the term, such as -method:GET; in quotes it is a word like any other`
	}
	if rest, ok := strings.CutPrefix(text, "!"); ok {
		return `"!" is not known`, `"-" before a term means not: -` + rest
	}
	i := strings.IndexAny(text, "<>=!~")
	if i <= 0 {
		return "", ""
	}
	key := slices.Index(keyNames[:], strings.ToLower(text[:i]))
	if key < 0 {
		return "", ""
	}
	rest := strings.TrimLeft(text[i:], "=~")
	if after, not := strings.CutPrefix(rest, "!"); not {
		return "a comparison stands behind a colon", "write -" + text[:i] + ":" + strings.TrimLeft(after, "=~")
	}
	return "a comparison stands behind a colon", "write " + text[:i] + ":" + rest
}

// values reads one or more values with commas between them.
func (p *parser) values(t term) (term, error) {
	for {
		start := p.at
		text, quoted, err := p.piece(",")
		if err != nil {
			return t, err
		}
		if text == "" && !quoted {
			hint := t.key.String() + `:"" finds requests without one`
			if t.key.Number() {
				hint = "such as " + t.key.String() + ":>=400"
			}
			return t, p.fault(start, p.at, hint, "%s needs a value", t.key)
		}
		v, err := p.value(t.key, text, quoted, start)
		if err != nil {
			return t, err
		}
		t.values = append(t.values, v)
		if p.at == len(p.text) || p.text[p.at] != ',' {
			return t, nil
		}
		p.at++
	}
}

// piece reads up to the end of the word or one of the stops, or a text in quotes, in
// which a backslash takes the next character as it is.
func (p *parser) piece(stops string) (text string, quoted bool, err error) {
	start := p.at
	if start < len(p.text) && p.text[start] == '"' {
		text, err = p.quoted()
		return text, true, err
	}
	end := p.word(start)
	if stops != "" {
		if i := strings.IndexAny(p.text[start:end], stops); i >= 0 {
			end = start + i
		}
	}
	p.at = end
	return p.text[start:end], false, nil
}

func (p *parser) quoted() (string, error) {
	start := p.at
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			if next := p.at; next < len(p.text) && p.text[next] != ',' && p.word(next) != next {
				return "", p.fault(next, p.word(next), "put a space behind the quote", "text follows a quote")
			}
			return b.String(), nil
		case c == '\\' && p.at+1 < len(p.text):
			p.at++
			b.WriteByte(p.text[p.at])
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fault(start, len(p.text), `end it with "`, "a quote is not closed")
}

func (p *parser) value(key Key, text string, quoted bool, start int) (value, error) {
	switch {
	case !key.Number() && quoted:
		return literal(text), nil
	case !key.Number():
		return pattern(text), nil
	}
	v, hint := numeric(key, text)
	if hint != "" {
		return v, p.fault(start, p.at, hint, "%s is compared with a number, got %q", key, text)
	}
	return v, nil
}
