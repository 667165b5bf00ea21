package openapi

// shape is what the specification says about one kind of object: which members it
// has and what these are. The shapes are tables, in grammar.go and keywords.go.
type shape struct {
	// name says what it is, with its article: "an operation".
	name string
	// kinds are the JSON types that it may have.
	kinds kind
	// section is the part of components where such objects are kept, if a
	// reference may stand in place of one.
	section string
	// fields are the members with a name of their own.
	fields map[string]field
	// each is what other members, or the items of a list, are. If it is nil and
	// the shape is not free, there may be no others but extensions ("x-…").
	each *shape
	// free means that the contents are nobody's business: examples and defaults.
	free bool
	// extensible maps may hold extensions beside their members.
	extensible bool
	// schema marks schemas, which are rewritten to one dialect.
	schema bool
}

// field is one member of an object.
type field struct {
	*shape
	// required members must be there.
	required bool
	// from is the version since which the member exists.
	from version
	// until30 members exist up to OpenAPI 3.0.
	until30 bool
	// unsupported members are refused, with this reason.
	unsupported string
}

// Leaves of the tables.
var (
	aString    = &shape{name: "a string", kinds: isString}
	aBoolean   = &shape{name: "a boolean", kinds: isBoolean}
	aNumber    = &shape{name: "a number", kinds: isNumber}
	aCount     = &shape{name: "a whole number of at least 0", kinds: isNumber}
	anything   = &shape{name: "a value", kinds: isNull | isBoolean | isNumber | isString | isList | isObject, free: true}
	someObject = &shape{name: "an object", kinds: isObject, free: true}
	strings_   = listOf("a list of strings", aString)
)

// listOf is a list whose items all have one shape.
func listOf(name string, item *shape) *shape {
	return &shape{name: name, kinds: isList, each: item}
}

// mapOf is an object whose members all have one shape, under any name.
func mapOf(name string, member *shape) *shape {
	return &shape{name: name, kinds: isObject, each: member}
}

// object is an object with named members.
func object(name string, fields map[string]field) *shape {
	return &shape{name: name, kinds: isObject, fields: fields}
}

// withExtensions is a mapOf in which names with "x-" are extensions.
func withExtensions(name string, member *shape) *shape {
	s := mapOf(name, member)
	s.extensible = true
	return s
}

// may, must and since are fields with and without conditions: since is OpenAPI 3.1, late 3.2.
func may(s *shape) field   { return field{shape: s} }
func must(s *shape) field  { return field{shape: s, required: true} }
func since(s *shape) field { return field{shape: s, from: v31} }
func late(s *shape) field  { return field{shape: s, from: v32} }
func until(s *shape) field { return field{shape: s, until30: true} }

// refuse is a field that the gateway does not support.
func refuse(s *shape, why string) field { return field{shape: s, unsupported: why} }
