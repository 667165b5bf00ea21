package change

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gateway/internal/openapi"
)

// relevant tells whether a change can touch a value of a schema, or the operation.
func (b *boundary) relevant(c *Change, pointer openapi.Schema) bool {
	if len(c.schemas) == 0 || pointer == "" {
		return false
	}
	reached := b.reach(string(pointer))
	return slices.ContainsFunc(c.schemas, func(w word) bool { return reached[w.text] })
}

// reach returns the names of the schemas that a schema leads to.
func (b *boundary) reach(pointer string) map[string]bool {
	reached := make(map[string]bool)
	var pending []string
	if name, ok := strings.CutPrefix(pointer, componentSchemas); ok && !strings.Contains(name, "/") {
		pending = []string{unescapeToken(name)}
	} else {
		pending = references(b.old.lookup(pointer))
	}
	for len(pending) > 0 {
		name := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if reached[name] {
			continue
		}
		reached[name] = true
		if _, known := b.refs[name]; !known {
			b.refs[name] = references(b.old.lookup(componentSchemas + escapeToken(name)))
		}
		pending = append(pending, b.refs[name]...)
	}
	return reached
}

// references are the names of the schemas that a part of a document refers to.
func references(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			plain, _ := url.PathUnescape(ref)
			if name, ok := strings.CutPrefix(plain, "#"+componentSchemas); ok {
				name, _, _ = strings.Cut(name, "/")
				names = append(names, unescapeToken(name))
			}
		}
		for _, inner := range v {
			names = append(names, references(inner)...)
		}
	case []any:
		for _, inner := range v {
			names = append(names, references(inner)...)
		}
	}
	return names
}

// names tells whether the change names an operation.
func (c *Change) names(op *openapi.Operation) bool {
	return slices.ContainsFunc(c.operations, func(w word) bool { return w.text == op.ID })
}

// targets are the shapes in a body that have one of the change's names.
func (c *Change) targets(root *shape) map[*shape]bool {
	targets := make(map[*shape]bool)
	root.each(func(s *shape) {
		if slices.ContainsFunc(c.schemas, func(w word) bool { return slices.Contains(s.names, w.text) }) {
			targets[s] = true
		}
	})
	return targets
}

// each visits a shape and everything in it, once.
func (s *shape) each(visit func(*shape)) {
	seen := make(map[*shape]bool)
	var walk func(*shape)
	walk = func(s *shape) {
		if seen[s] {
			return
		}
		seen[s] = true
		visit(s)
		s.children(walk)
	}
	walk(s)
}

// current are the targets, or what has become of them, in the order of the body.
func current(root *shape, targets map[*shape]bool) (list []*shape) {
	sources := make(map[*shape]bool, len(targets))
	for t := range targets {
		sources[t.source()] = true
	}
	root.each(func(s *shape) {
		if sources[s.source()] {
			list = append(list, s)
		}
	})
	return list
}

// unfollowed are keywords with schemas for values that the shapes do not follow: whether
// they apply to a value depends on other values.
var unfollowed = []string{"contains", "contentSchema", "dependentSchemas", "unevaluatedItems"}

// hidden refuses a change of a schema that a body has only behind such a keyword: it would
// not be applied.
func (b *boundary) hidden(op *openapi.Operation, root *shape, what string) {
	names := make(map[string]bool)
	behind := make(map[string]string) // the keyword, by the name of the schema
	root.each(func(s *shape) {
		for _, name := range s.names {
			names[name] = true
		}
		schema, _ := b.old.lookup(s.place).(map[string]any)
		for _, keyword := range unfollowed {
			for _, ref := range references(schema[keyword]) {
				for name := range b.reach(componentSchemas + escapeToken(ref)) {
					behind[name] = keyword
				}
			}
		}
	})
	for _, c := range b.changes {
		for _, w := range c.schemas {
			if keyword := behind[w.text]; keyword != "" && !names[w.text] {
				b.add(w.flaw(fmt.Sprintf("the %s of %s has %s behind %q only, where changes are not applied", what, op.ID, w.text, keyword),
					"name the operation and the place: operation: "+op.ID+" with steps under "+what))
			}
		}
	}
}
