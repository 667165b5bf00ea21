package mock

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"gateway/internal/openapi"
)

// field is one header field of an answer.
type field struct{ name, value string }

// framing are fields that belong to the message and not to the service.
var framing = map[string]bool{
	"Content-Length": true, "Content-Encoding": true, "Transfer-Encoding": true, "Connection": true, "Trailer": true, "Upgrade": true, "Date": true,
}

// fields makes the header fields that are required, and those that have an example.
func (m *maker) fields(declared []openapi.Parameter) ([]field, error) {
	var list []field
	for i := range declared {
		p := &declared[i]
		name := http.CanonicalHeaderKey(p.Name)
		if framing[name] || !p.Required && len(p.Examples) == 0 {
			continue
		}
		value, err := m.fieldValue(p)
		if err != nil {
			return nil, fmt.Errorf("the header field %s has no example, and none can be made up: %w", p.Name, err)
		}
		list = append(list, field{name, value})
	}
	return list, nil
}

func (m *maker) fieldValue(p *openapi.Parameter) (string, error) {
	var value any
	switch {
	case len(p.Examples) > 0:
		value = p.Examples[0].Value
	case p.Schema == "":
		value = "text"
	default:
		var err error
		if value, err = m.generate(p.Schema); err != nil {
			return "", err
		}
	}
	text := simple(value, p.Explode)
	if isJSON(p.Content) {
		encoded, err := encode(value)
		if err != nil {
			return "", err
		}
		text = string(encoded)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return "", fmt.Errorf("the value has control characters")
	}
	return text, nil
}

// simple writes a value in the style of header fields (OpenAPI 3.1 §4.8.12.2, RFC 6570
// §3.2.2).
func simple(value any, explode bool) string {
	var parts []string
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case json.Number:
		return value.String()
	case []any:
		for _, item := range value {
			parts = append(parts, simple(item, false))
		}
	case map[string]any:
		between := ","
		if explode {
			between = "="
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, name+between+simple(value[name], false))
		}
	default:
		return fmt.Sprint(value) // a boolean
	}
	return strings.Join(parts, ",")
}
