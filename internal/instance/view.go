package instance

import (
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// view is what all schemas that apply to one value say together.
type view struct {
	types    []string // nil is all
	enum     []any    // nil is no restriction; const is an enum of one
	examples []any

	minimum, maximum           *big.Rat
	aboveMinimum, belowMaximum bool // the bound itself is excluded
	multipleOf                 *big.Rat

	minLength, maxLength int
	format, encoding     string
	patterns             []*regexp.Regexp

	minItems, maxItems, minContains int
	unique                          bool
	prefix                          []any
	items, contains                 []any // schemas that all apply

	minProperties, maxProperties int
	required                     []string
	properties                   map[string][]any
	additional                   []any
	// closed are the sets of names outside of which nothing is allowed.
	closed            []*nameSet
	names             []any // propertyNames
	dependent         map[string][]string
	byPattern         map[string][]any
	readOnly, writing bool
}

// nameSet are the members that one schema with additionalProperties knows.
type nameSet struct {
	names    map[string]any
	patterns map[string]any
}

func (s *nameSet) has(name string) bool {
	if _, ok := s.names[name]; ok {
		return true
	}
	for pattern := range s.patterns {
		if re, err := regexp.Compile(pattern); err == nil && re.MatchString(name) {
			return true
		}
	}
	return false
}

const none = 1 << 30 // no upper bound

func newView() *view {
	return &view{
		maxLength: none, maxItems: none, maxProperties: none, minContains: 1,
		properties: make(map[string][]any), dependent: make(map[string][]string), byPattern: make(map[string][]any),
	}
}

func (v *view) foreign(side Side) bool {
	return side == Request && v.readOnly || side == Response && v.writing
}

// gather adds a schema and what it refers to.
func (m *maker) gather(v *view, schema any, branch int) error {
	s, ok := schema.(map[string]any)
	if !ok {
		if schema == false {
			return errNone
		}
		return nil
	}
	if ref, ok := s["$ref"].(string); ok {
		if err := m.follow(v, ref, branch); err != nil {
			return err
		}
	}
	v.add(s)
	for _, part := range list(s["allOf"]) {
		if err := m.gather(v, part, branch); err != nil {
			return err
		}
	}
	if when, ok := s["if"]; ok {
		for _, part := range []any{when, s["then"]} {
			if err := m.gather(v, part, branch); err != nil {
				return err
			}
		}
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if alternatives := list(s[keyword]); len(alternatives) > 0 {
			if err := m.choose(v, s, alternatives, branch); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow adds the schema that a reference leads to.
func (m *maker) follow(v *view, ref string, branch int) error {
	pointer, err := url.PathUnescape(strings.TrimPrefix(ref, "#"))
	if err != nil {
		return err
	}
	target, ok := m.document.lookup(pointer)
	if !ok {
		return errNone
	}
	nested := 0
	for _, open := range m.open {
		if open == pointer {
			nested++
		}
	}
	if nested > maxNested {
		return errRecursive
	}
	m.open = append(m.open, pointer)
	return m.gather(v, target, branch)
}

// choose adds one of several alternatives, null only if there is nothing else, and the
// name that the discriminator has for it.
func (m *maker) choose(v *view, s map[string]any, alternatives []any, branch int) error {
	useful := slices.DeleteFunc(slices.Clone(alternatives), func(a any) bool {
		alternative, _ := a.(map[string]any)
		return alternative["type"] == "null"
	})
	if len(useful) == 0 {
		useful = alternatives
	}
	chosen := useful[branch%len(useful)]
	if err := m.gather(v, chosen, branch); err != nil {
		return err
	}
	discriminator, _ := s["discriminator"].(map[string]any)
	property, _ := discriminator["propertyName"].(string)
	reference, _ := chosen.(map[string]any)
	if ref, _ := reference["$ref"].(string); ref != "" && property != "" {
		v.properties[property] = append(v.properties[property], map[string]any{"const": nameOf(discriminator, ref)})
	}
	return nil
}

// nameOf returns the value that names an alternative.
func nameOf(discriminator map[string]any, ref string) string {
	last := ref[strings.LastIndexByte(ref, '/')+1:]
	mapping, _ := discriminator["mapping"].(map[string]any)
	var names []string
	for name, target := range mapping {
		if target == ref || target == last {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		return slices.Min(names)
	}
	return last
}

// kind picks a type. What a schema without types is about, its keywords tell.
func (v *view) kind(branch int) string {
	types := slices.DeleteFunc(slices.Clone(v.types), func(t string) bool { return t == "null" })
	if len(types) > 0 {
		return types[branch%len(types)]
	}
	if v.types != nil {
		if slices.Contains(v.types, "null") {
			return "null"
		}
		return ""
	}
	switch {
	case len(v.properties)+len(v.required)+len(v.additional)+len(v.closed)+len(v.byPattern)+len(v.names)+v.minProperties > 0:
		return "object"
	case len(v.items)+len(v.prefix)+len(v.contains)+v.minItems > 0 || v.unique || v.maxItems < none:
		return "array"
	case v.minimum != nil || v.maximum != nil || v.multipleOf != nil:
		return "number"
	}
	return "string"
}
