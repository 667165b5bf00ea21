package openapi

// Reasons to refuse keywords of JSON Schema, for people.
const (
	noBase    = "schemas are found by their place in the contract only"
	noDynamic = "dynamic references are not supported"
)

// aMapping is what a discriminator maps a value to: the name of a schema in
// components, or a reference to one.
var aMapping = &shape{name: "a schema's name or reference", kinds: isString}

// newSchemaShape is the Schema Object: JSON Schema 2020-12 with the keywords that
// OpenAPI 3.0 has instead of some of them, or besides.
func newSchemaShape() *shape {
	docs := object("external documentation", map[string]field{"url": may(aString), "description": may(aString)})
	schema := &shape{name: "a schema", kinds: isObject | isBoolean, section: "schemas", schema: true, fields: map[string]field{
		"title": may(aString), "description": may(aString), "default": may(anything), "deprecated": may(aBoolean),
		"readOnly": may(aBoolean), "writeOnly": may(aBoolean), "externalDocs": may(docs), "example": may(anything),
		"format": may(aString), "pattern": may(aString), "minLength": may(aCount), "maxLength": may(aCount),
		"multipleOf": may(aNumber), "minimum": may(aNumber), "maximum": may(aNumber),
		"minItems": may(aCount), "maxItems": may(aCount), "uniqueItems": may(aBoolean),
		"minProperties": may(aCount), "maxProperties": may(aCount), "required": may(strings_),
		"enum": may(listOf("a list of values", anything)),

		"nullable":         until(aBoolean),
		"type":             may(&shape{name: "a type or a list of types", kinds: isString | isList, each: aString}),
		"exclusiveMinimum": may(&shape{name: "an exclusive bound", kinds: isBoolean | isNumber}),
		"exclusiveMaximum": may(&shape{name: "an exclusive bound", kinds: isBoolean | isNumber}),

		"const": since(anything), "examples": since(listOf("a list of values", anything)), "$comment": since(aString),
		"minContains": since(aCount), "maxContains": since(aCount), "contentEncoding": since(aString), "contentMediaType": since(aString),
		"dependentRequired": since(mapOf("names by property", strings_)),
		"$schema":           since(aString),

		"$anchor": refuse(aString, noBase), "$id": refuse(aString, noBase),
		"$dynamicRef": refuse(aString, noDynamic), "$dynamicAnchor": refuse(aString, noDynamic),
		"$recursiveRef": refuse(aString, noDynamic), "$recursiveAnchor": refuse(aBoolean, noDynamic),
		"$vocabulary": refuse(someObject, "vocabularies cannot be chosen"),
	}}
	addSubschemas(schema)
	schema.fields["discriminator"] = may(object("a discriminator", map[string]field{
		"propertyName": must(aString), "mapping": may(mapOf("schemas by value", aMapping)), "defaultMapping": late(aMapping),
	}))
	schema.fields["xml"] = may(object("XML hints", map[string]field{
		"name": may(aString), "namespace": may(aString), "prefix": may(aString), "attribute": may(aBoolean), "wrapped": may(aBoolean),
		"nodeType": late(aString),
	}))
	return schema
}

// addSubschemas adds the keywords that contain schemas.
func addSubschemas(schema *shape) {
	list := listOf("a list of schemas", schema)
	byName := mapOf("schemas by name", schema)
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		schema.fields[keyword] = may(list)
	}
	for _, keyword := range []string{"not", "items", "additionalProperties"} {
		schema.fields[keyword] = may(schema)
	}
	for _, keyword := range []string{
		"if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema",
	} {
		schema.fields[keyword] = since(schema)
	}
	schema.fields["properties"] = may(byName)
	schema.fields["patternProperties"] = since(byName)
	schema.fields["dependentSchemas"] = since(byName)
	schema.fields["$defs"] = since(byName)
	schema.fields["definitions"] = since(byName)
	schema.fields["prefixItems"] = since(list)
}
