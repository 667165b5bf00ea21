package change

import (
	"fmt"
	"regexp"
	"slices"

	"gateway/internal/finding"
)

// walk is the way from a value to the values inside it that a change applies to. It has
// nothing of the schemas that do not lead there.
type walk struct {
	// chosen tells that the change applies to the value itself.
	chosen   bool
	members  []way
	patterns []patternWay
	// rest is for members that the schema does not name; known are those that it does.
	rest  *walk
	known map[string]bool
	items *walk
	// prefix are the first items; nil where nothing is to be done.
	prefix []*walk
	// same are walks of the same value, those of alternatives with a guard.
	same []branch
}

type way struct {
	name string
	walk *walk
}

type patternWay struct {
	*regexp.Regexp
	walk *walk
}

// branch is a walk for values that pass its guard.
type branch struct {
	*guard
	walk *walk
}

// choose appends the values that the change applies to, the outer ones first, each once.
func (w *walk) choose(d *document, v *value) {
	if w.chosen && v.turn != d.turn {
		v.turn = d.turn
		d.chosen = append(d.chosen, v)
	}
	for i := range w.same {
		if w.same[i].passes(v) {
			w.same[i].walk.choose(d, v)
		}
	}
	switch v.kind {
	case kindObject:
		if len(w.members) > 0 || len(w.patterns) > 0 || w.rest != nil {
			w.chooseMembers(d, v)
		}
	case kindArray:
		if w.items == nil && w.prefix == nil || !v.open() {
			return
		}
		for i, item := range v.items {
			next := w.items
			if i < len(w.prefix) {
				next = w.prefix[i]
			}
			if next != nil {
				next.choose(d, item)
			}
		}
	}
}

func (w *walk) chooseMembers(d *document, v *value) {
	for i := range w.members {
		if at := v.get(w.members[i].name); at != nil {
			w.members[i].walk.choose(d, at)
		}
	}
	if len(w.patterns) == 0 && w.rest == nil || !v.open() {
		return
	}
	for i := range v.members {
		m := &v.members[i]
		fits := w.known[m.name]
		for _, p := range w.patterns {
			if p.MatchString(m.name) {
				fits = true
				if p.walk != nil {
					p.walk.choose(d, m.value)
				}
			}
		}
		if !fits && w.rest != nil {
			w.rest.choose(d, m.value)
		}
	}
}

// route makes the walk from a shape to its targets; nil if none can be reached.
type route struct {
	targets map[*shape]bool
	leads   map[*shape]bool
	walks   map[*shape]*walk
	// indistinct is where two alternatives cannot be told apart.
	indistinct *shape
	which      string
}

// newRoute finds the shapes that lead to the targets: against the references, from the
// targets to what holds them.
func newRoute(root *shape, targets map[*shape]bool) *route {
	r := &route{targets: targets, leads: make(map[*shape]bool), walks: make(map[*shape]*walk)}
	holders := make(map[*shape][]*shape)
	seen := make(map[*shape]bool)
	pending := []*shape{root}
	for len(pending) > 0 {
		s := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		s.children(func(c *shape) {
			holders[c] = append(holders[c], s)
			pending = append(pending, c)
		})
	}
	for t := range targets {
		if seen[t] {
			pending = append(pending, t)
		}
	}
	for len(pending) > 0 {
		s := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if !r.leads[s] {
			r.leads[s] = true
			pending = append(pending, holders[s]...)
		}
	}
	return r
}

// children visits the shapes right inside a shape.
func (s *shape) children(visit func(*shape)) {
	for _, name := range s.order {
		visit(s.members[name].shape)
	}
	for i := range s.patterns {
		visit(s.patterns[i].shape)
	}
	for _, c := range []*shape{s.rest, s.items} {
		if c != nil {
			visit(c)
		}
	}
	for _, c := range slices.Concat(s.prefix, s.parts) {
		visit(c)
	}
	for _, g := range s.groups {
		for _, c := range g {
			visit(c)
		}
	}
}

// walk returns the walk of a shape, nil if it leads nowhere.
func (r *route) walk(s *shape) *walk {
	if s == nil || !r.leads[s] {
		return nil
	}
	if w := r.walks[s]; w != nil {
		return w
	}
	w := &walk{chosen: r.targets[s]}
	r.walks[s] = w
	for _, name := range s.order {
		if next := r.walk(s.members[name].shape); next != nil {
			w.members = append(w.members, way{name, next})
		}
	}
	w.rest = r.walk(s.rest)
	for _, p := range s.patterns {
		next := r.walk(p.shape)
		if re, err := regexp.Compile(p.text); err == nil && (next != nil || w.rest != nil) {
			w.patterns = append(w.patterns, patternWay{re, next})
		}
	}
	if w.rest != nil {
		w.known = make(map[string]bool, len(s.order))
		for _, name := range s.order {
			w.known[name] = true
		}
	}
	w.items = r.walk(s.items)
	for i, p := range s.prefix {
		if next := r.walk(p); next != nil || w.items != nil || w.prefix != nil {
			for len(w.prefix) < i {
				w.prefix = append(w.prefix, nil)
			}
			w.prefix = append(w.prefix, next)
		}
	}
	for _, p := range s.parts {
		if next := r.walk(p); next != nil {
			w.same = append(w.same, branch{nil, next})
		}
	}
	for _, g := range s.groups {
		r.alternatives(w, s, g)
	}
	return w
}

// alternatives adds those branches of a group that lead to a target.
func (r *route) alternatives(w *walk, s *shape, group []*shape) {
	for i, b := range group {
		next := r.walk(b)
		if next == nil {
			continue
		}
		g := &guard{}
		for j, other := range group {
			if j != i && !g.tell(b, other) && r.indistinct == nil {
				r.indistinct, r.which = s, fmt.Sprintf("%s and %s", b.called(i), other.called(j))
			}
		}
		w.same = append(w.same, branch{g, next})
	}
}

// called names an alternative for people.
func (s *shape) called(i int) string {
	for _, f := range s.family(false) {
		if len(f.names) > 0 {
			return f.names[0]
		}
	}
	return fmt.Sprintf("alternative %d", i+1)
}

// distinct is the finding about alternatives that cannot be told apart.
func (r *route) distinct(at word) *finding.Error {
	if r.indistinct == nil {
		return nil
	}
	return at.flaw(fmt.Sprintf("the change applies to one of several alternatives, but nothing tells %s apart", r.which),
		"give the oneOf or anyOf a discriminator, or each alternative a required member of its own")
}
