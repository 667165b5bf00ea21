package openapi

import "gateway/internal/finding"

// inPlace are the keywords whose schemas look at the same value as the schema they
// stand in.
var inPlace = map[string]bool{
	"allOf": true, "anyOf": true, "oneOf": true, "not": true, "if": true, "then": true, "else": true, "dependentSchemas": true,
}

// loops reports schemas that contain themselves without a property or item in
// between: no value could ever be checked against them.
func (c *checker) loops() {
	const entered, left = 1, 2
	state := make(map[*node]int, len(c.schemas))
	var enter func(n *node)
	visit := func(from, n *node) {
		switch state[n] {
		case entered:
			c.add(finding.Error{
				Message: "the schema contains itself at the same place, so nothing can be checked against it",
				At:      from.place(), Word: from.word(),
			})
		case left:
		default:
			enter(n)
		}
	}
	enter = func(n *node) {
		state[n] = entered
		if n.target != nil {
			visit(n.get("$ref"), n.target)
		}
		for _, keyword := range n.values {
			if !inPlace[keyword.key] || keyword.shape == nil {
				continue
			}
			if keyword.shape.schema {
				visit(keyword, keyword)
				continue
			}
			for _, branch := range keyword.values {
				visit(branch, branch)
			}
		}
		state[n] = left
	}
	for _, n := range c.schemas {
		if state[n] == 0 {
			enter(n)
		}
	}
}
