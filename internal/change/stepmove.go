package change

import (
	"slices"

	"gateway/internal/finding"
)

// move takes a member to another place within the same item.
type move struct {
	from, to place
	base     []string // up to the last "*", which both share
	source   []string // relative to base
	target   []string
	// pruned tell which objects around the old and the new place are there for the
	// member alone, by their depth: they go when they are empty.
	pruneSource, pruneTarget []bool
}

func (o *options) move() step {
	s := &move{from: o.member("move"), to: o.member("to")}
	if len(o.found) > 0 && s.to.text == "" {
		return nil
	}
	base, rest, ok := common(s.from, s.to)
	switch {
	case !ok:
		o.fail(o.values["to"], "", "both places must share everything up to the last *")
		return nil
	case slices.Equal(rest[0], rest[1]):
		o.fail(o.values["to"], "", "the new place is the old one")
	case under(rest[1], rest[0]):
		o.fail(o.values["to"], "wrap puts a value into an object of its own", "a member cannot move into itself")
	}
	s.base, s.source, s.target = base, rest[0], rest[1]
	s.pruneSource, s.pruneTarget = make([]bool, len(s.source)), make([]bool, len(s.target))
	return s
}

func (s *move) fresh() step {
	c := *s
	c.pruneSource, c.pruneTarget = make([]bool, len(s.source)), make([]bool, len(s.target))
	return &c
}
func (s *move) where() word    { return s.from.word }
func (s *move) loss() string   { return "" }
func (s *move) older() []place { return []place{s.from} }
func (s *move) newer() []place { return []place{s.to} }

func (s *move) reshape(on *shape, by *site) (bool, *finding.Error) {
	touched := false
	for _, b := range on.reach(s.base, true) {
		if b.blank() {
			touched = true
			continue
		}
		m, ok := detach(b, s.source)
		if !ok {
			continue
		}
		touched = true
		s.prune(b)
		if !s.attach(b, m, by) {
			return true, taken(s.to, s.target[len(s.target)-1])
		}
	}
	if !touched {
		return false, missing(on, s.from)
	}
	return true, nil
}

// detach removes the member at a place from a shape.
func detach(s *shape, tokens []string) (m slot, ok bool) {
	parents, name := s.reach(tokens[:len(tokens)-1], true), tokens[len(tokens)-1]
	m.required = true
	for _, parent := range parents {
		for _, h := range holders(parent.family(true), name) {
			found := h.members[name]
			if !ok {
				m.shape = found.shape
			}
			m.required = m.required && found.required
			h.drop(name)
			ok = true
		}
		m.required = m.required && len(parents) == 1
	}
	for i := 1; i < len(tokens); i++ {
		for _, around := range s.reach(tokens[:i-1], false) {
			m.required = m.required && around.required(tokens[i-1])
		}
	}
	return m, ok
}

// prune drops objects around the old place that hold nothing any more.
func (s *move) prune(b *shape) {
	for i := len(s.source) - 1; i > 0; i-- {
		for _, around := range b.reach(s.source[:i], false) {
			if len(around.memberNames()) > 0 || around.rest != nil || around.blank() && !around.bare() {
				return
			}
		}
		s.pruneSource[i] = true
		_, _ = detach(b, s.source[:i])
	}
}

// bare tells an object that a schema has declared and whose members are all gone.
func (s *shape) bare() bool { return s.place != "" && s.kinds.has(kindObject) && !s.unknown }

// attach puts the member at the new place, with the objects that it needs around it.
func (s *move) attach(b *shape, m slot, by *site) bool {
	at := b
	for i, token := range s.target[:len(s.target)-1] {
		next := at.below(token, true)
		if len(next) == 0 || len(holders(at.family(false), token)) == 0 {
			made := &shape{kinds: 1 << kindObject}
			at.set(token, slot{shape: made, required: m.required, by: by})
			s.pruneTarget[i+1] = true
			next = []*shape{made}
		}
		at = next[0]
	}
	name := s.target[len(s.target)-1]
	if len(holders(at.family(false), name)) > 0 {
		return false
	}
	m.by = by
	at.set(name, m)
	return true
}

func (s *move) forward(d *document, v *value) {
	for _, b := range collect(nil, v, s.base) {
		d.carry(b, s.source, s.target, s.pruneSource)
	}
}

func (s *move) back(d *document, v *value) {
	for _, b := range collect(nil, v, s.base) {
		d.carry(b, s.target, s.source, s.pruneTarget)
	}
}

// carry takes a member from one place of a value to another.
func (d *document) carry(b *value, from, to []string, prune []bool) {
	if b.kind != kindObject || !b.open() {
		return
	}
	around := collect(nil, b, from[:len(from)-1])
	if len(around) == 0 || around[0].kind != kindObject || !around[0].open() {
		return
	}
	m := around[0].take(from[len(from)-1])
	b.prune(from, prune)
	if m == nil {
		return
	}
	at := b
	for _, token := range to[:len(to)-1] {
		next := at.get(token)
		if next == nil {
			next = newObject()
			at.put(token, next)
		}
		if next.kind != kindObject || !next.open() {
			d.fail(to, "there is no object that could take the member")
			return
		}
		at = next
	}
	at.put(to[len(to)-1], m)
}

// prune removes objects around a place that are empty, where that is marked.
func (v *value) prune(tokens []string, marked []bool) {
	for i := len(tokens) - 1; i > 0; i-- {
		if !marked[i] {
			return
		}
		around := collect(nil, v, tokens[:i-1])
		inner := collect(nil, v, tokens[:i])
		if len(inner) == 0 || inner[0].kind != kindObject || !inner[0].open() || len(inner[0].members) > 0 {
			return
		}
		around[0].take(tokens[i-1])
	}
}

func (s *move) trace(tokens []string) ([]string, bool) {
	n := len(s.base)
	if under(tokens, s.base) && under(tokens[n:], s.target) {
		return slices.Concat(tokens[:n], s.source, tokens[n+len(s.target):]), true
	}
	return tokens, true
}
