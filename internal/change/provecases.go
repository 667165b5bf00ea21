package change

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// examples are those of a contract that are valid in it.
func (t *tester) examples(c *openapi.Contract, side instance.Side, schema openapi.Schema, examples []openapi.Example) (list []string) {
	for _, e := range examples {
		if text := string(e.Text); !slices.Contains(list, text) && t.check(c, side, schema, []byte(text)) == nil {
			list = append(list, text)
		}
	}
	return list
}

// instances are generated documents of a schema that are valid in its contract.
func (t *tester) instances(c *openapi.Contract, side instance.Side, schema openapi.Schema) (list []string) {
	if schema == "" {
		return nil
	}
	key := fmt.Sprintf("%p %d %s", c, side, schema)
	if known, ok := t.made[key]; ok {
		return known
	}
	document := t.documents[c]
	if document == nil {
		var err error
		if document, err = instance.Parse(c.Document); err != nil {
			return nil
		}
		t.documents[c] = document
	}
	for variant := range t.budget.Instances {
		v, err := document.Generate(string(schema), side, variant)
		if err != nil {
			continue
		}
		if text := jsonText(v); !slices.Contains(list, text) && t.check(c, side, schema, []byte(text)) == nil {
			list = append(list, text)
		}
	}
	t.made[key] = list
	return list
}

// first tells whether no body of the same schemas, with the same changes, was proved
// before. Changes of single operations are not the same.
func (t *tester) first(b *body) bool {
	key := fmt.Sprintf("%p %d %s %s", b.boundary, b.side, b.old.resolve(b.from), b.new.resolve(b.to))
	if b.program != nil {
		for _, a := range b.acts {
			if a.own {
				return true
			}
			key += " " + a.change.File
		}
	}
	again := t.proved[key]
	t.proved[key] = true
	return !again
}

// resolve is the schema that a schema stands for which is nothing but a reference.
func (s *schemas) resolve(pointer openapi.Schema) openapi.Schema {
	for range maxDepth {
		schema, _ := s.lookup(string(pointer)).(map[string]any)
		ref, ok := schema["$ref"].(string)
		if pointer == "" || !ok || len(schema) != 1 {
			break
		}
		target, err := url.PathUnescape(strings.TrimPrefix(ref, "#"))
		if err != nil {
			break
		}
		pointer = openapi.Schema(target)
	}
	return pointer
}
