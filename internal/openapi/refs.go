package openapi

import (
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"gateway/internal/finding"
)

// refer resolves "$ref" of n, which stands for an s. It tells whether the members
// beside it count: they do in schemas since 3.1.
func (c *checker) refer(n *node, s *shape) bool {
	ref := n.get("$ref")
	if ref.kind != isString {
		c.add(finding.Error{Message: `"$ref" must be a string`, At: ref.place()})
		return false
	}
	if n.target = c.resolve(ref, ref.text, 0); n.target != nil {
		c.pending = append(c.pending, reference{n, n.target, s})
	}
	if s.section == mediaTypes {
		c.modern, c.media = true, append(c.media, n)
	}
	if s.schema && c.version >= v31 {
		return true
	}
	c.siblings(n, s)
	return false
}

// siblings reports what stands beside "$ref" and is ignored by the specification
// (3.0.4 §4.7.23, 3.1.1 §4.8.23).
func (c *checker) siblings(n *node, s *shape) {
	for i, member := range n.names {
		switch member.text {
		case "$ref", "description", "summary", "title":
			continue
		}
		at := finding.Position{File: n.file.shown, Line: int(member.line), Column: int(member.column)}
		e := finding.Error{Message: fmt.Sprintf(`%q beside "$ref" is ignored`, member.text), At: at, Word: member.text}
		if s.section == "pathItems" && !isExtension(member.text) {
			e.Message = fmt.Sprintf(`%q beside the "$ref" of a path item is not supported`, n.names[i].text)
			e.Hint = "move it into the path item that is referred to"
			c.add(e)
			continue
		}
		if s.schema {
			e.Hint = `put "$ref" into an allOf of one, or use OpenAPI 3.1`
		}
		c.warn(e)
	}
}

// resolve returns the node that text, written at from, points at, or nil after
// reporting why there is none.
func (c *checker) resolve(from *node, text string, depth int) *node {
	fail := func(message, hint string) *node {
		c.add(finding.Error{Message: message, At: from.place(), Word: text, Hint: hint})
		return nil
	}
	name, fragment, _ := strings.Cut(text, "#")
	if name = from.file.within(name); name != "" && from.file.moved() {
		return fail("$ref starts from $self, which is not where this file is: "+text, "let $self end in "+path.Base(from.file.name)+", or leave it out")
	}
	if u, err := url.Parse(name); err != nil || u.Scheme != "" || u.Host != "" {
		return fail("$ref points to another host: "+text, "contracts are read from their own directory only, never from the network")
	}
	f := from.file
	if name != "" {
		var err error
		if f, err = c.source.open(relative(f.name, name)); err != nil {
			return fail(fmt.Sprintf("$ref cannot be read: %s: %v", text, err), "")
		}
		if f.root == nil { // what is wrong with it has been reported
			return nil
		}
	}
	pointer, err := url.PathUnescape(fragment)
	switch {
	case err != nil:
		return fail("$ref is not a valid URI: "+text, "")
	case pointer != "" && pointer[0] != '/':
		return fail("$ref by anchor is not supported: "+text, "point at the place instead: #/components/schemas/…")
	case depth > maxReferences:
		return fail("$ref runs in a circle: "+text, "")
	}
	return c.descend(from, f.root, text, pointer, depth)
}

// relative is the name in the contract's directory of what a file calls ref. It
// begins with ".." if it lies outside.
func relative(from, ref string) string {
	if unescaped, err := url.PathUnescape(ref); err == nil {
		ref = unescaped
	}
	if path.IsAbs(ref) {
		return ref
	}
	return path.Join(path.Dir(from), ref)
}

// descend follows a JSON Pointer from the root of a file. A reference on the way is
// followed.
func (c *checker) descend(from, root *node, text, pointer string, depth int) *node {
	n, walked := root, []string{}
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		token = unescape(token)
		next := n.child(token)
		if ref := n.get("$ref"); next == nil && ref != nil && ref.kind == isString {
			if n = c.resolve(ref, ref.text, depth+1); n == nil {
				return nil
			}
			next = n.child(token)
		}
		if next == nil {
			c.nowhere(from, n, text, token, walked)
			return nil
		}
		n, walked = next, append(walked, token)
	}
	return n
}

// child is the member or item that a token of a JSON Pointer names.
func (n *node) child(token string) *node {
	if n.kind == isList {
		return n.at(token)
	}
	return n.get(token)
}

// nowhere reports a reference whose token is missing in the object n.
func (c *checker) nowhere(from, n *node, text, token string, walked []string) {
	e := finding.Error{Message: "$ref points nowhere: " + text, At: from.place(), Word: text}
	where, has := strings.Join(walked, "."), n.members()
	switch near := finding.Nearest(token, has); {
	case len(has) == 0:
		e.Hint = where + " is empty"
	case where == "" && near == "":
		e.Hint = fmt.Sprintf("%s has no %q", path.Base(n.file.name), token)
	case where == "":
		e.Hint = fmt.Sprintf("%s has no %q; did you mean %s?", path.Base(n.file.name), token, near)
	case near != "":
		e.Hint = fmt.Sprintf("%s has: %s; did you mean %s?", where, some(has), near)
	default:
		e.Hint = fmt.Sprintf("%s has: %s", where, some(has))
	}
	c.add(e)
}

// some lists names as far as a line holds them.
func some(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// settle looks at the target of a reference. What lies in another file, or at a
// place of its own, gets a place in components.
func (c *checker) settle(r reference) {
	if r.target.shape == nil {
		if r.want.section == "pathItems" {
			r.target.adopted = c.pointer(r.from) // OpenAPI 3.0 has no other place for them
		} else {
			c.adopt(r.target, r.want.section)
		}
		c.walk(r.target, r.want)
	}
	if r.target.shape != r.want {
		c.add(finding.Error{
			Message: fmt.Sprintf("$ref must point at %s, this is %s", r.want.name, r.target.shape.name),
			At:      r.from.get("$ref").place(), Word: r.from.str("$ref"),
		})
		r.from.target = nil
		return
	}
	if r.from.follow() == nil && r.from.target != nil && r.from.closes() {
		c.add(finding.Error{Message: "$ref runs in a circle: " + r.from.str("$ref"), At: r.from.get("$ref").place()})
	}
}

// closes tells whether the chain of references from n comes back to n.
func (n *node) closes() bool {
	next := n.target
	for range maxReferences {
		if next == nil || next == n {
			return next == n
		}
		next = next.target
	}
	return false
}

// adopt gives n a free name in a section of components.
func (c *checker) adopt(n *node, section string) {
	want := clean(n.key)
	if n.parent == nil || n.parent.kind == isList {
		want = clean(strings.TrimSuffix(path.Base(n.file.name), path.Ext(n.file.name)))
	}
	taken := func(name string) bool {
		if c.root.get("components").get(section).get(name) != nil {
			return true
		}
		for _, other := range c.adopted {
			if other.adopted == "/components/"+section+"/"+escape(name) {
				return true
			}
		}
		return false
	}
	name := want
	for i := 2; taken(name); i++ {
		name = want + "-" + strconv.Itoa(i)
	}
	n.adopted = "/components/" + section + "/" + escape(name)
	c.adopted = append(c.adopted, n)
}

// clean keeps what the name of a component may consist of (3.1.1 §4.8.7).
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	if name == "" {
		return "_"
	}
	return name
}
