package openapi

import (
	"strings"

	"gateway/internal/finding"
)

// Finding is a finding about a place in Document, a JSON Pointer: with the place in
// the files where it is written, and the operations that use it. After Settle it knows
// the file only.
func (c *Contract) Finding(pointer, message, hint string) *finding.Error {
	e := &finding.Error{Message: message, At: finding.Position{File: c.File}, Hint: hint}
	if c.checked == nil {
		return e
	}
	n := c.checked.find(pointer)
	e.At = n.placeOfName()
	switch {
	case n.parent != nil && n.parent.kind == isObject:
		e.Word = n.key
	case n.kind&(isList|isObject) == 0:
		e.Word = n.text
	}
	e.Message += c.checked.usedBy(n)
	return e
}

// Settle gives up the memory that only Finding needs. It is for contracts in whose
// schemas nothing more will be found.
func (c *Contract) Settle() { c.checked = nil }

// find returns the node that stands at a pointer of the bundled document, or the one
// that is nearest to it.
func (c *checker) find(pointer string) *node {
	n, walked := c.root, ""
	tokens := strings.Split(pointer, "/")[1:]
	for i := 0; i < len(tokens); i++ {
		token := unescape(tokens[i])
		if c.wrapped(n) && token == "anyOf" && i+1 < len(tokens) { // see bundler.schema
			walked += "/anyOf/" + tokens[i+1]
			i++
			continue
		}
		next := c.rewritten(n, token)
		walked += "/" + tokens[i]
		if adopted := c.adoptedAt(walked); adopted != nil {
			next = adopted
		}
		if next == nil && strings.Count(walked, "/") < 3 && strings.HasPrefix(walked, "/components") {
			continue // a section that has adopted members only
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// rewritten is the member or item of n that has the name token in the document, where
// schemas are in the form of 2020-12.
func (c *checker) rewritten(n *node, token string) *node {
	if next := n.child(token); next != nil {
		return next
	}
	switch {
	case token == "examples":
		return n.get("example")
	case strings.HasPrefix(token, "exclusiveM"): // the boolean of 3.0 became the number
		return n.get("m" + strings.TrimPrefix(token, "exclusiveM"))
	case n.key == "patternProperties":
		for _, v := range n.values {
			if re2(v.key) == token {
				return v
			}
		}
	}
	return nil
}

// adoptedAt returns the node of another file, or of a place of its own, that stands at
// a pointer of the bundled document.
func (c *checker) adoptedAt(pointer string) *node {
	if c.byPlace == nil {
		c.byPlace = make(map[string]*node)
		for _, file := range c.source.order {
			file.root.each(func(n *node) {
				if n.adopted != "" {
					c.byPlace[n.adopted] = n
				}
			})
		}
	}
	return c.byPlace[pointer]
}

// each visits n and everything below.
func (n *node) each(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, v := range n.values {
		v.each(visit)
	}
}
