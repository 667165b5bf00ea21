package compat

import (
	"strings"
	"testing"
)

const search32 = `openapi: 3.2.0
info: {title: Search, version: "1"}
paths:
  /orders:
    query:
      operationId: search
      requestBody: {required: true, content: {application/json: {$ref: "#/components/mediaTypes/Search"}}}
      responses: {"200": {description: found}}
    additionalOperations:
      COPY:
        operationId: copy
        parameters:
          - {name: Destination, in: header, schema: {type: string}}
        responses: {"201": {description: copied}}
components:
  mediaTypes:
    Search: {schema: {type: object, properties: {text: {type: string}}}}
`

// TestOpenAPI32: operations and media types that 3.2 added are compared like others.
func TestOpenAPI32(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ old, new, where, rule string }{
		"method gone":        {"      COPY:", "      MOVE:", "COPY /orders", "api-removed-without-deprecation"},
		"parameter required": {"in: header, ", "in: header, required: true, ", "COPY /orders", "request-parameter-became-required"},
		"media type":         {"{schema: {type: object, ", "{schema: {type: object, required: [text], ", "QUERY /orders", "request-property-became-required"},
		"older version":      {"openapi: 3.2.0", "openapi: 3.2.1", "", ""},
	} {
		newer := strings.Replace(search32, change.old, change.new, 1)
		var rules []string
		for _, c := range compare(t, search32, newer).Breaks() {
			rules = append(rules, c.Where()+c.Rule)
			if c.Old.Line == 0 {
				t.Errorf("%s: %s has no place", name, c.Rule)
			}
		}
		got := strings.Join(rules, "; ")
		if !strings.Contains(got, change.where) || !strings.Contains(got, change.rule) || change.rule == "" && got != "" {
			t.Errorf("%s: got %q, want %s %s", name, got, change.where, change.rule)
		}
	}
}
