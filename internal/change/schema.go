package change

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/openapi"
)

// schemas makes shapes of the schemas of one contract.
type schemas struct {
	contract *openapi.Contract
	root     any
	found    map[string]any // by pointer: many bodies are sketched
}

func newSchemas(c *openapi.Contract) (*schemas, error) {
	decoder := json.NewDecoder(bytes.NewReader(c.Document))
	decoder.UseNumber()
	s := &schemas{contract: c, found: make(map[string]any)}
	if err := decoder.Decode(&s.root); err != nil {
		return nil, fmt.Errorf("reading the normalised contract %s: %w", c.File, err)
	}
	return s, nil
}

// named are the schemas of the contract by name.
func (s *schemas) named() map[string]any {
	all, _ := s.lookup("/components/schemas").(map[string]any)
	return all
}

// lookup follows a JSON Pointer, nil if it leads nowhere.
func (s *schemas) lookup(pointer string) any {
	v, known := s.found[pointer]
	if !known {
		v = s.follow(pointer)
		s.found[pointer] = v
	}
	return v
}

func (s *schemas) follow(pointer string) any {
	at := s.root
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch v := at.(type) {
		case map[string]any:
			at = v[unescapeToken(token)]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	return at
}

// sketcher makes the shapes of one body. A schema that occurs again is the same shape.
type sketcher struct {
	*schemas
	known map[string]*shape
	// later name the alternatives of discriminators, once all shapes are there.
	later []func()
}

// sketch returns the shape of the schema at a pointer, "" for none.
func (s *schemas) sketch(pointer openapi.Schema) *shape {
	if pointer == "" {
		return &shape{unknown: true}
	}
	k := &sketcher{schemas: s, known: make(map[string]*shape)}
	root := k.at(string(pointer))
	for _, name := range k.later {
		name()
	}
	return root
}

const componentSchemas = "/components/schemas/"

// at returns the shape of the schema at a pointer.
func (k *sketcher) at(pointer string) *shape {
	if s := k.known[pointer]; s != nil {
		return s
	}
	s := &shape{place: pointer}
	k.known[pointer] = s
	schema, ok := k.lookup(pointer).(map[string]any)
	if !ok {
		s.unknown = k.lookup(pointer) != false
		s.closed = !s.unknown
		return s
	}
	if name, ok := strings.CutPrefix(pointer, componentSchemas); ok && !strings.Contains(name, "/") {
		s.names = []string{unescapeToken(name)}
	}
	if ref, ok := schema["$ref"].(string); ok {
		if target, err := url.PathUnescape(strings.TrimPrefix(ref, "#")); err == nil {
			s.parts = append(s.parts, k.at(target))
		}
	}
	k.fill(s, schema, pointer)
	return s
}

// fill reads the keywords of a schema.
func (k *sketcher) fill(s *shape, schema map[string]any, pointer string) {
	s.kinds = kindsOf(schema["type"])
	s.literals = literalsOf(schema)
	required, _ := schema["required"].([]any)
	if properties, ok := schema["properties"].(map[string]any); ok {
		for _, name := range sortedKeys(properties) {
			s.set(name, slot{shape: k.at(pointer + "/properties/" + escapeToken(name)), required: slices.Contains(required, any(name))})
		}
	}
	for _, name := range required {
		if name, ok := name.(string); ok && s.members[name] == nil {
			s.set(name, slot{shape: &shape{unknown: true}, required: true})
		}
	}
	if patterns, ok := schema["patternProperties"].(map[string]any); ok {
		for _, text := range sortedKeys(patterns) {
			s.patterns = append(s.patterns, pattern{text, k.at(pointer + "/patternProperties/" + escapeToken(text))})
		}
	}
	for _, keyword := range []string{"additionalProperties", "unevaluatedProperties"} {
		switch rest := schema[keyword].(type) {
		case bool:
			s.closed = s.closed || !rest
		case map[string]any:
			s.rest = k.at(pointer + "/" + keyword)
		}
	}
	if _, ok := schema["items"].(map[string]any); ok {
		s.items = k.at(pointer + "/items")
	}
	if list, ok := schema["prefixItems"].([]any); ok {
		for i := range list {
			s.prefix = append(s.prefix, k.at(pointer+"/prefixItems/"+strconv.Itoa(i)))
		}
	}
	k.compose(s, schema, pointer)
}

// compose reads the keywords with schemas for the same value.
func (k *sketcher) compose(s *shape, schema map[string]any, pointer string) {
	branches := func(keyword string) (list []*shape) {
		all, _ := schema[keyword].([]any)
		for i := range all {
			list = append(list, k.at(pointer+"/"+keyword+"/"+strconv.Itoa(i)))
		}
		return list
	}
	s.parts = append(s.parts, branches("allOf")...)
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if list := branches(keyword); len(list) > 0 {
			k.later = append(k.later, func() { discriminate(schema, keyword, list) })
			s.groups = append(s.groups, list)
		}
	}
	var either []*shape
	for _, keyword := range []string{"then", "else"} {
		if _, ok := schema[keyword].(map[string]any); ok {
			either = append(either, k.at(pointer+"/"+keyword))
		}
	}
	if len(either) > 0 {
		s.groups = append(s.groups, either)
	}
}

// discriminate puts the names of the alternatives where the discriminator has them.
func discriminate(schema map[string]any, keyword string, list []*shape) {
	d, _ := schema["discriminator"].(map[string]any)
	property, _ := d["propertyName"].(string)
	if property == "" {
		return
	}
	mapping, _ := d["mapping"].(map[string]any)
	for i, alternative := range schema[keyword].([]any) {
		schema, _ := alternative.(map[string]any)
		ref, _ := schema["$ref"].(string)
		if ref == "" {
			continue
		}
		last := ref[strings.LastIndexByte(ref, '/')+1:]
		var literals []string
		for _, name := range sortedKeys(mapping) {
			if target, _ := mapping[name].(string); target == ref || target == last {
				literals = append(literals, string(appendString(nil, name)))
			}
		}
		if literals == nil {
			literals = []string{string(appendString(nil, last))}
		}
		name(list[i], property, literals)
	}
}

// name says which values a member of an alternative has that is named by them.
func name(alternative *shape, property string, literals []string) {
	family := alternative.family(true)
	found := holders(family, property)
	if len(found) == 0 {
		alternative.set(property, slot{shape: &shape{kinds: 1 << kindString, literals: literals}, required: true})
	}
	for _, h := range found {
		m := h.members[property]
		m.shape, m.required = m.shape.clone(), true
		m.literals = literals
	}
}

// kindsOf reads the keyword "type".
func kindsOf(v any) kinds {
	var set kinds
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, name := range list {
		switch name {
		case "null":
			set |= 1 << kindNull
		case "boolean":
			set |= 1 << kindBoolean
		case "integer", "number":
			set |= 1 << kindNumber
		case "string":
			set |= 1 << kindString
		case "array":
			set |= 1 << kindArray
		case "object":
			set |= 1 << kindObject
		}
	}
	return set
}

// literalsOf reads "enum" and "const".
func literalsOf(schema map[string]any) []string {
	list, ok := schema["enum"].([]any)
	if value, has := schema["const"]; has {
		list, ok = []any{value}, true
	}
	if !ok {
		return nil
	}
	texts := make([]string, 0, len(list))
	for _, v := range list {
		texts = append(texts, canonical(jsonText(v)))
	}
	return texts
}

// jsonText writes a decoded value as the package writes it.
func jsonText(v any) string {
	switch v := v.(type) {
	case string:
		return string(appendString(nil, v))
	case json.Number:
		return string(v)
	}
	text, err := json.Marshal(v)
	if err != nil { // decoded JSON can be written
		panic(err)
	}
	return string(text)
}

func sortedKeys(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// matches tells whether a pattern of a contract fits a name. The contract is checked, so
// the pattern compiles.
func matches(pattern, name string) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(name)
}
