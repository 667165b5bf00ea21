package strict

import (
	"strings"
	"unicode/utf8"

	"gateway/internal/finding"
)

// source is one Caddyfile: as it was written, and as Caddy's lexer sees it, with
// {$VARIABLES} replaced.
type source struct {
	file string
	raw  string
	text string
	vars []variable
}

// variable is one {$NAME} or {$NAME:default} in a source.
type variable struct {
	name, fallback string
	hasFallback    bool
	value          string
	set            bool
	// rawAt and rawEnd enclose it in source.raw, at and end its value in source.text.
	rawAt, rawEnd, at, end int
}

// lookup finds an environment variable.
type lookup func(name string) (string, bool)

// newSource replaces variables exactly as Caddy does before it looks at anything
// else: everywhere, in comments and quotes too, and not within their values.
func newSource(file, raw string, env lookup) *source {
	s := &source{file: file, raw: raw}
	var text strings.Builder
	rest := 0 // where the part of raw that is not copied yet begins
	for from := 0; ; {
		begin, end, ok := cutVariable(raw, from)
		if !ok {
			break
		}
		from = end
		name := raw[begin+len("{$") : end-len("}")]
		if name == "" {
			continue
		}
		v := variable{rawAt: begin, rawEnd: end}
		v.name, v.fallback, v.hasFallback = strings.Cut(name, ":")
		v.value, v.set = env(v.name)
		if !v.set {
			v.value = v.fallback
		}
		text.WriteString(raw[rest:begin])
		v.at = text.Len()
		text.WriteString(v.value)
		v.end = text.Len()
		rest = end
		s.vars = append(s.vars, v)
	}
	text.WriteString(raw[rest:])
	s.text = text.String()
	return s
}

// cutVariable finds the next "{$" and the "}" that ends it.
func cutVariable(raw string, from int) (begin, end int, ok bool) {
	open := strings.Index(raw[from:], "{$")
	if open < 0 {
		return 0, 0, false
	}
	begin = from + open
	length := strings.IndexByte(raw[begin+len("{$"):], '}')
	if length < 0 {
		return 0, 0, false
	}
	return begin, begin + len("{$") + length + 1, true
}

// rawOffset returns where an offset in text stands in raw. Within the value of a
// variable that is where the variable begins.
func (s *source) rawOffset(offset int) int {
	shift := 0
	for _, v := range s.vars {
		if offset < v.at {
			break
		}
		if offset < v.end {
			return v.rawAt
		}
		shift = v.rawEnd - v.end
	}
	return offset + shift
}

// position returns the place of an offset in text.
func (s *source) position(offset int) finding.Position {
	return s.rawPosition(s.rawOffset(offset))
}

func (s *source) rawPosition(offset int) finding.Position {
	before := s.raw[:min(offset, len(s.raw))]
	start := strings.LastIndexByte(before, '\n') + 1
	return finding.Position{
		File:   s.file,
		Line:   strings.Count(before, "\n") + 1,
		Column: utf8.RuneCountInString(before[start:]) + 1,
	}
}

// line returns the line that a token stands on. It differs from Caddy's count where
// the value of a variable has several lines.
func (s *source) line(t token) int { return s.position(t.at).Line }

// finding returns a finding about a token.
func (s *source) finding(t token, message, hint string) *finding.Error {
	e := &finding.Error{Message: message, Hint: hint, At: s.position(t.at), Word: t.text}
	if t.quote != 0 {
		e.Word = ""
	}
	return e.In([]byte(s.raw))
}
