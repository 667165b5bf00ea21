package openapi

import (
	"fmt"
	"strings"
	"testing"
)

// TestMediaTypesStayBounded: a media type that is used often makes no document without
// bounds.
func TestMediaTypesStayBounded(t *testing.T) {
	t.Parallel()
	contract := func(refs, size int) string {
		var content strings.Builder
		for i := range refs {
			fmt.Fprintf(&content, "        application/v%d+json: {$ref: '#/components/mediaTypes/Big'}\n", i)
		}
		return "openapi: 3.2.0\ninfo: {title: T, version: '1'}\npaths:\n  /orders:\n    query:\n      requestBody:\n       content:\n" + content.String() +
			"components:\n  mediaTypes:\n    Big: {example: " + strings.Repeat("x", size) + "}\n"
	}
	if _, err := Parse("small.yaml", []byte(contract(50, 1000))); err != nil {
		t.Error(err)
	}
	_, err := Parse("big.yaml", []byte(contract(50, 1<<20)))
	if err == nil || !strings.Contains(err.Error(), "references to media types make the contract larger") {
		t.Errorf("got %v", err)
	}
}

// TestVersionOfDocument: what says nothing that is new calls itself 3.1.
func TestVersionOfDocument(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"paths: {/a: {get: {responses: {'200': {description: ok}}}}}":                        "3.1.0",
		"paths: {/a: {get: {responses: {'200': {summary: ok, description: ok}}}}}":           "3.2.0",
		"paths: {/a: {get: {responses: {'200': {}}}}}":                                       "3.2.0",
		"paths: {/a: {query: {}}}":                                                           "3.2.0",
		"paths: {/a: {get: {parameters: [{name: a, in: cookie, style: cookie}]}}}":           "3.2.0",
		"paths: {/a: {get: {parameters: [{name: a, in: cookie, style: form}]}}}":             "3.1.0",
		"paths: {}\ncomponents: {parameters: {q: {name: q, in: querystring, content: {}}}}":  "3.2.0",
		"paths: {}\njsonSchemaDialect: https://spec.openapis.org/oas/3.2/dialect/2025-09-17": "3.2.0",
		"paths: {}\njsonSchemaDialect: https://spec.openapis.org/oas/3.1/dialect/base":       "3.1.0",
	} {
		c, err := Parse("a.yaml", []byte("openapi: 3.2.0\ninfo: {title: T, version: '1'}\n"+text+"\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if !strings.Contains(string(c.Document), `"openapi":"`+want+`"`) {
			t.Errorf("%s: want %s in %s", text, want, c.Document)
		}
	}
}
