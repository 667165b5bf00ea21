package change

import (
	"slices"

	"gateway/internal/finding"
)

// add puts a member with a value where there was none.
type add struct {
	at   place
	base []string
	name string
	text string
}

func (o *options) add() step {
	s := &add{at: o.member("add"), text: o.literal("value")}
	if s.text == "" {
		o.fail(nil, "value: what requests of old clients get", "add needs a value")
	}
	s.base, s.name = s.at.parent()
	return s
}

func (s *add) fresh() step    { return s }
func (s *add) where() word    { return s.at.word }
func (s *add) loss() string   { return "" }
func (s *add) older() []place { return nil }
func (s *add) newer() []place { return []place{s.at} }

func (s *add) reshape(on *shape, by *site) (bool, *finding.Error) {
	parents := on.reach(s.base, true)
	if len(parents) == 0 {
		return false, missing(on, place{s.at.word, s.base})
	}
	for _, parent := range parents {
		if parent.blank() {
			continue
		}
		if len(holders(parent.family(false), s.name)) > 0 {
			return true, taken(s.at, s.name)
		}
		parent.set(s.name, slot{shape: &shape{unknown: true}, required: true, by: by})
	}
	return true, nil
}

func (s *add) forward(d *document, v *value) {
	d.parents(v, s.base, func(parent *value) { parent.put(s.name, made(s.text)) })
}

func (s *add) back(d *document, v *value) {
	d.parents(v, s.base, func(parent *value) { parent.take(s.name) })
}

func (s *add) trace(tokens []string) ([]string, bool) {
	return tokens, !under(tokens, s.at.tokens)
}

// remove takes a member away. Its value is what responses to old clients get.
type remove struct {
	at   place
	base []string
	name string
	text string // "" for nothing
	// constant tells that the member could have no other value.
	constant bool
}

func (o *options) remove() step {
	s := &remove{at: o.member("remove"), text: o.literal("value")}
	s.base, s.name = s.at.parent()
	return s
}

func (s *remove) fresh() step {
	c := *s
	return &c
}
func (s *remove) where() word    { return s.at.word }
func (s *remove) older() []place { return []place{s.at} }
func (s *remove) newer() []place { return nil }

func (s *remove) loss() string {
	if s.constant {
		return ""
	}
	return "what " + s.name + " was"
}

func (s *remove) reshape(on *shape, _ *site) (bool, *finding.Error) {
	touched := false
	s.constant = true
	for _, parent := range on.reach(s.base, true) {
		if parent.blank() {
			touched, s.constant = true, false
			continue
		}
		for _, h := range holders(parent.family(true), s.name) {
			m := h.members[s.name]
			s.constant = s.constant && m.required && s.text != "" && slices.Equal(m.literals, []string{canonical(s.text)})
			h.drop(s.name)
			touched = true
		}
	}
	if !touched {
		return false, missing(on, s.at)
	}
	return true, nil
}

func (s *remove) forward(d *document, v *value) {
	d.parents(v, s.base, func(parent *value) { parent.take(s.name) })
}

func (s *remove) back(d *document, v *value) {
	if s.text == "" {
		return
	}
	d.parents(v, s.base, func(parent *value) {
		if parent.index(s.name) < 0 {
			parent.put(s.name, made(s.text))
		}
	})
}

func (s *remove) trace(tokens []string) ([]string, bool) { return tokens, true }
