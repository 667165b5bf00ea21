package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type object = map[string]any

// document is an OpenAPI document, read without the help of any library, so that the
// sampler does not share the gateway's opinion of it.
type document struct{ root object }

func readDocument(t *testing.T, file string) *document {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := new(document)
	if err := json.Unmarshal(text, &d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *document) object(name string) object {
	o, _ := d.root[name].(object)
	return o
}

// deref follows local references.
func (d *document) deref(node any) any {
	for range 20 {
		o, ok := node.(object)
		if !ok {
			return node
		}
		ref, ok := o["$ref"].(string)
		if !ok {
			return node
		}
		var target any = d.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
			o, ok := target.(object)
			if !ok {
				return nil
			}
			target = o[part]
		}
		node = target
	}
	return nil
}

// scopes returns every scope that the document speaks of.
func (d *document) scopes() string {
	var scopes []string
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, value := range node {
				walk(value)
			}
		case object:
			for name, value := range node {
				if requirements, ok := value.([]any); ok && name == "security" {
					for _, alternative := range requirements {
						for _, list := range alternative.(object) {
							for _, scope := range list.([]any) {
								scopes = append(scopes, scope.(string))
							}
						}
					}
				}
				walk(value)
			}
		}
	}
	walk(d.root)
	slices.Sort(scopes)
	return strings.Join(slices.Compact(scopes), " ")
}

// parameters returns those of an operation; its own override those of the path.
func (d *document) parameters(item, op object) []object {
	var list []object
	known := make(map[string]bool)
	for _, from := range []object{op, item} {
		parameters, _ := from["parameters"].([]any)
		for _, node := range parameters {
			p, _ := d.deref(node).(object)
			if key := fmt.Sprint(p["in"], " ", p["name"]); !known[key] {
				known[key] = true
				list = append(list, p)
			}
		}
	}
	return list
}

// text returns a value of a parameter as it stands in a URL or header.
func (d *document) text(p, schema object) (string, bool) {
	value, ok := p["example"]
	if !ok {
		if value, ok = d.example(p); !ok {
			if value = d.value(schema, 0); value == nil {
				return "", false
			}
		}
	}
	if list, ok := value.([]any); ok {
		if len(list) == 0 {
			return "", false
		}
		value = list[0]
	}
	switch value := value.(type) {
	case string:
		return value, value != ""
	case float64, int, bool:
		return strings.Trim(fmt.Sprint(value), `"`), true
	}
	return "", false
}

// example returns the first of the examples of a parameter or media type.
func (d *document) example(node object) (any, bool) {
	examples, _ := node["examples"].(object)
	names := make([]string, 0, len(examples))
	for name := range examples {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if e, ok := d.deref(examples[name]).(object); ok && e["value"] != nil {
			return e["value"], true
		}
	}
	return nil, false
}

// body returns a body of a media type: the author's example, or one from the schema.
func (d *document) body(media, schema object) any {
	if value, ok := media["example"]; ok {
		return value
	}
	if value, ok := d.example(media); ok {
		return value
	}
	return d.value(schema, 0)
}

// required returns the members that a schema demands, through allOf.
func (d *document) required(schema object) []string {
	var names []string
	list, _ := schema["required"].([]any)
	for _, name := range list {
		names = append(names, name.(string))
	}
	for _, part := range d.parts(schema) {
		names = append(names, d.required(part)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// properties returns the members that a schema describes, through allOf.
func (d *document) properties(schema object) object {
	all := object{}
	for _, part := range d.parts(schema) {
		for name, property := range d.properties(part) {
			all[name] = property
		}
	}
	own, _ := schema["properties"].(object)
	for name, property := range own {
		all[name] = property
	}
	return all
}

func (d *document) parts(schema object) []object {
	var parts []object
	list, _ := schema["allOf"].([]any)
	for _, node := range list {
		if part, ok := d.deref(node).(object); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

// value makes a value that a schema allows, with required members only, or nil if
// that is beyond it.
func (d *document) value(node any, depth int) any {
	schema, ok := d.deref(node).(object)
	if !ok || depth > 12 {
		return nil
	}
	for _, word := range []string{"const", "example", "default"} {
		if value, ok := schema[word]; ok {
			return value
		}
	}
	for _, word := range []string{"examples", "enum"} {
		if list, ok := schema[word].([]any); ok && len(list) > 0 {
			return list[0]
		}
	}
	for _, word := range []string{"oneOf", "anyOf"} {
		if list, ok := schema[word].([]any); ok && len(list) > 0 {
			return d.value(list[0], depth+1)
		}
	}
	switch kind := d.kind(schema); kind {
	case "string":
		return stringOf(schema)
	case "integer", "number":
		if least, ok := schema["minimum"].(float64); ok {
			return least
		}
		return 1.0
	case "boolean":
		return true
	case "array":
		element := d.value(schema["items"], depth+1)
		if element == nil {
			return []any{}
		}
		return []any{element}
	case "object":
		value := object{}
		properties := d.properties(schema)
		for _, name := range d.required(schema) {
			if value[name] = d.value(properties[name], depth+1); value[name] == nil {
				return nil
			}
		}
		return value
	}
	return nil
}

// kind returns the type of a schema, or what its other words say.
func (d *document) kind(schema object) string {
	switch kind := schema["type"].(type) {
	case string:
		return kind
	case []any:
		return kind[0].(string)
	}
	if schema["properties"] != nil {
		return "object"
	}
	for _, part := range d.parts(schema) {
		if kind := d.kind(part); kind != "" {
			return kind
		}
	}
	return ""
}

// stringOf makes a string for a schema, by trying those that patterns usually mean.
func stringOf(schema object) any {
	formats := map[string]string{
		"date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02", "uuid": "0b0c7ad0-8f6b-4c3e-9d3c-5b7b1b1b1b1b",
		"email": "ada@example.com", "uri": "https://example.com/x", "url": "https://example.com/x", "ipv4": "192.0.2.1",
	}
	candidates := []string{"abc", "ABC", "USD", "US", "1", "12", "10.00", "2026-01", "https://example.com/x", "ada@example.com", "2026-01-02T03:04:05Z", "ABCDEFGHIJKLM"}
	if format, ok := schema["format"].(string); ok && formats[format] != "" {
		candidates = append([]string{formats[format]}, candidates...)
	}
	least, _ := schema["minLength"].(float64)
	most, bounded := schema["maxLength"].(float64)
	pattern := regexp.MustCompile("")
	if text, ok := schema["pattern"].(string); ok {
		compiled, err := regexp.Compile(text)
		if err != nil {
			return nil
		}
		pattern = compiled
	}
	for _, candidate := range append(candidates, strings.Repeat("a", int(least)), strings.Repeat("A", int(least)), strings.Repeat("1", int(least))) {
		if len(candidate) >= int(least) && (!bounded || len(candidate) <= int(most)) && pattern.MatchString(candidate) {
			return candidate
		}
	}
	return nil
}
