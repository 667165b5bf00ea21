package openapi

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// template is a parsed path template.
type template struct {
	segments []segment
}

// segment is what stands between two slashes: literal text with variables in
// between, which always have text between them. A segment without variables is one
// literal.
type segment struct {
	// literals are one more than names; the first and the last may be empty.
	literals []string
	names    []string
}

// parseTemplate reads a path template: "/files/{name}.json".
func parseTemplate(text string) (template, error) {
	var t template
	switch {
	case !strings.HasPrefix(text, "/"):
		return t, errors.New(`a path begins with "/"`)
	case strings.ContainsAny(text, "?#"):
		return t, errors.New(`a path ends before "?" and "#"; queries are declared as parameters`)
	}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(text[1:], "/") {
		s, err := parseSegment(part)
		if err != nil {
			return t, err
		}
		for _, name := range s.names {
			if seen[name] {
				return t, fmt.Errorf("{%s} occurs twice", name)
			}
			seen[name] = true
		}
		t.segments = append(t.segments, s)
	}
	for i, s := range t.segments {
		if len(s.names) == 0 && (s.literals[0] == "." || s.literals[0] == ".." || s.literals[0] == "" && i < len(t.segments)-1) {
			return t, errors.New("empty and dot segments are not plain")
		}
	}
	return t, nil
}

// parseSegment reads one segment.
func parseSegment(text string) (segment, error) {
	var s segment
	for {
		literal, rest, found := strings.Cut(text, "{")
		if strings.Contains(literal, "}") {
			return s, errors.New(`a "}" closes nothing`)
		}
		literal, err := url.PathUnescape(literal)
		if err != nil || strings.Contains(literal, "/") {
			return s, errors.New("its percent-encoding is not plain")
		}
		if strings.ContainsFunc(literal, func(r rune) bool { return r == ';' || r == '\\' || unicode.IsControl(r) }) {
			return s, errors.New(`requests whose path has a ";", a backslash or a control are refused`)
		}
		if found && literal == "" && len(s.names) > 0 {
			return s, errors.New("two variables need text between them, or nobody knows where one ends")
		}
		s.literals = append(s.literals, literal)
		if !found {
			return s, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.Contains(name, "{") {
			return s, errors.New(`a variable is a name between "{" and "}"`)
		}
		s.names = append(s.names, name)
		text = after
	}
}

// variables lists the names of all variables, in order.
func (t template) variables() []string {
	var out []string
	for _, s := range t.segments {
		out = append(out, s.names...)
	}
	return out
}

// shape is the template without the names of its variables: templates of one shape
// match the same paths.
func (t template) shape() string {
	var b strings.Builder
	for _, s := range t.segments {
		b.WriteString("/" + s.shape())
	}
	return b.String()
}

func (s segment) shape() string { return strings.Join(s.literals, "\x00") }

// bare tells a segment that is one variable and nothing else.
func (s segment) bare() bool {
	return len(s.names) == 1 && s.literals[0] == "" && s.literals[1] == ""
}

// weight is how much literal text the segment has.
func (s segment) weight() int {
	n := 0
	for _, literal := range s.literals {
		n += len(literal)
	}
	return n
}

// match appends the values of the variables in text to params. The text between
// two variables is taken where it comes first: that finds a reading if there is any.
func (s *segment) match(text string, params []string) ([]string, bool) {
	last := len(s.names)
	rest, ok := strings.CutPrefix(text, s.literals[0])
	if !ok {
		return params, false
	}
	if rest, ok = strings.CutSuffix(rest, s.literals[last]); !ok {
		return params, false
	}
	mark := len(params)
	for _, literal := range s.literals[1:last] {
		if rest == "" {
			return params[:mark], false
		}
		i := strings.Index(rest[1:], literal) + 1
		if i == 0 {
			return params[:mark], false
		}
		params = append(params, rest[:i])
		rest = rest[i+len(literal):]
	}
	if rest == "" {
		return params[:mark], false
	}
	return append(params, rest), true
}
