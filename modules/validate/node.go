package validate

import "regexp"

// types is a set of JSON Schema types.
type types uint8

const (
	typeNull types = 1 << iota
	typeBoolean
	typeInteger
	typeNumber
	typeString
	typeArray
	typeObject

	anyType = typeNull | typeBoolean | typeInteger | typeNumber | typeString | typeArray | typeObject
)

// typeNames has the types in the order in which sentences list them.
var typeNames = []struct {
	bit  types
	name string
	noun string
}{
	{typeObject, "object", "an object"},
	{typeArray, "array", "an array"},
	{typeString, "string", "a string"},
	{typeInteger, "integer", "an integer"},
	{typeNumber, "number", "a number"},
	{typeBoolean, "boolean", "a boolean"},
	{typeNull, "null", "null"},
}

// node is one compiled schema: the keywords as plain data, and the schemas below it.
// The engine's own form stays behind schema.go; nodes are what the checker runs,
// what sentences are made from and what parameters look up their types in. They are
// made at load and only read afterwards.
type node struct {
	// never refuses everything (the schema false); always accepts everything.
	never, always bool
	// oneSided is "readOnly" or "writeOnly" for the schema of a property that the other
	// side may not send. It refuses everything.
	oneSided string

	types types // 0 is no restriction
	enum  []any
	// fixed is set if there is a const; constant is its value.
	fixed    bool
	constant any

	minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf *quantity

	minLength, maxLength int // -1 is none, here and below
	pattern              *regexp.Regexp
	format               string
	formatCheck          func(string) bool // of strings
	formatRange          *span             // of numbers
	binary               bool              // the media type of bytes is given

	minItems, maxItems       int
	uniqueItems              bool
	prefixItems              []*node
	items                    *node // of all items after prefixItems
	contains                 *node
	minContains, maxContains int

	minProperties, maxProperties int
	required                     []string
	properties                   map[string]*node
	patternProperties            []patternProperty
	additionalProperties         *node
	propertyNames                *node
	dependentRequired            map[string][]string
	dependentSchemas             map[string]*node

	ref                    *node
	allOf, anyOf, oneOf    []*node
	not, when, then, else_ *node
	discriminator          *discriminator

	// kindSet is what kinds returns, once known.
	kindSet    types
	kindsKnown bool

	// foreign tells that the schema has keywords that only the engine understands.
	foreign bool
}

type patternProperty struct {
	pattern *regexp.Regexp
	node    *node
}

// property returns the schema of a declared member, through references and allOf, or
// nil.
func (n *node) property(name string) *node { return n.propertyWithin(name, 0) }

func (n *node) propertyWithin(name string, depth int) *node {
	if n == nil || depth > maxReferences {
		return nil
	}
	if found := n.properties[name]; found != nil {
		return found
	}
	for _, part := range n.parts() {
		if found := part.propertyWithin(name, depth+1); found != nil {
			return found
		}
	}
	return nil
}

// parts are the schemas that apply to the same value as n itself.
func (n *node) parts() []*node {
	parts := make([]*node, 0, 1+len(n.allOf)+len(n.anyOf)+len(n.oneOf))
	if n.ref != nil {
		parts = append(parts, n.ref)
	}
	parts = append(parts, n.allOf...)
	parts = append(parts, n.anyOf...)
	return append(parts, n.oneOf...)
}

// item returns the schema of the items of an array, through references and allOf,
// or nil.
func (n *node) item() *node { return n.itemWithin(0) }

func (n *node) itemWithin(depth int) *node {
	if n == nil || depth > maxReferences {
		return nil
	}
	if n.items != nil {
		return n.items
	}
	for _, part := range n.parts() {
		if found := part.itemWithin(depth + 1); found != nil {
			return found
		}
	}
	return nil
}

// names returns the names of all declared members, through references and allOf.
func (n *node) names() map[string]*node {
	found := make(map[string]*node)
	n.namesInto(found, 0)
	return found
}

func (n *node) namesInto(found map[string]*node, depth int) {
	if n == nil || depth > maxReferences {
		return
	}
	for name, property := range n.properties {
		if found[name] == nil {
			found[name] = property
		}
	}
	for _, part := range n.parts() {
		part.namesInto(found, depth+1)
	}
}

// opaque tells that the schema says nothing about a value but that it may be text:
// what OpenAPI documents write for files.
func (n *node) opaque() bool {
	if n == nil || n.always {
		return true
	}
	restricted := n.types&^typeString != 0 || n.enum != nil || n.fixed || n.pattern != nil ||
		n.minLength > 0 || n.maxLength >= 0 || n.foreign || n.not != nil || n.when != nil ||
		n.properties != nil || n.required != nil || n.items != nil || n.anyOf != nil || n.oneOf != nil ||
		n.formatCheck != nil || n.never
	if restricted {
		return false
	}
	if n.ref != nil && !n.ref.opaque() {
		return false
	}
	for _, part := range n.allOf {
		if !part.opaque() {
			return false
		}
	}
	return true
}

// children calls visit for every schema directly below n, nil ones included.
func (n *node) children(visit func(*node)) {
	for _, child := range []*node{n.items, n.contains, n.additionalProperties, n.propertyNames, n.ref, n.not, n.when, n.then, n.else_} {
		visit(child)
	}
	for _, list := range [][]*node{n.prefixItems, n.allOf, n.anyOf, n.oneOf} {
		for _, child := range list {
			visit(child)
		}
	}
	for _, named := range []map[string]*node{n.properties, n.dependentSchemas} {
		for _, child := range named {
			visit(child)
		}
	}
	for _, p := range n.patternProperties {
		visit(p.node)
	}
}
