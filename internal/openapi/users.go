package openapi

import (
	"fmt"
	"strings"

	"gateway/internal/finding"
)

// uses is who refers to what in a contract. It is made when something is wrong only.
type uses struct {
	// parts are what references point at.
	parts map[*node]bool
	// users are the parts and operations that refer to a part.
	users map[*node][]*node
	// operations have their names.
	operations map[*node]string
	order      []*node // of the operations
}

// usedBy says which operations use the part of the contract that n belongs to, as the
// end of a message. It is empty for what stands in one operation, or in none.
func (c *checker) usedBy(n *node) string {
	if c.uses == nil {
		c.uses = c.findUses()
	}
	part := c.uses.owner(n)
	if part == nil || c.uses.operations[part] != "" {
		return ""
	}
	seen := map[*node]bool{part: true}
	queue := []*node{part}
	for len(queue) > 0 {
		for _, user := range c.uses.users[queue[0]] {
			if !seen[user] {
				seen[user] = true
				queue = append(queue, user)
			}
		}
		queue = queue[1:]
	}
	var names []string
	for _, operation := range c.uses.order {
		if seen[operation] {
			names = append(names, c.uses.operations[operation])
		}
	}
	const most = 3
	switch {
	case len(names) == 0:
		return "; no operation uses it"
	case len(names) > most:
		return fmt.Sprintf("; %s and %d more use it", strings.Join(names[:most], ", "), len(names)-most)
	case len(names) == 1:
		return "; " + names[0] + " uses it"
	}
	return "; " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " use it"
}

// findUses goes through all files once.
func (c *checker) findUses() *uses {
	u := &uses{parts: make(map[*node]bool), users: make(map[*node][]*node), operations: make(map[*node]string)}
	for _, item := range c.root.get("paths").members() {
		path := c.root.get("paths").get(item).follow()
		if path == nil || path.kind != isObject {
			continue
		}
		for method, operation := range operations(path) {
			name := operation.str("operationId")
			if name == "" {
				name = method + " " + item
			}
			u.operations[operation], u.order = name, append(u.order, operation)
			u.secure(c.root, operation)
		}
	}
	for _, section := range c.root.get("components").members() {
		for _, part := range c.root.get("components").get(section).elements() {
			u.parts[part] = true
		}
	}
	var references []*node
	for _, file := range c.source.order {
		file.root.each(func(n *node) {
			if n.target != nil {
				u.parts[n.target], references = true, append(references, n)
			}
		})
	}
	for _, n := range references {
		u.add(u.owner(n), n.target)
	}
	for part := range u.parts {
		u.add(u.owner(part.parent), part)
	}
	return u
}

// secure notes the security schemes of an operation, which it names.
func (u *uses) secure(root, operation *node) {
	demands := operation.get("security")
	if demands == nil {
		demands = root.get("security")
	}
	for _, alternative := range demands.elements() {
		for _, name := range alternative.members() {
			u.add(operation, root.get("components").get("securitySchemes").get(name))
		}
	}
}

func (u *uses) add(user, part *node) {
	if user != nil && part != nil && user != part {
		u.users[part] = append(u.users[part], user)
	}
}

// owner is the part or operation that n stands in.
func (u *uses) owner(n *node) *node {
	for ; n != nil; n = n.parent {
		if u.parts[n] || u.operations[n] != "" {
			return n
		}
	}
	return nil
}

// elements are the values of an object or list.
func (n *node) elements() []*node {
	if n == nil {
		return nil
	}
	return n.values
}

// tell adds to the errors which operations they concern.
func (c *checker) tell() {
	for _, e := range c.errors {
		if n := c.at(e.At); n != nil {
			e.Message += c.usedBy(n)
		}
	}
}

// at returns the innermost node that begins at or before a place, or nil.
func (c *checker) at(place finding.Position) *node {
	for _, file := range c.source.order {
		if file.shown == place.File {
			return file.root.inner(int32(place.Line), int32(place.Column))
		}
	}
	return nil
}

// inner is the innermost node below n that begins at or before a place. What stands
// before n itself is a copy by an alias of YAML and is left out.
func (n *node) inner(line, column int32) *node {
	for n != nil {
		var next *node
		for i, v := range n.values {
			start := [2]int32{v.line, v.column}
			if n.kind == isObject {
				start = [2]int32{n.names[i].line, n.names[i].column}
			}
			after := start[0] > n.line || start[0] == n.line && start[1] >= n.column
			if after && (start[0] < line || start[0] == line && start[1] <= column) {
				next = v
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return nil
}
