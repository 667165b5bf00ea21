package mock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// content is one media type that can be answered in.
type content struct {
	mediaType string
	// samples are the bodies, the one that is given unless a request asks for another
	// first.
	samples []sample
}

// sample is one body. Its name is that of the example, "" if it has none.
type sample struct {
	name string
	body []byte
}

// sample returns the body with a name, or the usual one for "".
func (c *content) sample(name string) []byte {
	for _, s := range c.samples {
		if s.name == name {
			return s.body
		}
	}
	return c.samples[0].body
}

// having returns the contents that have an example with a name; all of them for "".
func (r *reply) having(name string) []content {
	if name == "" {
		return r.contents
	}
	var found []content
	for _, c := range r.contents {
		for _, s := range c.samples {
			if s.name == name {
				found = append(found, c)
				break
			}
		}
	}
	return found
}

// content makes the bodies of one declared media type: its examples, or one body that
// is made up.
func (m *maker) content(declared *openapi.Media) (content, error) {
	c := content{mediaType: concrete(declared.Type)}
	for i := range declared.Examples {
		e := &declared.Examples[i]
		if body, ok := written(c.mediaType, e.Value, e.Text); ok {
			c.samples = append(c.samples, sample{e.Name, m.examine(declared, e, body)})
		}
	}
	if len(c.samples) > 0 {
		return c, nil
	}
	body, err := m.madeUp(c.mediaType, declared.Schema)
	c.samples = []sample{{body: body}}
	return c, err
}

// concrete returns a media type that falls under a range.
func concrete(declared string) string {
	switch {
	case !strings.Contains(declared, "*"):
		return declared
	case declared == "text/*":
		return "text/plain"
	case strings.HasSuffix(declared, "+json"):
		return "application/json"
	case declared == "*/*", declared == "application/*":
		return "application/json"
	}
	return strings.ReplaceAll(declared, "*", "octet-stream")
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

// written writes a value in a media type. Only JSON can carry every value; any other
// example is a string with the body in it (OpenAPI 3.1 §4.8.19), or a scalar.
func written(mediaType string, value any, text []byte) ([]byte, bool) {
	if isJSON(mediaType) {
		return text, true
	}
	switch value := value.(type) {
	case string:
		return []byte(value), true
	case json.Number, bool:
		return text, strings.HasPrefix(mediaType, "text/")
	}
	return nil, false
}

// madeUp makes a body of a schema.
func (m *maker) madeUp(mediaType string, schema openapi.Schema) ([]byte, error) {
	if !isJSON(mediaType) && !strings.HasPrefix(mediaType, "text/") && mediaType != "application/octet-stream" {
		return nil, fmt.Errorf("it has no example, and %s cannot be made up", mediaType)
	}
	if schema == "" {
		return []byte("{}"), nil
	}
	value, err := m.generate(schema)
	if err != nil {
		return nil, fmt.Errorf("it has no example, and none can be made up: %w", err)
	}
	text, err := encode(value)
	if err != nil {
		return nil, err
	}
	if body, ok := written(mediaType, value, text); ok {
		return body, nil
	}
	return text, nil
}

// generate makes a value of a schema, with the contract's own examples where it can.
func (m *maker) generate(schema openapi.Schema) (any, error) {
	var first error
	for variant := range instance.Variants {
		value, err := m.document.Generate(string(schema), instance.Response, variant)
		var text []byte
		if err == nil {
			text, err = encode(value)
		}
		if err == nil {
			err = m.check(schema, text)
		}
		if err == nil {
			return value, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// examine doubts an example that breaks its own schema, and returns what is answered:
// the example as it is, unless it is JSON within a string, as people write it who have
// their examples from somewhere else.
func (m *maker) examine(declared *openapi.Media, e *openapi.Example, body []byte) []byte {
	if declared.Schema == "" || !isJSON(declared.Type) {
		return body
	}
	err := m.check(declared.Schema, body)
	if err == nil {
		return body
	}
	if inner, ok := e.Value.(string); ok && json.Valid([]byte(inner)) && m.check(declared.Schema, []byte(inner)) == nil {
		return []byte(inner)
	}
	m.doubts = append(m.doubts, &finding.Error{
		Message: "the example breaks its own schema: " + err.Error(), At: finding.Position(e.Source),
		Hint: "the mock answers with it all the same",
	})
	return body
}

// encode writes a value as JSON, its members sorted.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
