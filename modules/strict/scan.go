package strict

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one token of a Caddyfile, with what Caddy's own tokens do not tell: the
// column, and how the token began and ended. FuzzScan holds the two lexers together.
type token struct {
	text string
	// quote is what encloses the token: '"', '`', '<' for a heredoc, 0 for nothing.
	quote rune
	// line is the line as Caddy counts it, by which it tells arguments from the
	// next directive.
	line int
	// at and end enclose the token, with its quotes, in source.text.
	at, end int
	// first: nothing but space stands before it on its line.
	first bool
	// glued: it begins right behind a closing quote.
	glued bool
	// open: there is no closing quote, or no end of the heredoc.
	open bool
	// escaped: a backslash stands before the opening quote, and does not escape it.
	escaped bool
	// joined: a comment with a backslash stands between it and the token before,
	// and Caddy takes both for one line.
	joined bool
}

func (t token) opens() bool  { return t.quote == 0 && t.text == "{" }
func (t token) closes() bool { return t.quote == 0 && t.text == "}" }

// comment is the extent of a comment in source.text.
type comment struct{ at, end int }

// scan splits the text of a source into tokens. A token that is left open is the last.
func scan(text string) ([]token, []comment) {
	s := scanner{text: text, line: 1, first: true}
	s.pos = len(text) - len(strings.TrimPrefix(text, "\uFEFF"))
	var tokens []token
	for s.next() {
		tokens = append(tokens, s.token)
	}
	return tokens, s.comments
}

type scanner struct {
	text     string
	pos      int
	line     int
	skipped  int  // newlines passed that Caddy's count has not seen yet
	escaped  bool // the character before was a backslash
	first    bool // a line has begun since the last token
	joined   bool // a comment has swallowed a newline since the last token
	token    token
	value    strings.Builder
	comments []comment
}

// next scans one token.
func (s *scanner) next() bool {
	previous := s.token
	s.space()
	r, width := s.peek()
	if width == 0 {
		return false
	}
	s.token = token{
		line: s.line, at: s.pos, first: s.first, joined: s.joined && !s.first,
		glued:   previous.quote != 0 && previous.end == s.pos,
		escaped: s.escaped && (r == '"' || r == '`'),
	}
	s.first, s.joined = false, false
	s.value.Reset()
	var ok bool
	switch r {
	case '"', '`':
		ok = s.quoted(r)
	default:
		ok = s.bare()
	}
	s.escaped = false
	s.token.text = s.value.String()
	return ok
}

// peek returns the next character and its width; the width is 0 at the end.
func (s *scanner) peek() (rune, int) {
	if s.pos >= len(s.text) {
		return 0, 0
	}
	return utf8.DecodeRuneInString(s.text[s.pos:])
}

// endLine passes a newline outside of quotes. It reports whether a line begins.
func (s *scanner) endLine() bool {
	if s.escaped {
		s.escaped = false
		s.skipped++
		return false
	}
	s.newline()
	s.first = true
	return true
}

func (s *scanner) newline() {
	s.line += 1 + s.skipped
	s.skipped = 0
}

// space skips blanks, comments and escaped newlines. A backslash anywhere in a
// comment escapes the newline at its end, too.
func (s *scanner) space() {
	inComment := -1
	for {
		r, width := s.peek()
		switch {
		case width == 0:
		case r == '\\' && !s.escaped:
			s.escaped = true
		case r == '\n':
			if !s.endLine() && inComment >= 0 {
				s.joined = true
			}
		case unicode.IsSpace(r), inComment >= 0:
		case r == '#':
			inComment = s.pos
		default:
			return
		}
		if inComment >= 0 && (width == 0 || r == '\n') {
			s.comments = append(s.comments, comment{inComment, s.pos})
			inComment = -1
		}
		if width == 0 {
			return
		}
		s.pos += width
	}
}

// bare scans a token without quotes, which may turn out to be a heredoc.
func (s *scanner) bare() bool {
	literal := false // the token begins with an escaped "<"
	for {
		if !literal && strings.HasPrefix(s.value.String(), "<<") {
			return s.heredoc()
		}
		r, width := s.peek()
		s.token.end = s.pos
		s.pos += width
		switch {
		case width == 0:
			return true
		case r == '\\' && !s.escaped:
			s.escaped = true
			continue
		case r == '\r':
			continue
		case unicode.IsSpace(r):
			if r == '\n' {
				s.endLine()
			}
			return true
		case s.escaped && r == '<':
			literal = true
		case s.escaped:
			s.value.WriteByte('\\')
		}
		s.escaped = false
		s.value.WriteRune(r)
	}
}

// quoted scans a token in quotes. Only in double quotes, and only for a double
// quote, is the backslash special.
func (s *scanner) quoted(quote rune) bool {
	s.token.quote = quote
	s.pos++
	for {
		r, width := s.peek()
		s.pos += width
		s.token.end = s.pos
		switch {
		case width == 0:
			s.token.open = true
			return true
		case quote == '"' && r == '\\' && !s.escaped:
			s.escaped = true
			continue
		case quote == '"' && s.escaped:
			if r != '"' {
				s.value.WriteByte('\\')
			}
			s.escaped = false
		case r == quote:
			return true
		}
		if r == '\n' {
			s.newline()
		}
		s.value.WriteRune(r)
	}
}

var heredocMarker = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// heredoc scans on behind "<<". Without a newline behind the marker it is an
// ordinary token.
func (s *scanner) heredoc() bool {
	for {
		r, width := s.peek()
		s.token.end = s.pos
		s.pos += width
		switch {
		case width == 0, r == ' ':
			return true
		case r == '\r':
		case r == '\n':
			return s.heredocBody(s.value.String()[len("<<"):])
		default:
			s.value.WriteRune(r)
		}
	}
}

// heredocBody scans to the first occurrence of the marker.
func (s *scanner) heredocBody(marker string) bool {
	s.token.quote = '<'
	body, _, found := strings.Cut(s.text[s.pos:], marker)
	if !heredocMarker.MatchString(marker) || !found {
		s.token.open, s.pos = true, len(s.text)
		return true
	}
	s.value.Reset()
	s.value.WriteString(body)
	s.pos += len(body) + len(marker)
	s.skipped += strings.Count(body, "\n")
	s.newline()
	s.token.end = s.pos
	return true
}
