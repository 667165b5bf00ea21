package openapi

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
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
