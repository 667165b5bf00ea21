package change

import (
	"maps"
	"slices"
)

// kinds is a set of kinds; 0 is all of them.
type kinds uint8

func (k kinds) has(one kind) bool { return k == 0 || k&(1<<one) != 0 }

// disjoint tells whether no value is of both.
func (k kinds) disjoint(other kinds) bool { return k != 0 && other != 0 && k&other == 0 }

// shape is what is known about a value. It begins as a schema of the older contract, and
// the steps of the changes reshape it.
type shape struct {
	// place is the JSON Pointer of the schema in the older contract, "" for what a step
	// has made.
	place string
	// origin is what the shape is a copy of, nil for itself.
	origin *shape
	// names are the schemas by name that the value has to keep.
	names []string
	kinds kinds
	// literals are the values of an enum or const as JSON texts; nil is any.
	literals []string
	members  map[string]*slot
	// order is that of the members.
	order    []string
	patterns []pattern
	// rest is the shape of further members; nil is anything, unless closed.
	rest   *shape
	closed bool
	items  *shape
	prefix []*shape
	// parts are shapes that the value has as well (allOf, $ref with siblings).
	parts []*shape
	// groups are sets of alternatives (oneOf, anyOf).
	groups [][]*shape
	// unknown tells that nothing is known, so that every place may be there.
	unknown bool
}

// slot is a member of an object.
type slot struct {
	*shape
	required bool
	// by is the step that made the member; nil for those of the contract.
	by *site
}

// pattern is a set of members by a regular expression.
type pattern struct {
	text  string
	shape *shape
}

// site is a step of a change, for messages.
type site struct {
	change *Change
	at     word
}

// clone copies a shape; what is below stays shared.
func (s *shape) clone() *shape {
	c := *s
	c.origin = s.source()
	c.members = make(map[string]*slot, len(s.members))
	for name, m := range s.members {
		copied := *m
		c.members[name] = &copied
	}
	c.order, c.patterns = slices.Clone(s.order), slices.Clone(s.patterns)
	c.prefix, c.parts = slices.Clone(s.prefix), slices.Clone(s.parts)
	c.groups = make([][]*shape, len(s.groups))
	for i := range s.groups {
		c.groups[i] = slices.Clone(s.groups[i])
	}
	return &c
}

// source is the shape that s is a copy of, or s.
func (s *shape) source() *shape {
	if s.origin != nil {
		return s.origin
	}
	return s
}

// become makes s another shape that is still what s is a copy of.
func (s *shape) become(other shape) {
	other.origin = s.origin
	*s = other
}

// set adds or replaces a member.
func (s *shape) set(name string, m slot) {
	if s.members == nil {
		s.members = make(map[string]*slot)
	}
	if s.members[name] == nil {
		s.order = append(s.order, name)
	}
	s.members[name] = &m
}

// drop removes a member.
func (s *shape) drop(name string) {
	delete(s.members, name)
	s.order = slices.DeleteFunc(s.order, func(n string) bool { return n == name })
}

// family is a shape with all that apply to the same value: its parts and alternatives.
// They are made its own first, so that changing them changes nothing elsewhere.
func (s *shape) family(own bool) []*shape {
	return s.gather(nil, own, 0)
}

func (s *shape) gather(list []*shape, own bool, depth int) []*shape {
	if slices.Contains(list, s) || depth > maxDepth {
		return list
	}
	list = append(list, s)
	each := func(branches []*shape) {
		for i := range branches {
			if own {
				branches[i] = branches[i].clone()
			}
			list = branches[i].gather(list, own, depth+1)
		}
	}
	each(s.parts)
	for _, g := range s.groups {
		each(g)
	}
	return list
}

// blank tells whether anything may be in the value as far as is known.
func (s *shape) blank() bool {
	for _, f := range s.family(false) {
		if f.unknown {
			return true
		}
		if len(f.members)+len(f.order)+len(f.patterns)+len(f.prefix) > 0 || f.rest != nil || f.items != nil || f.closed || f.kinds != 0 {
			return false
		}
	}
	return true
}

// memberNames are the declared members of a value, sorted.
func (s *shape) memberNames() []string {
	all := make(map[string]bool)
	for _, f := range s.family(false) {
		for name := range f.members {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// holders are the shapes of a family that have a member.
func holders(family []*shape, name string) []*shape {
	var list []*shape
	for _, f := range family {
		if f.members[name] != nil {
			list = append(list, f)
		}
	}
	return list
}

// below returns the shapes that a token leads to. With own they are copies that belong
// to s alone.
func (s *shape) below(token string, own bool) []*shape {
	var list []*shape
	take := func(at **shape) {
		if *at == nil {
			return
		}
		if own {
			*at = (*at).clone()
		}
		list = append(list, *at)
	}
	for _, f := range s.family(own) {
		if token != every {
			if m := f.members[token]; m != nil {
				take(&m.shape)
				continue
			}
			for i := range f.patterns {
				if matches(f.patterns[i].text, token) {
					take(&f.patterns[i].shape)
				}
			}
			take(&f.rest)
			continue
		}
		take(&f.items)
		for i := range f.prefix {
			take(&f.prefix[i])
		}
		if f.items == nil && len(f.prefix) == 0 {
			take(&f.rest)
			for i := range f.patterns {
				take(&f.patterns[i].shape)
			}
		}
	}
	return list
}

// reach returns the shapes at the end of tokens.
func (s *shape) reach(tokens []string, own bool) []*shape {
	list := []*shape{s}
	for _, token := range tokens {
		var next []*shape
		for _, one := range list {
			if one.blank() {
				next = append(next, &shape{unknown: true})
				continue
			}
			next = append(next, one.below(token, own)...)
		}
		list = next
	}
	return list
}

// required tells whether a value always has a member.
func (s *shape) required(name string) bool {
	for _, f := range append([]*shape{s}, s.parts...) {
		if m := f.members[name]; m != nil && m.required {
			return true
		}
	}
	return false
}
