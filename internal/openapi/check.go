package openapi

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// version is the minor version of OpenAPI 3.
type version int

const (
	v30 version = iota
	v31
	v32
)

// String is the version as people write it.
func (v version) String() string { return [...]string{"3.0", "3.1", "3.2"}[v] }

// checker goes through a contract along the tables, resolves its references and
// reports whatever is not as the tables say.
type checker struct {
	*report
	source  *source
	root    *node
	version version
	// modern tells that the contract says something that only OpenAPI 3.2 can say.
	modern bool
	// media are the references to media types.
	media []*node
	// pending are references whose targets have to be looked at still.
	pending []reference
	// adopted are the nodes that got a place in components, in that order.
	adopted []*node
	// schemas are all schemas that were met.
	schemas []*node
	// byPlace and uses are made when a finding needs them.
	byPlace map[string]*node
	uses    *uses
}

// reference is one "$ref" and what it should point at.
type reference struct {
	from, target *node
	want         *shape
}

// check walks the whole contract: first the main document, then what it refers to.
func (c *checker) check() {
	c.walk(c.root, document)
	for len(c.pending) > 0 {
		next := c.pending[0]
		c.pending = c.pending[1:]
		c.settle(next)
	}
	c.inline()
	c.loops()
}

// walk checks that n is an s, and everything below it.
func (c *checker) walk(n *node, s *shape) {
	if n.shape != nil {
		return
	}
	n.shape = s
	if n.kind&s.kinds == 0 {
		c.add(finding.Error{
			Message: fmt.Sprintf("%s must be %s, not %s", subject(n, s), s.kinds, n.kind), At: n.place(), Word: n.word(),
		})
		return
	}
	if s.free {
		return
	}
	switch n.kind {
	case isList:
		for _, item := range n.values {
			c.walk(item, s.each)
		}
	case isObject:
		if c.referable(s) && n.get("$ref") != nil && !c.refer(n, s) {
			return
		}
		c.modern = c.modern || c.newer(n, s)
		c.members(n, s)
	case isBoolean:
		if s.schema && c.version == v30 && n.key != "additionalProperties" {
			c.needs(n, v31, "a schema that is just true or false")
		}
	}
	if s.schema && n.kind == isObject {
		c.schemas = append(c.schemas, n)
		c.schema(n)
	}
}

// subject names n for a message.
func subject(n *node, s *shape) string {
	if n.parent != nil && n.parent.kind == isObject {
		return fmt.Sprintf("%q", n.key)
	}
	return s.name
}

// word is what a finding about n underlines.
func (n *node) word() string {
	if n.kind&(isList|isObject) != 0 {
		return ""
	}
	return n.text
}

// members checks the members of an object one by one.
func (c *checker) members(n *node, s *shape) {
	for i, v := range n.values {
		name := n.names[i].text
		f, known := s.fields[name]
		switch {
		case name == "$ref" && c.referable(s):
		case known:
			c.member(v, f)
		case isExtension(name) && (s.each == nil || s.extensible):
		case s.each != nil:
			c.walk(v, s.each)
		default:
			c.unknown(n, i, s)
		}
	}
	for _, name := range s.required() {
		if n.get(name) == nil {
			c.add(finding.Error{Message: fmt.Sprintf("%s needs %q", s.name, name), At: n.placeOfName(), Word: n.key})
		}
	}
}

func (c *checker) member(v *node, f field) {
	switch {
	case f.unsupported != "":
		c.add(finding.Error{Message: fmt.Sprintf("%q is not supported: %s", v.key, f.unsupported), At: v.placeOfName(), Word: v.key})
		return
	case f.from > c.version:
		c.needs(v, f.from, fmt.Sprintf("%q", v.key))
		return
	case f.until30 && c.version >= v31:
		c.add(finding.Error{
			Message: fmt.Sprintf("%q does not exist in OpenAPI %s and would be ignored", v.key, c.version), At: v.placeOfName(), Word: v.key,
			Hint: `write "type": ["string", "null"], say`,
		})
	}
	c.modern = c.modern || f.from == v32
	c.walk(v, f.shape)
}

// needs reports something that a document of an older version than v cannot say.
func (c *checker) needs(n *node, v version, what string) {
	c.add(finding.Error{
		Message: fmt.Sprintf("%s does not exist in OpenAPI %s and would be ignored", what, c.version), At: n.placeOfName(), Word: n.key,
		Hint: "the document says openapi: " + c.root.str("openapi") + "; " + v.String() + ".0 has it",
	})
}

// isExtension tells extensions, which anybody may add. Old tools write "X-" and
// bare "x_" too, but only this is one.
func isExtension(name string) bool { return strings.HasPrefix(name, "x-") }

// unknown reports a member that the specification does not have: as an error where
// it is likely a slip of the pen, or where it could have been meant to do something.
func (c *checker) unknown(n *node, i int, s *shape) {
	name := n.names[i]
	e := finding.Error{
		Message: fmt.Sprintf("%s has no %q", s.name, name.text), Word: name.text,
		At: finding.Position{File: n.file.shown, Line: int(name.line), Column: int(name.column)},
	}
	near := finding.Nearest(name.text, c.names(s))
	switch {
	case near != "" && len(name.text) > 2:
		e.Hint = "did you mean " + near + "?"
		c.add(e)
	case s.schema:
		if c.version == v30 {
			e.Message += " and ignores it"
			c.warn(e)
		}
	default:
		e.Hint = "names of extensions begin with x-"
		c.add(e)
	}
}

// names lists the names of the members that the version has, for suggestions.
func (c *checker) names(s *shape) []string {
	names := make([]string, 0, len(s.fields)+1)
	if c.referable(s) {
		names = append(names, "$ref")
	}
	for name, f := range s.fields {
		if f.from <= c.version {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// required lists the members that must be there.
func (s *shape) required() []string {
	var names []string
	for name, f := range s.fields {
		if f.required {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
