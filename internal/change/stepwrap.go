package change

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"gateway/internal/finding"
)

// spot is a value with what it hangs in.
type spot struct {
	*value
	parent *value // nil for the value that the change applies to
	name   string // of a member
}

// spots appends the values at a place.
func spots(dst []spot, v, parent *value, name string, tokens []string) []spot {
	if len(tokens) == 0 {
		return append(dst, spot{v, parent, name})
	}
	if tokens[0] != every {
		if next := v.get(tokens[0]); next != nil {
			return spots(dst, next, v, tokens[0], tokens[1:])
		}
		return dst
	}
	if !v.open() {
		return dst
	}
	for _, item := range v.items {
		dst = spots(dst, item, nil, "", tokens[1:])
	}
	for _, m := range v.members {
		dst = spots(dst, m.value, v, m.name, tokens[1:])
	}
	return dst
}

// replace calls do for the shapes at a place, each of them its own.
func replace(s *shape, p place, do func(*shape) *finding.Error) (bool, *finding.Error) {
	list := s.reach(p.tokens, true)
	if len(list) == 0 {
		return false, missing(s, p)
	}
	for _, one := range list {
		if flaw := do(one); flaw != nil {
			return true, flaw
		}
	}
	return true, nil
}

// wrap puts a value into an object or array of its own, or takes it out.
type wrap struct {
	at    place
	key   string // "" for an array
	out   bool   // it is taken out
	alone bool   // nothing else is in what it is taken out of
}

func (o *options) wrap(member string) step {
	s := &wrap{at: o.place(o.verb.Value), out: member == "from"}
	n := o.values[member]
	switch {
	case n == nil:
		o.fail(nil, member+": amount, or "+member+": [] for an array", "%s needs %q", o.verb.Value, member)
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
	default:
		s.key = o.text(n, member)
	}
	if o.naming != nil {
		o.fail(nil, "", "%s is for JSON", o.verb.Value)
	}
	return s
}

func (s *wrap) fresh() step {
	c := *s
	return &c
}
func (s *wrap) where() word    { return s.at.word }
func (s *wrap) older() []place { return []place{s.at} }
func (s *wrap) newer() []place { return []place{s.at} }

func (s *wrap) loss() string {
	switch {
	case !s.out || s.alone:
		return ""
	case s.key == "":
		return "all items but the first"
	}
	return "what stood beside " + s.key
}

func (s *wrap) reshape(on *shape, by *site) (bool, *finding.Error) {
	s.alone = true
	return replace(on, s.at, func(at *shape) *finding.Error {
		if s.out {
			return s.outside(at)
		}
		s.inside(at, by)
		return nil
	})
}

// inside makes the shape that of what it is wrapped in. Where the change applies to the
// value itself, what it is wrapped in is what has the name of the schema from now on.
func (s *wrap) inside(at *shape, by *site) {
	inner, outer := at.clone(), shape{}
	inner.origin = nil
	if len(s.at.tokens) == 0 {
		outer.names, inner.names = inner.names, nil
	}
	if s.key == "" {
		outer.kinds, outer.items = 1<<kindArray, inner
	} else {
		outer.kinds = 1 << kindObject
		outer.set(s.key, slot{shape: inner, required: true, by: by})
	}
	at.become(outer)
}

// outside makes the shape that of what is taken out of it.
func (s *wrap) outside(at *shape) *finding.Error {
	if at.blank() {
		s.alone = false
		return nil
	}
	token := s.key
	if token == "" {
		token, s.alone = every, false
	}
	inner := at.below(token, true)
	if len(inner) == 0 {
		return missing(at, place{s.at.word, []string{token}})
	}
	s.alone = s.alone && len(at.memberNames()) == 1 && at.required(s.key)
	names := at.names
	at.become(*inner[0])
	if len(s.at.tokens) == 0 && len(at.names) == 0 {
		at.names = names
	}
	return nil
}

func (s *wrap) forward(d *document, v *value) { s.apply(d, v, s.out) }
func (s *wrap) back(d *document, v *value)    { s.apply(d, v, !s.out) }

func (s *wrap) apply(d *document, v *value, out bool) {
	for _, at := range spots(nil, v, nil, "", s.at.tokens) {
		if out {
			s.takeOut(d, at)
			continue
		}
		inner := new(value)
		*inner = *at.value
		*at.value = value{kind: kindArray, opened: true}
		if s.key == "" {
			at.items = []*value{inner}
			continue
		}
		at.kind = kindObject
		at.members = []member{{name: s.key, value: inner}}
	}
}

// takeOut leaves the inner value in place of the outer one.
func (s *wrap) takeOut(d *document, at spot) {
	var inner *value
	switch {
	case s.key != "":
		if at.kind == kindNull {
			return
		}
		inner = at.get(s.key)
	case at.kind == kindArray && at.open() && len(at.items) > 0:
		inner = at.items[0]
	}
	switch {
	case inner != nil:
		*at.value = *inner
	case at.parent != nil:
		at.parent.take(at.name)
	default:
		d.fail(s.at.tokens, "there is nothing inside that could be taken out")
	}
}

func (s *wrap) trace(tokens []string) ([]string, bool) {
	n := len(s.at.tokens)
	if !under(tokens, s.at.tokens) {
		return tokens, true
	}
	inner := s.key
	if inner == "" {
		inner = "0"
	}
	if s.out {
		return slices.Concat(tokens[:n], []string{inner}, tokens[n:]), true
	}
	if len(tokens) > n && tokens[n] == inner {
		return slices.Concat(tokens[:n], tokens[n+1:]), true
	}
	return tokens[:n], len(tokens) == n
}
