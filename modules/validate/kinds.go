package validate

import "encoding/json"

// kinds returns the types that the schema lets pass, as far as its references and
// alternatives tell. It is how text becomes typed: a parameter whose schema takes
// integers is read as one.
//
// The answer is remembered when the schema is compiled; requests only read it.
func (n *node) kinds() types {
	if n == nil {
		return anyType
	}
	if n.kindsKnown {
		return n.kindSet
	}
	return n.kindsWithin(0)
}

// maxReferences bounds the way through references; whatever is longer is a cycle.
const maxReferences = 32

func (n *node) kindsWithin(depth int) types {
	if n == nil || n.never || n.always || depth > maxReferences {
		return anyType
	}
	if n.kindsKnown {
		return n.kindSet
	}
	kinds := n.ownKinds()
	if n.ref != nil {
		kinds &= n.ref.kindsWithin(depth + 1)
	}
	for _, part := range n.allOf {
		kinds &= part.kindsWithin(depth + 1)
	}
	for _, alternatives := range [][]*node{n.anyOf, n.oneOf} {
		if len(alternatives) == 0 {
			continue
		}
		var union types
		for _, alternative := range alternatives {
			union |= alternative.kindsWithin(depth + 1)
		}
		kinds &= union
	}
	n.kindSet, n.kindsKnown = kinds, true
	return kinds
}

// ownKinds is kinds without references and alternatives.
func (n *node) ownKinds() types {
	kinds := anyType
	if n.types != 0 {
		kinds = n.types
		if kinds&typeNumber != 0 {
			kinds |= typeInteger
		}
	}
	if n.fixed {
		kinds &= kindsOf([]any{n.constant})
	}
	if n.enum != nil {
		kinds &= kindsOf(n.enum)
	}
	return kinds
}

// kindsOf returns the types of literals.
func kindsOf(values []any) (kinds types) {
	for _, v := range values {
		switch v.(type) {
		case nil:
			kinds |= typeNull
		case bool:
			kinds |= typeBoolean
		case json.Number:
			kinds |= typeInteger | typeNumber
		case string:
			kinds |= typeString
		case []any:
			kinds |= typeArray
		default:
			kinds |= typeObject
		}
	}
	return kinds
}
