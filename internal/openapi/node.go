package openapi

import (
	"strconv"
	"strings"

	"gateway/internal/finding"
)

// kind is the JSON type of a node, as a set so that a shape can allow several.
type kind uint8

const (
	isNull kind = 1 << iota
	isBoolean
	isNumber
	isString
	isList
	isObject
)

// String names the kinds as they are written in messages.
func (k kind) String() string {
	var names []string
	for i, name := range [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"} {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

// node is one value of a document, JSON or YAML, with the place where it stands. A
// document is a tree of them: an alias of YAML is a copy.
type node struct {
	kind kind
	// text is a string's value, a number's literal, "true" or "false".
	text string
	// names are the member names of an object, beside values.
	names  []name
	values []*node
	// byName finds a value by name, for objects with many members only.
	byName map[string]*node

	file         *file
	line, column int32
	// parent and key say where the node hangs; the root of a file has no parent.
	parent *node
	key    string

	// The rest is filled in by the check of the document.

	// shape is what the specification expects here.
	shape *shape
	// target is what "$ref" of this object points at.
	target *node
	// adopted is where a node of another file, or of a place of its own, stands in
	// the bundled document: a JSON Pointer.
	adopted string
}

// name is the name of a member with its place.
type name struct {
	text         string
	line, column int32
}

// manyMembers is the size from which an object gets an index.
const manyMembers = 12

// get returns the member called text, or nil.
func (n *node) get(text string) *node {
	if n == nil || n.kind != isObject {
		return nil
	}
	if n.byName != nil {
		return n.byName[text]
	}
	for i := range n.names {
		if n.names[i].text == text {
			return n.values[i]
		}
	}
	return nil
}

// at returns the item with an index written in decimal, or nil.
func (n *node) at(index string) *node {
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(n.values) || strconv.Itoa(i) != index {
		return nil
	}
	return n.values[i]
}

// str returns the string member called text, or "".
func (n *node) str(text string) string {
	if v := n.get(text); v != nil && v.kind == isString {
		return v.text
	}
	return ""
}

// truth returns the boolean member called text, or false.
func (n *node) truth(text string) bool {
	v := n.get(text)
	return v != nil && v.kind == isBoolean && v.text == "true"
}

// items returns the items of the list called text.
func (n *node) items(text string) []*node {
	if v := n.get(text); v != nil && v.kind == isList {
		return v.values
	}
	return nil
}

// members lists the names of an object.
func (n *node) members() []string {
	if n == nil {
		return nil
	}
	out := make([]string, len(n.names))
	for i := range n.names {
		out[i] = n.names[i].text
	}
	return out
}

// add hangs v into the object or list n.
func (n *node) add(v *node) {
	v.parent = n
	n.values = append(n.values, v)
}

// index makes long objects quick to search.
func (n *node) index() {
	if n.kind != isObject || len(n.names) < manyMembers {
		return
	}
	n.byName = make(map[string]*node, len(n.names))
	for i := range n.names {
		n.byName[n.names[i].text] = n.values[i]
	}
}

// place is where the value begins.
func (n *node) place() finding.Position {
	return finding.Position{File: n.file.shown, Line: int(n.line), Column: int(n.column)}
}

// placeOfName is where the name of a member is written; for anything else it is
// the place of the value.
func (n *node) placeOfName() finding.Position {
	if n.parent == nil || n.parent.kind != isObject {
		return n.place()
	}
	for i := range n.parent.values {
		if n.parent.values[i] == n {
			at := n.parent.names[i]
			return finding.Position{File: n.file.shown, Line: int(at.line), Column: int(at.column)}
		}
	}
	return n.place()
}

// follow returns what n stands for: the end of its chain of references. It is nil
// if the chain is broken or runs in a circle.
func (n *node) follow() *node {
	for range maxReferences {
		if n == nil || n.get("$ref") == nil || n.shape == nil || n.shape.section == "" {
			return n
		}
		n = n.target
	}
	return nil
}

// maxReferences is how long a chain of references without anything else may be.
const maxReferences = 64

// escape writes a member name as a token of a JSON Pointer (RFC 6901 §3).
var escape = strings.NewReplacer("~", "~0", "/", "~1").Replace

// unescape reverses escape.
var unescape = strings.NewReplacer("~1", "/", "~0", "~").Replace
