package openapi

import (
	"fmt"
	"slices"

	"gateway/internal/finding"
)

// doubts looks for what the specification forbids although requests could be handled:
// names of things that are declared nowhere.
func (c *checker) doubts() {
	c.tags()
	for _, file := range c.source.order {
		file.root.each(func(n *node) {
			switch {
			case n.shape == nil:
			case n.shape.name == serverVariable:
				c.variable(n)
			case n.shape.section == "links" && n.target == nil:
				c.link(n)
			}
		})
	}
}

// variable: the default of a server variable is one of its values (3.1.1 §4.8.6).
func (c *checker) variable(n *node) {
	var values []string
	for _, v := range n.items("enum") {
		values = append(values, v.text)
	}
	if v := n.get("default"); v != nil && values != nil && !slices.Contains(values, v.text) {
		c.warn(finding.Error{
			Message: fmt.Sprintf("the default %q of a server variable is none of its values", v.text), At: v.place(), Word: v.text,
			Hint: finding.Suggest(v.text, values...),
		})
	}
}

// parentTag is the member of a tag that names the one around it.
const parentTag = "parent"

// tags: the parent of a tag is declared (3.2.0 §4.22).
func (c *checker) tags() {
	var names []string
	for _, tag := range c.root.items("tags") {
		names = append(names, tag.str("name"))
	}
	for _, tag := range c.root.items("tags") {
		if v := tag.get(parentTag); v != nil && !slices.Contains(names, v.text) {
			c.warn(finding.Error{
				Message: fmt.Sprintf("there is no tag %q, which the tag %s stands under", v.text, tag.str("name")), At: v.place(), Word: v.text,
				Hint: finding.Suggest(v.text, names...),
			})
		}
	}
}

// link: a link leads to an operation that exists (3.1.1 §4.8.20).
func (c *checker) link(n *node) {
	id := n.get("operationId")
	if id == nil {
		return
	}
	var ids []string
	for _, item := range c.root.get("paths").elements() {
		for _, operation := range operations(item.follow()) {
			if own := operation.str("operationId"); own != "" {
				ids = append(ids, own)
			}
		}
	}
	if slices.Contains(ids, id.text) {
		return
	}
	e := finding.Error{Message: fmt.Sprintf("the link leads to %q, and no operation is called so", id.text), At: id.place(), Word: id.text}
	if near := finding.Nearest(id.text, ids); near != "" {
		e.Hint = "did you mean " + near + "?"
	}
	c.warn(e)
}

// scopes: those that an operation demands are declared by the flows of the scheme
// (3.1.1 §4.8.30). One that is misspelt is one that no token has.
func (b *builder) scopes(scheme, demanded *node) {
	var declared []string
	for _, flow := range scheme.get("flows").elements() {
		declared = append(declared, flow.get("scopes").members()...)
	}
	for _, scope := range demanded.elements() {
		if len(declared) == 0 || slices.Contains(declared, scope.text) {
			continue
		}
		slices.Sort(declared)
		b.warn(finding.Error{
			Message: fmt.Sprintf("the security scheme %s declares no scope %q", demanded.key, scope.text), At: scope.place(), Word: scope.text,
			Hint: finding.Suggest(scope.text, slices.Compact(declared)...),
		})
	}
}
