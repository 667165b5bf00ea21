package openapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// Router finds the operation of a request. It is compiled once and never changes.
//
// It is a tree with one level per path segment. At each level literal text is tried
// before segments with text and variables, and these before a bare variable; where
// a way leads nowhere, the next one is tried. The first template in this order that
// has the method decides: a method that only the less specific one of two matching
// templates has is served by that one.
//
// A variable takes at least one character and never a slash. In a segment such as
// "{name}.{type}" each variable but the last takes as little as possible.
type Router[T any] struct {
	root *branch[T]
}

// Entry is one operation to route to.
type Entry[T any] struct {
	// Method is compared as it is: names of methods have case (RFC 9110 §9.1).
	Method string
	// Template is a path template, "/orders/{id}", with its base path.
	Template string
	Value    T
	// Source is for messages.
	Source Position
}

// Match is the answer of a Router.
type Match[T any] struct {
	// Found tells that Value is the operation to serve.
	Found bool
	Value T
	// Params are the values of the template's variables, in the order of
	// Variables.
	Params []string
	// Allow is the value of the field of that name (RFC 9110 §10.2.1) if the path
	// exists, but not with this method. Neither Found nor Allow is a 404.
	Allow string
}

// Variables lists the variables of a path template in the order of Match.Params.
func Variables(template string) ([]string, error) {
	t, err := parseTemplate(template)
	if err != nil {
		return nil, err
	}
	return t.variables(), nil
}

// branch is what may follow after some segments.
type branch[T any] struct {
	literal  map[string]*branch[T]
	mixed    []mixed[T] // most literal text first
	variable *branch[T]
	// leaf is not nil if a path may end here.
	leaf *leaf[T]
}

// mixed is a segment of text and variables.
type mixed[T any] struct {
	segment
	next *branch[T]
}

// leaf holds the operations of one path.
type leaf[T any] struct {
	methods []entry[T]
	// allow lists the methods that are answered.
	allow string
}

type entry[T any] struct {
	method string
	Entry[T]
}

// NewRouter compiles entries. It is an error if two of them match the same
// requests: templates that differ in the names of variables only, with one method.
func NewRouter[T any](entries []Entry[T]) (*Router[T], error) {
	r := &Router[T]{root: new(branch[T])}
	var conflicts finding.List
	for _, e := range entries {
		t, err := parseTemplate(e.Template)
		if err != nil {
			conflicts = append(conflicts, &finding.Error{
				Message: fmt.Sprintf("the path %q is not supported: %v", e.Template, err), At: finding.Position(e.Source),
			})
			continue
		}
		if other := r.insert(t, e); other != nil {
			conflicts = append(conflicts, &finding.Error{
				Message: fmt.Sprintf("two operations match the same request: %s %s, and %s at %s",
					e.Method, e.Template, other.Template, finding.Position(other.Source)),
				At: finding.Position(e.Source),
			})
		}
	}
	if err := conflicts.Err(); err != nil {
		return nil, err
	}
	r.root.finish()
	return r, nil
}

// insert adds an entry, or returns the one that it collides with.
func (r *Router[T]) insert(t template, e Entry[T]) *Entry[T] {
	b := r.root
	for _, s := range t.segments {
		b = b.step(s)
	}
	if b.leaf == nil {
		b.leaf = new(leaf[T])
	}
	for i := range b.leaf.methods {
		if b.leaf.methods[i].method == e.Method {
			return &b.leaf.methods[i].Entry
		}
	}
	b.leaf.methods = append(b.leaf.methods, entry[T]{e.Method, e})
	return nil
}

// step returns the branch behind a segment, making it if there is none.
func (b *branch[T]) step(s segment) *branch[T] {
	switch {
	case len(s.names) == 0:
		if b.literal == nil {
			b.literal = make(map[string]*branch[T])
		}
		text := s.literals[0]
		if b.literal[text] == nil {
			b.literal[text] = new(branch[T])
		}
		return b.literal[text]
	case s.bare():
		if b.variable == nil {
			b.variable = new(branch[T])
		}
		return b.variable
	}
	for _, m := range b.mixed {
		if m.shape() == s.shape() {
			return m.next
		}
	}
	next := new(branch[T])
	b.mixed = append(b.mixed, mixed[T]{s, next})
	return next
}

// finish sorts what has an order and writes down the Allow fields.
func (b *branch[T]) finish() {
	slices.SortStableFunc(b.mixed, func(x, y mixed[T]) int { return cmp.Compare(y.weight(), x.weight()) })
	if b.leaf != nil {
		b.leaf.finish()
	}
	for _, next := range b.literal {
		next.finish()
	}
	for _, m := range b.mixed {
		m.next.finish()
	}
	if b.variable != nil {
		b.variable.finish()
	}
}

// finish lets GET answer HEAD where nothing else does (RFC 9110 §9.3.2).
func (l *leaf[T]) finish() {
	find := func(method string) int {
		return slices.IndexFunc(l.methods, func(e entry[T]) bool { return e.method == method })
	}
	if get := find("GET"); get >= 0 && find("HEAD") < 0 {
		l.methods = append(l.methods, entry[T]{"HEAD", l.methods[get].Entry})
	}
	names := make([]string, len(l.methods))
	for i, e := range l.methods {
		names[i] = e.method
	}
	slices.Sort(names)
	l.allow = strings.Join(names, ", ")
}

// Lookup finds the operation for a method on a path, which must be canonical: begin
// with "/", decoded once. Values are appended to params[:0], whose array is used as
// far as it reaches; then nothing is allocated.
func (r *Router[T]) Lookup(method, path string, params []string) Match[T] {
	if path == "" || path[0] != '/' {
		return Match[T]{}
	}
	s := search[T]{method: method, params: params[:0]}
	if e := s.descend(r.root, path[1:]); e != nil {
		return Match[T]{Found: true, Value: e.Value, Params: s.params}
	}
	return Match[T]{Allow: s.allow}
}

// search is the state of one Lookup.
type search[T any] struct {
	method string
	params []string
	allow  string
}

// descend looks for a leaf below b for the rest of a path.
func (s *search[T]) descend(b *branch[T], rest string) *entry[T] {
	text, after, more := strings.Cut(rest, "/")
	if next := b.literal[text]; next != nil {
		if e := s.next(next, after, more); e != nil {
			return e
		}
	}
	if text == "" {
		return nil
	}
	mark := len(s.params)
	for i := range b.mixed {
		if params, ok := b.mixed[i].match(text, s.params); ok {
			s.params = params
			if e := s.next(b.mixed[i].next, after, more); e != nil {
				return e
			}
			s.params = s.params[:mark]
		}
	}
	if b.variable != nil {
		s.params = append(s.params, text)
		if e := s.next(b.variable, after, more); e != nil {
			return e
		}
		s.params = s.params[:mark]
	}
	return nil
}

// next goes one segment down, or ends at the leaf if there is no more.
func (s *search[T]) next(b *branch[T], rest string, more bool) *entry[T] {
	if more {
		return s.descend(b, rest)
	}
	if b.leaf == nil {
		return nil
	}
	for i := range b.leaf.methods {
		if b.leaf.methods[i].method == s.method {
			return &b.leaf.methods[i]
		}
	}
	s.allow = union(s.allow, b.leaf.allow)
	return nil
}

// union puts two Allow fields together; mostly one of them is empty.
func union(a, b string) string {
	if a == "" || a == b {
		return b
	}
	names := append(strings.Split(a, ", "), strings.Split(b, ", ")...)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
