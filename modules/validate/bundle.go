package validate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Marks in the schemas that the engine gets. They are no keywords of any dialect.
const (
	oneSidedMark = "x-gateway-one-sided"
	targetMark   = "x-gateway-target"
)

// Keywords of properties that only one side sends: the service, or the client.
const (
	readOnly  = "readOnly"
	writeOnly = "writeOnly"
)

// bundle makes the schemas of a contract fit for the engine: each component and each
// place that is pointed at becomes a document of its own, because the engine's cost
// grows with the square of a document's schemas. References are rewritten to match.
// What only concerns the other side is taken out: a request need not have a read-only
// property, and may have it only if the configuration says so; and the same goes for
// responses and write-only ones.
type bundle struct {
	root any // the decoded contract
	// foreign is the keyword of the properties that only the other side sends: readOnly
	// for requests.
	foreign string
	// allowForeign lets them be there all the same.
	allowForeign bool
	urls         map[string]string // by pointer
	documents    map[string]string // pointer by URL
	prepared     map[string]any    // by pointer
	issues       []issue
	last         string // what was loaded last, a pointer
	// outer are the foreign properties of the schemas that apply to the same value as
	// the one that is being prepared.
	outer []string
}

func newBundle(root any, foreign string, allowForeign bool) *bundle {
	return &bundle{
		root: root, foreign: foreign, allowForeign: allowForeign,
		urls: make(map[string]string), documents: make(map[string]string), prepared: make(map[string]any),
	}
}

// scheme is that of the URLs of the documents; it leads to nothing outside.
const scheme = "contract:///"

// url returns the URL of the schema at a pointer: a document and the way within it.
func (b *bundle) url(pointer string) string {
	unit, rest := split(pointer)
	url, ok := b.urls[unit]
	if !ok {
		url = scheme + strconv.Itoa(len(b.urls))
		b.urls[unit], b.documents[url] = url, unit
	}
	if rest == "" {
		return url
	}
	return url + "#" + fragment(rest)
}

// split cuts a pointer into the document it belongs to and the way within it.
func split(pointer string) (unit, rest string) {
	const components = "/components/schemas/"
	name, ok := strings.CutPrefix(pointer, components)
	if !ok {
		return pointer, ""
	}
	if i := strings.IndexByte(name, '/'); i >= 0 {
		return components + name[:i], name[i:]
	}
	return pointer, ""
}

// fragment encodes a pointer for a URL (RFC 6901 §6), but for "~", which stays.
func fragment(pointer string) string {
	var b strings.Builder
	for i := 0; i < len(pointer); i++ {
		switch c := pointer[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/-._~$", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// load gives the engine the document at a URL.
func (b *bundle) load(url string) (any, error) {
	pointer, ok := b.documents[url]
	if !ok {
		return nil, fmt.Errorf("%s leads out of the contract", url)
	}
	b.last = pointer
	if ready, ok := b.prepared[pointer]; ok {
		return ready, nil
	}
	raw, ok := lookup(b.root, pointer)
	if !ok {
		return nil, fmt.Errorf("the contract has nothing at %s", pointer)
	}
	before := len(b.issues)
	b.issues = append(b.issues, inspect(raw, pointer)...)
	ready := b.prepare(pointer, raw)
	if len(b.issues) > before {
		first := b.issues[before]
		return nil, fmt.Errorf("%s: %s", first.pointer, first.message)
	}
	b.prepared[pointer] = ready
	return ready, nil
}

// survey inspects everything that the schema at a pointer refers to. The engine stops
// at the first document with an issue; people want to read all of them.
func (b *bundle) survey(pointer string, seen map[string]bool) {
	unit, _ := split(pointer)
	raw, ok := lookup(b.root, unit)
	if seen[unit] || !ok {
		return
	}
	seen[unit] = true
	for _, found := range inspect(raw, unit) {
		if !slices.Contains(b.issues, found) {
			b.issues = append(b.issues, found)
		}
	}
	walk(raw, unit, func(_ string, schema map[string]any) {
		if ref, ok := schema["$ref"].(string); ok {
			b.survey(unescapeFragment(strings.TrimPrefix(ref, "#")), seen)
		}
	})
}

// prepare copies a schema for the engine.
func (b *bundle) prepare(pointer string, raw any) any {
	schema, ok := raw.(map[string]any)
	if !ok {
		return raw
	}
	outer := b.outer
	names := append(slices.Clone(outer), b.foreignNames(schema, 0)...)
	defer func() { b.outer = outer }()
	copied := make(map[string]any, len(schema))
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		switch keyword {
		case "$id", "$schema", "$anchor", "$comment", "description", "title", "example", "examples", "default", "xml", "externalDocs":
			continue // names of places that references here never use, and annotations
		case "$ref":
			b.reference(copied, pointer, schema["$ref"])
		case "$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor":
			b.refuse(join(pointer, keyword), fmt.Sprintf("%s is not supported in a contract", keyword), "use $ref")
		default:
			if b.outer = nil; inPlace[keyword] {
				b.outer = names
			}
			copied[keyword] = below(schema[keyword], join(pointer, keyword), keywords[keyword], b.prepare)
		}
	}
	b.leave(copied, names)
	return copied
}

// inPlace are the keywords whose schemas apply to the same value.
var inPlace = map[string]bool{"allOf": true, "anyOf": true, "oneOf": true, "if": true, "then": true, "else": true, "dependentSchemas": true}

func (b *bundle) refuse(pointer, message, hint string) {
	b.issues = append(b.issues, issue{pointer, message, hint})
}

func (b *bundle) reference(copied map[string]any, pointer string, ref any) {
	target, ok := ref.(string)
	if !ok || (target != "#" && !strings.HasPrefix(target, "#/")) {
		b.refuse(join(pointer, "$ref"), fmt.Sprintf("the reference %v does not point into the contract", ref), "write it as a JSON Pointer: #/components/schemas/Name")
		return
	}
	target = unescapeFragment(target[1:])
	if _, ok := lookup(b.root, target); !ok {
		b.refuse(join(pointer, "$ref"), fmt.Sprintf("the reference #%s points to nothing", target), "")
		return
	}
	copied["$ref"], copied[targetMark] = b.url(target), target
}

// leave takes out of a schema what only the other side sends: the properties with the
// given names.
func (b *bundle) leave(copied map[string]any, names []string) {
	if required, ok := copied["required"].([]any); ok {
		required = slices.DeleteFunc(slices.Clone(required), func(v any) bool {
			name, _ := v.(string)
			return slices.Contains(names, name)
		})
		if copied["required"] = required; len(required) == 0 {
			delete(copied, "required") // draft 4 wants at least one
		}
	}
	properties, _ := copied["properties"].(map[string]any)
	for _, name := range names {
		if _, ok := properties[name]; ok && !b.allowForeign {
			properties[name] = map[string]any{"not": true, oneSidedMark: b.foreign}
		}
	}
}

// foreignNames returns the foreign properties of a schema: its own, and those that it
// gets through a reference or allOf.
func (b *bundle) foreignNames(schema map[string]any, depth int) (names []string) {
	if depth > maxReferences {
		return nil
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if b.marked(properties[name], 0) {
			names = append(names, name)
		}
	}
	parts, _ := schema["allOf"].([]any)
	if ref, ok := schema["$ref"].(string); ok {
		target, _ := lookup(b.root, unescapeFragment(strings.TrimPrefix(ref, "#")))
		parts = append(slices.Clone(parts), target)
	}
	for _, part := range parts {
		if part, ok := part.(map[string]any); ok {
			names = append(names, b.foreignNames(part, depth+1)...)
		}
	}
	return names
}

// marked tells whether a property's schema is marked as foreign: itself, through
// references, or by a part of its allOf.
func (b *bundle) marked(raw any, depth int) bool {
	schema, ok := raw.(map[string]any)
	if !ok || depth > maxReferences {
		return false
	}
	if marked, _ := schema[b.foreign].(bool); marked {
		return true
	}
	if ref, ok := schema["$ref"].(string); ok {
		if target, ok := lookup(b.root, unescapeFragment(strings.TrimPrefix(ref, "#"))); ok && b.marked(target, depth+1) {
			return true
		}
	}
	parts, _ := schema["allOf"].([]any)
	return slices.ContainsFunc(parts, func(part any) bool { return b.marked(part, depth+1) })
}
