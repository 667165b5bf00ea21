package change

import (
	"slices"
	"strings"

	"gateway/internal/finding"
)

// split makes several texts of one, or one of several.
type split struct {
	whole   place
	parts   []place
	base    []string
	source  []string   // of the whole, relative to base
	targets [][]string // of the parts
	by      string
	missing string // what stands for a part that is not there; "" with has false
	has     bool
	join    bool
	free    bool // the parts of a join may have the separator in them
}

func (o *options) split() step {
	return o.splitting(&split{whole: o.place("split"), parts: o.places("to")})
}

func (o *options) join() step {
	return o.splitting(&split{whole: o.place("to"), parts: o.places("join"), join: true})
}

func (o *options) splitting(s *split) step {
	n := o.values["by"]
	if n == nil || n.Value == "" {
		o.fail(n, `by: " "`, "%s needs %q, the text between the parts", o.verb.Value, "by")
		return nil
	}
	s.by = n.Value
	if m := o.values["missing"]; m != nil {
		s.missing, s.has = m.Value, true
	}
	if len(s.parts) == 0 || len(s.whole.tokens) == 0 {
		if s.whole.text == itself {
			o.fail(nil, "name the member", "%s works on members of an object", o.verb.Value)
		}
		return nil
	}
	base, rest, ok := common(append([]place{s.whole}, s.parts...)...)
	if !ok {
		o.fail(nil, "", "all places must share everything up to the last *")
		return nil
	}
	s.base, s.source, s.targets = base, rest[0], rest[1:]
	for i, t := range s.targets {
		if slices.ContainsFunc(s.targets[:i], func(other []string) bool { return slices.Equal(other, t) }) {
			o.fail(nil, "", "%s is given twice", s.parts[i].text)
		}
	}
	return s
}

func (s *split) fresh() step {
	c := *s
	return &c
}
func (s *split) where() word { return s.whole.word }

func (s *split) older() []place {
	if s.join {
		return s.parts
	}
	return []place{s.whole}
}

func (s *split) newer() []place {
	if s.join {
		return []place{s.whole}
	}
	return s.parts
}

// loss is left to the proof: it depends on which texts there can be.
func (s *split) loss() string { return "" }

func (s *split) reshape(on *shape, by *site) (bool, *finding.Error) {
	touched := false
	for _, b := range on.reach(s.base, true) {
		if b.blank() {
			touched = true
			continue
		}
		var flaw *finding.Error
		var ok bool
		if s.join {
			ok, flaw = s.reshapeJoin(b, by)
		} else {
			ok, flaw = s.reshapeSplit(b, by)
		}
		if flaw != nil {
			return true, flaw
		}
		touched = touched || ok
	}
	if !touched {
		return false, missing(on, s.older()[0])
	}
	return true, nil
}

func (s *split) reshapeSplit(b *shape, by *site) (bool, *finding.Error) {
	m, ok := detach(b, s.source)
	if !ok {
		return false, nil
	}
	for i, t := range s.targets {
		part := slot{shape: textShape(), required: m.required && (i == 0 || s.has)}
		if !put(b, t, part, by) {
			return true, taken(s.parts[i], t[len(t)-1])
		}
	}
	return true, nil
}

func (s *split) reshapeJoin(b *shape, by *site) (bool, *finding.Error) {
	required, found := false, false
	for _, t := range s.targets {
		m, ok := detach(b, t)
		found, required = found || ok, required || m.required && ok
	}
	if found && !put(b, s.source, slot{shape: textShape(), required: required}, by) {
		return true, taken(s.whole, s.source[len(s.source)-1])
	}
	return found, nil
}

func textShape() *shape { return &shape{kinds: 1 << kindString} }

// put puts a member at a place of a shape that has the objects around it.
func put(s *shape, tokens []string, m slot, by *site) bool {
	step := move{target: tokens, pruneTarget: make([]bool, len(tokens))}
	return step.attach(s, m, by)
}

func (s *split) forward(d *document, v *value) { s.apply(d, v, s.join) }
func (s *split) back(d *document, v *value)    { s.apply(d, v, !s.join) }

func (s *split) apply(d *document, v *value, join bool) {
	for _, b := range collect(nil, v, s.base) {
		if b.kind != kindObject || !b.open() {
			continue
		}
		if join {
			s.doJoin(d, b)
		} else {
			s.doSplit(d, b)
		}
	}
}

// doSplit takes the whole apart. The last part has all that is left.
func (s *split) doSplit(d *document, b *value) {
	whole := d.take(b, s.source)
	if whole == nil {
		return
	}
	if whole.kind != kindString {
		if whole.kind != kindNull {
			d.fail(s.source, "a text is expected")
			return
		}
		for _, t := range s.targets {
			d.put(b, t, made("null"))
		}
		return
	}
	texts := strings.SplitN(whole.string(), s.by, len(s.targets))
	for i, t := range s.targets {
		switch {
		case i < len(texts):
			d.put(b, t, madeString(texts[i]))
		case s.has:
			d.put(b, t, madeString(s.missing))
		}
	}
}

// doJoin puts the parts that are there together.
func (s *split) doJoin(d *document, b *value) {
	var texts []string
	found, null := false, false
	for i, t := range s.targets {
		part := d.take(b, t)
		switch {
		case part == nil:
			continue
		case part.kind == kindNull:
			null = true
			continue
		case part.kind != kindString:
			d.fail(t, "a text is expected")
			return
		}
		found = true
		text := part.string()
		if i > 0 && s.has && text == s.missing {
			continue
		}
		texts = append(texts, text)
	}
	switch {
	case found:
		d.put(b, s.source, madeString(strings.Join(texts, s.by)))
	case null:
		d.put(b, s.source, made("null"))
	}
}

// take removes the member at a place of a value, nil if it is not there.
func (d *document) take(b *value, tokens []string) *value {
	around := collect(nil, b, tokens[:len(tokens)-1])
	if len(around) == 0 || around[0].kind != kindObject || !around[0].open() {
		return nil
	}
	return around[0].take(tokens[len(tokens)-1])
}

// put puts a member at a place of a value, with the objects around it.
func (d *document) put(b *value, tokens []string, m *value) {
	for _, token := range tokens[:len(tokens)-1] {
		next := b.get(token)
		if next == nil {
			next = newObject()
			b.put(token, next)
		}
		if next.kind != kindObject || !next.open() {
			d.fail(tokens, "there is no object that could take the member")
			return
		}
		b = next
	}
	b.put(tokens[len(tokens)-1], m)
}

func (s *split) trace(tokens []string) ([]string, bool) {
	n := len(s.base)
	if !under(tokens, s.base) {
		return tokens, true
	}
	if s.join {
		if under(tokens[n:], s.source) {
			return slices.Concat(tokens[:n], s.targets[0]), true
		}
		return tokens, true
	}
	for _, t := range s.targets {
		if under(tokens[n:], t) {
			return slices.Concat(tokens[:n], s.source), true
		}
	}
	return tokens, true
}
