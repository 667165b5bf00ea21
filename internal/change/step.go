package change

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// step is one step of a change. Its places are relative to the value that the change
// applies to.
//
// forward and back work on a value of a document. Where a place is not there they do
// nothing; what they cannot do they report with document.fail.
type step interface {
	// where is the step in the file.
	where() word
	// fresh is the step for another body: what reshape finds out is about one.
	fresh() step
	// reshape does to a shape what forward does to its values. touched is false if
	// the shape has none of the places; the finding then says what is missing.
	reshape(s *shape, by *site) (touched bool, flaw *finding.Error)
	forward(d *document, v *value)
	back(d *document, v *value)
	// loss says what the step loses by its nature, "" for nothing.
	loss() string
	// older and newer are the places that the step speaks of, before and after.
	older() []place
	newer() []place
	// trace follows the pointer to a place in the new form back to the old one. ok is
	// false if nothing there corresponds to it.
	trace(tokens []string) (older []string, ok bool)
}

// fail remembers the first failure.
func (d *document) fail(tokens []string, message string) {
	if d.failed.message == "" {
		d.failed = failed{pointer(tokens), message}
	}
}

// parents calls do for the objects around a place.
func (d *document) parents(v *value, base []string, do func(parent *value)) {
	if len(base) == 0 {
		if v.kind == kindObject && v.open() {
			do(v)
		}
		return
	}
	for _, parent := range collect(nil, v, base) {
		if parent.kind == kindObject && parent.open() {
			do(parent)
		}
	}
}

// missing says that a shape has not the place that a step speaks of.
func missing(s *shape, p place) *finding.Error {
	at := []*shape{s}
	for i, token := range p.tokens {
		var next []*shape
		var names []string
		for _, one := range at {
			next = append(next, one.below(token, false)...)
			names = append(names, one.memberNames()...)
		}
		if len(next) > 0 {
			at = next
			continue
		}
		slices.Sort(names)
		names = slices.Compact(names)
		whole := "the value"
		if i > 0 {
			whole = pointer(p.tokens[:i])
		}
		if token == every {
			return p.flaw(whole+" is neither an array nor a map", "")
		}
		hint := finding.Suggest(token, names...)
		if near := finding.Nearest(token, names); near == "" && len(names) > 8 {
			hint = "one of: " + strings.Join(names[:8], ", ") + fmt.Sprintf(" and %d more", len(names)-8)
		}
		return p.flaw(fmt.Sprintf("%s has no member %q at this point", whole, token), hint)
	}
	return p.flaw("there is no such place", "")
}

// taken says that a step makes a member that is there already.
func taken(p place, name string) *finding.Error {
	return p.flaw(fmt.Sprintf("there is a member %q already at this point", name), "an earlier change may have made it; the old contract may have it besides")
}

// rename gives a member another name.
type rename struct {
	from place
	base []string
	name string
	to   word
	raw  string // the new name, in quotes
	was  string // the old one
}

func (o *options) rename() step {
	before := len(o.found)
	s := &rename{from: o.member("rename")}
	n := o.values["to"]
	if n == nil {
		o.fail(nil, "to: quantity", `rename needs "to", the new name`)
		return nil
	}
	if o.text(n, "to") == "" {
		return nil
	}
	s.to = o.word(n)
	s.base, s.name = s.from.parent()
	tokens := append(slices.Clone(s.base), n.Value)
	if o.naming != nil && len(o.found) == before {
		if flaw, hint := o.naming(tokens); flaw != "" {
			o.fail(n, hint, "%s", flaw)
		}
		s.to.text = tokens[len(tokens)-1]
	} else if strings.HasPrefix(n.Value, "/") {
		o.fail(n, "move takes a member to another place", "rename gives a name, not a place")
	}
	if s.to.text == s.name {
		o.fail(n, "", "the new name is the old one")
	}
	s.raw, s.was = string(appendString(nil, s.to.text)), string(appendString(nil, s.name))
	return s
}

func (s *rename) fresh() step    { return s }
func (s *rename) where() word    { return s.from.word }
func (s *rename) loss() string   { return "" }
func (s *rename) older() []place { return []place{s.from} }
func (s *rename) newer() []place {
	return []place{{s.to, append(slices.Clone(s.base), s.to.text)}}
}

func (s *rename) reshape(on *shape, by *site) (bool, *finding.Error) {
	touched := false
	for _, parent := range on.reach(s.base, true) {
		if parent.blank() {
			touched = true
			continue
		}
		family := parent.family(true)
		from := holders(family, s.name)
		if len(from) > 0 && len(holders(family, s.to.text)) > 0 {
			return true, taken(place{word: s.to}, s.to.text)
		}
		for _, h := range from {
			m := *h.members[s.name]
			m.by = by
			h.drop(s.name)
			h.set(s.to.text, m)
			touched = true
		}
	}
	if !touched {
		return false, missing(on, s.from)
	}
	return true, nil
}

func (s *rename) forward(d *document, v *value) {
	d.parents(v, s.base, func(parent *value) { parent.rename(s.name, s.to.text, s.raw) })
}

func (s *rename) back(d *document, v *value) {
	d.parents(v, s.base, func(parent *value) { parent.rename(s.to.text, s.name, s.was) })
}

// rename names a member of an object anew. One that has that name is of nobody's
// contract, and goes.
func (v *value) rename(from, to, raw string) {
	if v.index(from) < 0 {
		return
	}
	v.take(to)
	i := v.index(from)
	v.members[i].name, v.members[i].raw = to, raw
}

func (s *rename) trace(tokens []string) ([]string, bool) {
	n := len(s.base)
	if len(tokens) > n && tokens[n] == s.to.text && under(tokens, s.base) {
		tokens = slices.Clone(tokens)
		tokens[n] = s.name
	}
	return tokens, true
}

// under tells whether tokens of a document lie at or below those of a place.
func under(tokens, place []string) bool {
	if len(tokens) < len(place) {
		return false
	}
	for i, token := range place {
		if token != every && token != tokens[i] {
			return false
		}
	}
	return true
}
