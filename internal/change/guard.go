package change

import (
	"slices"
)

// guard tells one alternative from the others.
type guard struct {
	kinds  kinds
	has    []string
	hasNot []string
	equals []literal
}

// literal is a member, or the value itself without a name, with one of several values.
type literal struct {
	name  string
	texts []string
}

// passes tells whether a value is of the alternative.
func (g *guard) passes(v *value) bool {
	if g == nil {
		return true
	}
	if !g.kinds.has(v.kind) {
		return false
	}
	for _, name := range g.has {
		if v.get(name) == nil {
			return false
		}
	}
	for _, name := range g.hasNot {
		if v.get(name) != nil {
			return false
		}
	}
	for _, l := range g.equals {
		at := v
		if l.name != "" {
			at = v.get(l.name)
		}
		if at == nil || at.kind == kindObject || at.kind == kindArray || !slices.Contains(l.texts, at.canonical()) {
			return false
		}
	}
	return true
}

// tell adds what tells values of one shape from those of another. It is false if nothing
// does.
func (g *guard) tell(one, other *shape) bool {
	a, b := one.features(), other.features()
	if a.kinds.disjoint(b.kinds) {
		g.kinds |= a.kinds
		return true
	}
	for _, name := range sortedNames(a.literals) {
		if theirs, ok := b.literals[name]; ok && (name == "" || a.required[name]) && disjoint(a.literals[name], theirs) {
			g.equal(name, a.literals[name])
			return true
		}
	}
	for _, name := range sortedNames(a.required) {
		if !b.declared[name] && name != "" {
			g.has = appendNew(g.has, name)
			return true
		}
	}
	for _, name := range sortedNames(b.required) {
		if !a.declared[name] && name != "" {
			g.hasNot = appendNew(g.hasNot, name)
			return true
		}
	}
	return false
}

func (g *guard) equal(name string, texts []string) {
	if !slices.ContainsFunc(g.equals, func(l literal) bool { return l.name == name }) {
		g.equals = append(g.equals, literal{name, texts})
	}
}

// features are what one can tell a value by at a glance.
type features struct {
	kinds              kinds
	required, declared map[string]bool
	literals           map[string][]string // of members, and of the value itself as ""
}

func (s *shape) features() features {
	f := features{required: make(map[string]bool), declared: make(map[string]bool), literals: make(map[string][]string)}
	s.feature(&f, 0)
	return f
}

func (s *shape) feature(f *features, depth int) {
	if depth > maxDepth {
		return
	}
	if s.kinds != 0 && (f.kinds == 0 || f.kinds&s.kinds != 0) {
		if f.kinds == 0 {
			f.kinds = s.kinds
		}
		f.kinds &= s.kinds
	}
	if s.literals != nil {
		f.literals[""] = s.literals
	}
	for name, m := range s.members {
		f.declared[name] = true
		f.required[name] = f.required[name] || m.required
		if inner := m.shape.literalsOf(); inner != nil {
			f.literals[name] = inner
		}
	}
	for name, required := range f.required {
		if !required {
			delete(f.required, name)
		}
	}
	for _, p := range s.parts {
		p.feature(f, depth+1)
	}
}

// literalsOf are the values that a shape allows; nil is any.
func (s *shape) literalsOf() []string {
	if s.literals != nil || len(s.parts) == 0 {
		return s.literals
	}
	return s.parts[0].literals
}

func disjoint(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func sortedNames[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
