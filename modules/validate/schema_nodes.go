package validate

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// node returns the plain form of a compiled schema and all below it.
func (e *engine) node(s *jsonschema.Schema) *node {
	if s == nil {
		return nil
	}
	if n, ok := e.nodes[s]; ok {
		return n
	}
	n := new(node)
	e.nodes[s] = n
	e.places[s.Location] = n
	if s.Always != nil {
		n.always, n.never = *s.Always, !*s.Always
		return n
	}
	e.assertions(n, s)
	e.objects(n, s)
	e.arrays(n, s)
	n.ref, n.not, n.when, n.then, n.else_ = e.node(s.Ref), e.node(s.Not), e.node(s.If), e.node(s.Then), e.node(s.Else)
	n.allOf, n.anyOf, n.oneOf = e.list(s.AllOf), e.list(s.AnyOf), e.list(s.OneOf)
	for _, rest := range []*jsonschema.Schema{s.RecursiveRef, s.DynamicRef, s.UnevaluatedItems, s.UnevaluatedProperties, s.ContentSchema} {
		n.foreign = e.node(rest) != nil || n.foreign
	}
	if a, ok := s.Extensions["gateway"].(annotation); ok {
		n.oneSided, n.discriminator = a.oneSided, a.discriminator
	}
	return n
}

func (e *engine) list(schemas []*jsonschema.Schema) []*node {
	if schemas == nil {
		return nil
	}
	nodes := make([]*node, len(schemas))
	for i, s := range schemas {
		nodes[i] = e.node(s)
	}
	return nodes
}

func (e *engine) assertions(n *node, s *jsonschema.Schema) {
	for _, name := range s.Types {
		for _, t := range typeNames {
			if t.name == name {
				n.types |= t.bit
			}
		}
	}
	n.enum = s.Enum
	if len(s.Constant) > 0 {
		n.fixed, n.constant = true, s.Constant[0]
	}
	n.minimum, n.maximum = newQuantity(s.Minimum), newQuantity(s.Maximum)
	n.exclusiveMinimum, n.exclusiveMaximum = newQuantity(s.ExclusiveMinimum), newQuantity(s.ExclusiveMaximum)
	n.multipleOf = newQuantity(s.MultipleOf)
	n.minLength, n.maxLength, n.pattern = s.MinLength, s.MaxLength, s.Pattern
	n.format = s.Format
	n.binary = s.ContentMediaType != "" && s.ContentEncoding == ""
	n.formatCheck, n.formatRange = textFormats[s.Format], numberFormats[s.Format]
	if n.formatCheck == nil && n.formatRange == nil && !descriptive[s.Format] && !slices.Contains(e.unchecked, s.Format) {
		e.unchecked = append(e.unchecked, s.Format)
	}
}

func (e *engine) objects(n *node, s *jsonschema.Schema) {
	n.minProperties, n.maxProperties = s.MinProperties, s.MaxProperties
	n.required, n.dependentRequired = s.Required, s.DependentRequired
	n.propertyNames = e.node(s.PropertyNames)
	n.foreign = n.foreign || s.RegexProperties
	if s.Properties != nil {
		n.properties = make(map[string]*node, len(s.Properties))
		for name, property := range s.Properties {
			n.properties[name] = e.node(property)
		}
	}
	for pattern, property := range s.PatternProperties {
		n.patternProperties = append(n.patternProperties, patternProperty{pattern, e.node(property)})
	}
	slices.SortFunc(n.patternProperties, func(a, b patternProperty) int {
		return strings.Compare(a.pattern.String(), b.pattern.String())
	})
	n.additionalProperties = e.either(s.AdditionalProperties)
	for name, dependent := range s.DependentSchemas {
		n.dependentSchema(name, e.node(dependent))
	}
	for name, dependency := range s.Dependencies { // before 2019-09
		switch dependency := dependency.(type) {
		case *jsonschema.Schema:
			n.dependentSchema(name, e.node(dependency))
		case []string:
			if n.dependentRequired == nil {
				n.dependentRequired = make(map[string][]string)
			}
			n.dependentRequired[name] = dependency
		}
	}
}

func (n *node) dependentSchema(name string, dependent *node) {
	if n.dependentSchemas == nil {
		n.dependentSchemas = make(map[string]*node)
	}
	n.dependentSchemas[name] = dependent
}

func (e *engine) arrays(n *node, s *jsonschema.Schema) {
	n.minItems, n.maxItems, n.uniqueItems = s.MinItems, s.MaxItems, s.UniqueItems
	n.prefixItems, n.items = e.list(s.PrefixItems), e.node(s.Items2020)
	switch items := s.Items.(type) { // before 2020-12
	case *jsonschema.Schema:
		n.items = e.node(items)
	case []*jsonschema.Schema:
		n.prefixItems = e.list(items)
		n.items = e.either(s.AdditionalItems)
	}
	n.contains = e.node(s.Contains)
	n.minContains, n.maxContains = s.MinContains, s.MaxContains
}

// either turns what may be a boolean or a schema into a node; nil accepts everything.
func (e *engine) either(v any) *node {
	switch v := v.(type) {
	case bool:
		if !v {
			return &node{never: true}
		}
	case *jsonschema.Schema:
		return e.node(v)
	}
	return nil
}
