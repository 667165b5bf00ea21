package openapi

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPlacesAreFound: what stands at a pointer of the bundled document leads back to
// where it is written, in contracts of every kind.
func TestPlacesAreFound(t *testing.T) {
	t.Parallel()
	files := documents(t)
	for _, pattern := range []string{"*.yaml", "*.json", "*/openapi.yaml"} {
		own, err := filepath.Glob(filepath.Join("testdata", "accepted", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, own...)
	}
	for _, file := range files {
		c, err := Load(file)
		if err != nil {
			continue // refused; TestDocuments says which
		}
		found := 0
		for _, schema := range c.checked.schemas {
			pointer := c.checked.pointer(schema)
			if got := c.checked.find(pointer); got != schema {
				t.Errorf("%s: %s leads to %v, not to %v", file, pointer, got.place(), schema.place())
			}
			found++
			for _, v := range schema.values {
				if v.key == "$ref" || v.key == "nullable" {
					continue
				}
				if got := c.checked.find(c.checked.pointer(v)); got != v {
					t.Errorf("%s: %s leads to %v, not to %v", file, c.checked.pointer(v), got.place(), v.place())
				}
			}
		}
		t.Logf("%s: %d schemas", filepath.Base(file), found)
	}
}

// placesDocument has components that several operations use, directly and through
// each other.
const placesDocument = `{
 "openapi": "3.0.3", "info": {"title": "Places", "version": "1"},
 "paths": {"/a": {
  "get": {"operationId": "one", "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}},
  "put": {"operationId": "two", "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A/properties/b"}}}}}},
  "post": {"responses": {"200": {"$ref": "#/components/responses/R"}}},
  "patch": {"operationId": "four", "responses": {"200": {"$ref": "#/components/responses/R"}}}}},
 "components": {
  "responses": {"R": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
  "schemas": {
   "A": {"type": "object", "properties": {"b": {"type": "string"}, "c": {"type": "number", "minimum": 1, "exclusiveMinimum": true}}},
   "B": {"nullable": true, "example": [1], "allOf": [{"type": "object"}]}}}}`

func TestFindingsAboutPlaces(t *testing.T) {
	t.Parallel()
	c, err := Parse("places.json", []byte(placesDocument))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{
		"/components/schemas/A/properties/c/exclusiveMinimum": "places.json:11:106: wrong; one, POST /a and four use it",
		"/components/schemas/A/properties/b/type":             "places.json:11:49: wrong; one, two, POST /a and 1 more use it",
		"/components/schemas/B/anyOf/0/allOf/0/type":          "places.json:12:55: wrong; no operation uses it",
		"/components/schemas/B/examples/0":                    "places.json:12:40: wrong; no operation uses it",
		"/components/schemas/B/anyOf/1/type":                  "places.json:12:4: wrong; no operation uses it",
		"/components/responses/R/description":                 "places.json:9:23: wrong; POST /a and four use it",
		"/paths/~1a/put/responses/200/nothing/of/the/kind":    "places.json:5:47: wrong",
		"/paths/~1a/put/operationId":                          "places.json:5:11: wrong",
		"":                                                    "places.json:1:1: wrong",
	} {
		if got := c.Finding(pointer, "wrong", "").Error(); got != want {
			t.Errorf("%s: got %q, want %q", pointer, got, want)
		}
	}
	c.Settle()
	if got := c.Finding("/paths", "wrong", "").Error(); got != "places.json: wrong" {
		t.Errorf("after Settle: %q", got)
	}
	broken := strings.Replace(placesDocument, `"type": "string"`, `"type": "strng"`, 1)
	if _, err := Parse("places.json", []byte(broken)); err == nil || !strings.Contains(err.Error(), "is not a JSON Schema type; one, two, POST /a and 1 more use it") {
		t.Errorf("an error in a component says %v", err)
	}
}
