package openapi

import "strconv"

// pointer is where n stands in the bundled, normalised document, as a JSON Pointer.
func (c *checker) pointer(n *node) string {
	if n.adopted != "" || n.parent == nil {
		return n.adopted
	}
	base := c.pointer(n.parent)
	if n.parent.kind == isList {
		return base + "/" + strconv.Itoa(n.position())
	}
	if c.wrapped(n.parent) && !outside(n.key) {
		base += "/anyOf/0"
	}
	if n.parent.key == "patternProperties" && n.shape != nil && n.shape.schema {
		return base + "/" + escape(re2(n.key))
	}
	return base + "/" + escape(n.key)
}

// position is the index of n in its list.
func (n *node) position() int {
	for i, item := range n.parent.values {
		if item == n {
			return i
		}
	}
	return 0
}

// wrapped tells whether the schema n is written as one branch of an anyOf whose
// other branch is null. That is how a nullable composition of OpenAPI 3.0 is said
// in 2020-12.
func (c *checker) wrapped(n *node) bool {
	if c.version != v30 || n.shape == nil || !n.shape.schema || !n.truth("nullable") || n.target != nil {
		return false
	}
	return n.get("allOf") != nil || n.get("anyOf") != nil || n.get("oneOf") != nil || n.get("not") != nil
}

// outside tells which members of a wrapped schema stay outside of the anyOf: those
// that say something about the place rather than about the value.
func outside(key string) bool {
	switch key {
	case "title", "description", "default", "example", "readOnly", "writeOnly", "deprecated", "externalDocs", "xml":
		return true
	}
	return isExtension(key)
}
