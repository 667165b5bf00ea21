package change

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"gateway/internal/finding"
	"gateway/internal/number"
)

// mapping gives values other names.
type mapping struct {
	at            place
	to, from      map[string]string // JSON texts, of canonical ones
	words         map[string]word
	lost          bool
	was, becoming string // the first pair, for messages
}

func (o *options) mapping() step {
	s := &mapping{at: o.place("map"), to: make(map[string]string), from: make(map[string]string), words: make(map[string]word)}
	n := o.values["values"]
	if n == nil {
		o.fail(nil, "values: {open: created}", "map needs values")
		return nil
	}
	shared := make(map[string]*yaml.Node)
	o.pairs(n, "values", func(from, to string, key, value *yaml.Node) {
		s.to[canonical(from)], s.words[canonical(from)] = to, o.word(key)
		if _, twice := s.from[canonical(to)]; twice {
			shared[canonical(to)] = value
		}
		s.from[canonical(to)] = from
	})
	if back := o.values["back"]; back != nil {
		o.pairs(back, "back", func(to, from string, _, _ *yaml.Node) {
			s.from[canonical(to)] = from
			delete(shared, canonical(to))
		})
	}
	for to, value := range shared {
		s.lost = true
		o.fail(value, "back: {"+value.Value+": the one that they get}", "several values become %s; say under back which of them old clients get", to)
	}
	return s
}

// pairs reads a mapping of scalars.
func (o *options) pairs(n *yaml.Node, what string, visit func(from, to string, key, value *yaml.Node)) {
	o.members(n, what, nil, func(key, value *yaml.Node) {
		from, known := scalar(key)
		to, ok := "", false
		if value.Kind == yaml.ScalarNode {
			to, ok = scalar(value)
		}
		if !known || !ok {
			o.fail(value, "", "%s maps texts, numbers, booleans and null", what)
			return
		}
		visit(from, to, key, value)
	})
}

func (s *mapping) fresh() step {
	c := *s
	return &c
}
func (s *mapping) where() word    { return s.at.word }
func (s *mapping) older() []place { return []place{s.at} }
func (s *mapping) newer() []place { return []place{s.at} }

func (s *mapping) loss() string {
	if s.lost {
		return "which of several values it was"
	}
	return ""
}

func (s *mapping) reshape(on *shape, _ *site) (bool, *finding.Error) {
	return replace(on, s.at, s.literals)
}

// literals maps what is known of the values.
func (s *mapping) literals(at *shape) *finding.Error {
	for _, f := range at.family(true) {
		if f.literals == nil {
			continue
		}
		for from, w := range s.words {
			if !slices.Contains(f.literals, from) && len(at.groups)+len(at.parts) == 0 {
				names := make([]string, len(f.literals))
				for i, l := range f.literals {
					names[i] = strings.Trim(l, `"`)
				}
				return w.flaw(fmt.Sprintf("%s is not one of the values at this point", from), finding.Suggest(w.text, names...))
			}
		}
		var after []string
		for _, l := range f.literals {
			to := l
			if mapped, ok := s.to[l]; ok {
				to = canonical(mapped)
			}
			if slices.Contains(after, to) {
				s.lost = true
			} else {
				after = append(after, to)
			}
		}
		for to, from := range s.from { // values that only new services send
			if _, derived := s.to[canonical(from)]; !derived && !slices.Contains(after, to) {
				after = append(after, to)
			}
		}
		f.literals = after
	}
	return nil
}

func (s *mapping) forward(_ *document, v *value) { s.apply(v, s.to) }
func (s *mapping) back(_ *document, v *value)    { s.apply(v, s.from) }

func (s *mapping) apply(v *value, table map[string]string) {
	for _, at := range collect(nil, v, s.at.tokens) {
		if at.kind == kindObject || at.kind == kindArray {
			continue
		}
		if to, ok := table[at.canonical()]; ok {
			*at = *made(to)
		}
	}
}

// canonical is the one JSON text of all spellings of a scalar.
func (v *value) canonical() string {
	literal := v.literal()
	switch {
	case v.kind == kindNumber:
		return number.Canonical(literal)
	case v.kind == kindString && strings.IndexByte(literal, '\\') >= 0:
		return string(appendString(nil, v.string()))
	}
	return literal
}

// canonical is the one JSON text of all spellings of a scalar that has a text.
func canonical(text string) string {
	if kindOf(text) == kindNumber {
		return number.Canonical(text)
	}
	return text
}

func (s *mapping) trace(tokens []string) ([]string, bool) { return tokens, true }
