package validate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// shape says where the schemas are below a keyword.
type shape uint8

const (
	noSchema     shape = iota // an assertion or annotation
	oneSchema                 // "not": {…}
	schemaList                // "allOf": [{…}]
	namedSchemas              // "properties": {"a": {…}}
	schemaOrList              // "items": {…} or [{…}]
)

// keywords are all keywords of the five drafts and of OpenAPI's schema objects.
var keywords = map[string]shape{
	"$schema": noSchema, "$id": noSchema, "id": noSchema, "$anchor": noSchema, "$ref": noSchema, "$comment": noSchema,
	"$dynamicAnchor": noSchema, "$dynamicRef": noSchema, "$recursiveAnchor": noSchema, "$recursiveRef": noSchema, "$vocabulary": noSchema,
	"$defs": namedSchemas, "definitions": namedSchemas,

	"type": noSchema, "enum": noSchema, "const": noSchema, "format": noSchema,
	"minimum": noSchema, "maximum": noSchema, "exclusiveMinimum": noSchema, "exclusiveMaximum": noSchema, "multipleOf": noSchema,
	"minLength": noSchema, "maxLength": noSchema, "pattern": noSchema,
	"contentEncoding": noSchema, "contentMediaType": noSchema, "contentSchema": oneSchema,
	"minItems": noSchema, "maxItems": noSchema, "uniqueItems": noSchema, "minContains": noSchema, "maxContains": noSchema,
	"items": schemaOrList, "prefixItems": schemaList, "additionalItems": oneSchema, "contains": oneSchema, "unevaluatedItems": oneSchema,
	"minProperties": noSchema, "maxProperties": noSchema, "required": noSchema, "dependentRequired": noSchema,
	"properties": namedSchemas, "patternProperties": namedSchemas, "additionalProperties": oneSchema, "propertyNames": oneSchema,
	"unevaluatedProperties": oneSchema, "dependentSchemas": namedSchemas, "dependencies": namedSchemas,
	"allOf": schemaList, "anyOf": schemaList, "oneOf": schemaList, "not": oneSchema, "if": oneSchema, "then": oneSchema, "else": oneSchema,

	"title": noSchema, "description": noSchema, "default": noSchema, "deprecated": noSchema, "readOnly": noSchema, "writeOnly": noSchema, "examples": noSchema,
	"example": noSchema, "nullable": noSchema, "discriminator": noSchema, "xml": noSchema, "externalDocs": noSchema,
}

// keywordNames are the keywords in alphabetical order.
var keywordNames = slices.Sorted(maps.Keys(keywords))

// walk calls visit for root and every schema below it that is an object, with its
// JSON Pointer.
func walk(root any, pointer string, visit func(pointer string, schema map[string]any)) {
	schema, ok := root.(map[string]any)
	if !ok {
		return
	}
	visit(pointer, schema)
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		below(schema[keyword], join(pointer, keyword), keywords[keyword], func(pointer string, sub any) any {
			walk(sub, pointer, visit)
			return sub
		})
	}
}

// below maps the schemas below a keyword's value and returns the value with the
// results in their places.
func below(value any, pointer string, s shape, replace func(pointer string, schema any) any) any {
	switch v := value.(type) {
	case map[string]any:
		if s == oneSchema || s == schemaOrList {
			return replace(pointer, v)
		}
		if s != namedSchemas {
			return v
		}
		replaced := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			replaced[name] = v[name]
			if _, list := v[name].([]any); !list { // dependencies may list names
				replaced[name] = replace(join(pointer, name), v[name])
			}
		}
		return replaced
	case []any:
		if s != schemaList && s != schemaOrList {
			return v
		}
		replaced := make([]any, len(v))
		for i, sub := range v {
			replaced[i] = replace(fmt.Sprintf("%s/%d", pointer, i), sub)
		}
		return replaced
	}
	return value
}

// issue is something in a schema that must not go into service.
type issue struct {
	pointer       string // to the keyword's value
	message, hint string
}

// inspect looks for what would silently not be checked, or not as it is written: the
// known gaps of the library, patterns that do not run in linear time, and probable
// misspellings.
func inspect(root any, pointer string) []issue {
	var found []issue
	walk(root, pointer, func(pointer string, schema map[string]any) {
		report := func(keyword, hint, format string, args ...any) {
			found = append(found, issue{join(pointer, keyword), fmt.Sprintf(format, args...), hint})
		}
		if enum, ok := schema["enum"].([]any); ok && len(enum) == 0 {
			report("enum", "list the allowed values, or use false as the schema if nothing is", "an empty enum allows no value at all")
		}
		if uri, ok := schema["$schema"].(string); ok && !knownDialect(uri) {
			report("$schema", "use one of the drafts 4, 6, 7, 2019-09 or 2020-12", "%q is not a dialect of JSON Schema that is understood here", uri)
		}
		inspectTypes(schema, report)
		inspectPatterns(schema, report)
		inspectNames(schema, report)
	})
	return found
}

// inspectTypes finds misspelt types; the meta-schema would only say that they are none.
func inspectTypes(schema map[string]any, report func(keyword, hint, format string, args ...any)) {
	list, ok := schema["type"].([]any)
	if !ok {
		list = []any{schema["type"]}
	}
	names := make([]string, len(typeNames))
	for i := range typeNames {
		names[i] = typeNames[i].name
	}
	for _, t := range list {
		if name, ok := t.(string); ok && !slices.Contains(names, name) {
			report("type", finding.Suggest(name, names...), "%q is not a type of JSON Schema", name)
		}
	}
}

func inspectPatterns(schema map[string]any, report func(keyword, hint, format string, args ...any)) {
	check := func(keyword, pattern string) {
		if _, err := regexp.Compile(pattern); err != nil {
			why, hint := patternTrouble(pattern, err)
			report(keyword, hint, "%s", why)
		}
	}
	if pattern, ok := schema["pattern"].(string); ok {
		check("pattern", pattern)
	}
	if properties, ok := schema["patternProperties"].(map[string]any); ok {
		for _, pattern := range slices.Sorted(maps.Keys(properties)) {
			check("patternProperties", pattern)
		}
	}
}

var (
	lookAround    = regexp.MustCompile(`\(\?<?[=!]`)
	backReference = regexp.MustCompile(`\\[1-9]|\\k<`)
)

// patternTrouble says why RE2 cannot run a pattern.
func patternTrouble(pattern string, err error) (why, hint string) {
	const linear = "patterns run in time linear to the text; say it with several patterns in allOf, or with not"
	switch {
	case lookAround.MatchString(pattern):
		return fmt.Sprintf("the pattern %q looks ahead or behind, which is not supported", pattern), linear
	case backReference.MatchString(pattern):
		return fmt.Sprintf("the pattern %q refers back to a group, which is not supported", pattern), linear
	}
	reason := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	return fmt.Sprintf("the pattern %q cannot be read: %s", pattern, reason), "patterns have the syntax of RE2"
}

// inspectNames reports unknown keywords that look like known ones. Other unknown
// keywords are allowed: they are annotations.
func inspectNames(schema map[string]any, report func(keyword, hint, format string, args ...any)) {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if _, known := keywords[keyword]; known || len(keyword) < 4 || strings.HasPrefix(keyword, "x-") || strings.HasPrefix(keyword, "$") {
			continue
		}
		if near := finding.Nearest(keyword, keywordNames); near != "" {
			report(keyword, fmt.Sprintf("did you mean %s?", near), "%q is not a keyword of JSON Schema, so it would check nothing", keyword)
		}
	}
}

// knownDialect tells which values of $schema are understood.
func knownDialect(uri string) bool {
	uri = strings.TrimSuffix(strings.Replace(uri, "http://", "https://", 1), "#")
	draft, ok := strings.CutPrefix(uri, "https://json-schema.org/")
	return ok && slices.Contains([]string{"draft/2020-12/schema", "draft/2019-09/schema", "draft-07/schema", "draft-06/schema", "draft-04/schema"}, draft)
}
