package change

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// backHeaders carries the header fields of a response back. Fields that nothing becomes of
// keep their bytes.
func (l *leg) backHeaders(header http.Header) *Failure {
	d := &document{root: value{kind: kindObject, opened: true}}
	before := make(map[string]*value, len(header))
	for _, name := range sortedNames(header) {
		lines := header[name]
		v := &value{kind: kindArray, opened: true}
		for _, line := range lines {
			v.items = append(v.items, madeString(strings.ToValidUTF8(line, "\uFFFD")))
		}
		if len(lines) == 1 {
			v = v.items[0]
		}
		before[name] = v
		d.root.members = append(d.root.members, member{name: name, value: v})
	}
	was := make(map[*value]field, len(header))
	for name, v := range before {
		was[v] = field{header[name], string(v.write(nil))}
	}
	if failure := l.headers.back(d); failure != nil {
		return failure
	}
	after := make(map[string][]string)
	for _, m := range d.root.members {
		f, there := was[m.value]
		kept := there && f.text == string(m.value.write(nil))
		switch {
		case kept && before[m.name] == m.value:
			delete(before, m.name)
			continue
		case kept:
			after[m.name] = f.lines
			continue
		}
		if after[m.name] = m.value.texts(); slices.ContainsFunc(after[m.name], hasControl) {
			return &Failure{Change: l.headers.last(), Message: "a value cannot stand in a header field"}
		}
	}
	for name := range before {
		delete(header, name)
	}
	for name, lines := range after {
		if len(lines) > 0 {
			header[name] = lines
		}
	}
	return nil
}

// field is a header field as it came.
type field struct {
	lines []string
	text  string
}

// Pointer carries a pointer into the newest version's request body back to the old
// client's. ok is false if the old form has nothing that corresponds to it.
func (c *Carrier) Pointer(newer string) (older string, ok bool) {
	tokens := tokensOf(newer)
	for _, l := range slices.Backward(c.legs) {
		if tokens, ok = l.trace(tokens); !ok {
			return "", false
		}
	}
	return pointer(tokens), true
}

// tokensOf reads a JSON Pointer.
func tokensOf(text string) []string {
	if text == "" {
		return nil
	}
	tokens := strings.Split(strings.TrimPrefix(text, "/"), "/")
	for i := range tokens {
		tokens[i] = unescapeToken(tokens[i])
	}
	return tokens
}

// trace carries a pointer back across one boundary. It is about the body that the
// contract has, and where there are several, about JSON.
func (l *leg) trace(tokens []string) ([]string, bool) {
	p := find(l.request, "application/json")
	if p == nil {
		for _, name := range sortedNames(l.request) {
			p = l.request[name]
		}
	}
	if p == nil {
		return tokens, true
	}
	for _, a := range slices.Backward(p.acts) {
		for _, start := range a.behind.starts(tokens) {
			for _, s := range slices.Backward(a.steps) {
				rest, ok := s.trace(tokens[start:])
				if !ok {
					return nil, false
				}
				tokens = slices.Concat(tokens[:start], rest)
			}
		}
	}
	return tokens, true
}

// starts are how many tokens lead to each value on the way of a pointer that the change
// applies to, the outer ones last: what is inside is traced first.
func (w *walk) starts(tokens []string) []int {
	var list []int
	w.follow(tokens, 0, &list, 0)
	slices.Sort(list)
	list = slices.Compact(list)
	slices.Reverse(list)
	return list
}

func (w *walk) follow(tokens []string, at int, list *[]int, same int) {
	if w == nil || same > maxDepth {
		return
	}
	if w.chosen {
		*list = append(*list, at)
	}
	for i := range w.same {
		w.same[i].walk.follow(tokens, at, list, same+1)
	}
	if at >= len(tokens) {
		return
	}
	token := tokens[at]
	for i := range w.members {
		if w.members[i].name == token {
			w.members[i].walk.follow(tokens, at+1, list, 0)
		}
	}
	for _, p := range w.patterns {
		if p.MatchString(token) {
			p.walk.follow(tokens, at+1, list, 0)
		}
	}
	if w.rest != nil && !w.known[token] {
		w.rest.follow(tokens, at+1, list, 0)
	}
	w.items.follow(tokens, at+1, list, 0)
	for _, p := range w.prefix {
		p.follow(tokens, at+1, list, 0)
	}
}

// backPointers carries the pointers in a problem document back: those of its errors
// that are about the body, and the names of parameters.
func (l *leg) backPointers(d *document) {
	errors := d.root.get("errors")
	if errors == nil || errors.kind != kindArray || !errors.open() {
		return
	}
	for _, e := range errors.items {
		if at := e.get("pointer"); at != nil && at.kind == kindString {
			if back := l.tracePointer(at.string()); back != at.string() {
				*at = *madeString(back)
			}
		}
		l.backParameter(e)
	}
}

// tracePointer carries a pointer back that is a text, or the fragment of a URI: "#/a%20b"
// (RFC 6901 §6). What has no older form stays.
func (l *leg) tracePointer(text string) string {
	rest, fragment := strings.CutPrefix(text, "#")
	if fragment {
		plain, err := url.PathUnescape(rest)
		if err != nil {
			return text
		}
		rest = plain
	}
	older, ok := l.trace(tokensOf(rest))
	back := pointer(older)
	switch {
	case !ok || back == rest:
		return text
	case fragment:
		return "#" + (&url.URL{Fragment: back}).EscapedFragment()
	}
	return back
}

// backParameter carries the name of a parameter back.
func (l *leg) backParameter(e *value) {
	name, in := e.get("parameter"), e.get("in")
	if l.fields == nil || name == nil || in == nil || name.kind != kindString || in.kind != kindString {
		return
	}
	tokens := []string{in.string(), name.string()}
	if tokens[0] == "header" {
		tokens[1] = canonicalField(tokens[1])
	}
	for _, a := range slices.Backward(l.fields.acts) {
		if !a.behind.chosen {
			continue
		}
		for _, s := range slices.Backward(a.steps) {
			var ok bool
			if tokens, ok = s.trace(tokens); !ok {
				return
			}
		}
	}
	if len(tokens) == 2 && (tokens[0] != in.string() || tokens[1] != canonicalIf(tokens[0], name.string())) {
		*in, *name = *madeString(tokens[0]), *madeString(tokens[1])
	}
}

func canonicalIf(in, name string) string {
	if in == "header" {
		return canonicalField(name)
	}
	return name
}
