// Package instance makes values that keep a schema: what a client could send and what a
// service could answer.
//
// It reads contracts as internal/openapi normalises them: schemas are JSON Schema
// 2020-12, and every "$ref" is a fragment with a JSON Pointer. It does not validate.
// A schema can ask for what no simple rule finds, so whoever can check a value asks for
// further variants until one passes.
//
// view.go gathers what all the schemas of one value say, scalar.go, text.go and
// pattern.go make strings and numbers of it, composite.go arrays and objects.
package instance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Side is who would send a value.
type Side uint8

// Sides: a request has no readOnly members, a response no writeOnly ones.
const (
	Request Side = iota
	Response
)

// Document is a contract, decoded. It is safe for concurrent use.
type Document struct{ root any }

// Parse decodes a contract (openapi.Contract.Document), or any JSON with schemas in it.
func Parse(document []byte) (*Document, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	d := new(Document)
	if err := decoder.Decode(&d.root); err != nil {
		return nil, fmt.Errorf("reading schemas: %w", err)
	}
	return d, nil
}

// Variants is how many variants of a value differ; further ones repeat.
const Variants = 12

// Generate returns an instance of the schema at a JSON Pointer (openapi.Schema): plain
// decoded JSON, numbers as json.Number. The same arguments give the same value.
//
// Variant 0 uses examples and defaults of the contract wherever it has them; the
// others make everything up. Every third has required members only, and each three
// choose the next alternatives of anyOf and oneOf, and the next literals of enum.
//
// Errors: there is no schema at the pointer, or no value of bounded size was found.
func (d *Document) Generate(schema string, side Side, variant int) (any, error) {
	s, ok := d.lookup(schema)
	if !ok {
		return nil, fmt.Errorf("there is no schema at %s", schema)
	}
	m := &maker{
		document: d, side: side, left: maxValues,
		examples: variant == 0, sparse: variant%3 == 2, branch: variant / 3,
	}
	return m.value(s)
}

// Bounds of one value.
const (
	maxValues = 4000 // arrays, objects and scalars together
	maxDepth  = 40
	// Below flatDepth, and when half of the values are made, only what is required is.
	flatDepth = 6
	// maxNested is how often a schema may occur inside itself.
	maxNested = 2
	maxText   = 1 << 16 // of one string, in characters
)

var (
	errNone      = errors.New("no value keeps the schema")
	errRecursive = errors.New("the schema has no end")
	errLarge     = errors.New("the value would be too large")
	// errForeign says that a member belongs to the other side.
	errForeign = errors.New("the other side sends it")
)

// maker makes one value.
type maker struct {
	document         *Document
	side             Side
	examples, sparse bool
	branch           int // which alternative
	salt             int // tells items of a set apart
	depth, left      int
	open             []string // references that lead to the value
}

// value makes a value of a schema. Where one alternative leads nowhere, the next may.
func (m *maker) value(schema any) (any, error) {
	if m.left--; m.left < 0 {
		return nil, errLarge
	}
	if m.depth++; m.depth > maxDepth {
		m.depth--
		return nil, errRecursive
	}
	defer func() { m.depth-- }()
	var first error
	for attempt := range maxAttempts {
		v, err := m.attempt(schema, m.branch+attempt)
		if err == nil || err == errForeign || err == errLarge {
			return v, err
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// maxAttempts bounds the alternatives that are tried for one value.
const maxAttempts = 4

func (m *maker) attempt(schema any, branch int) (any, error) {
	opened := len(m.open)
	defer func() { m.open = m.open[:opened] }()
	view := newView()
	if err := m.gather(view, schema, branch); err != nil {
		return nil, err
	}
	if view.foreign(m.side) && m.depth > 1 {
		return nil, errForeign
	}
	if m.examples && len(view.examples) > 0 {
		return view.examples[m.salt%len(view.examples)], nil
	}
	if view.enum != nil {
		if len(view.enum) == 0 {
			return nil, errNone
		}
		return view.enum[(branch+m.salt)%len(view.enum)], nil
	}
	return m.typed(view, view.kind(branch))
}

// typed makes a value of a type.
func (m *maker) typed(v *view, kind string) (any, error) {
	switch kind {
	case "null":
		return nil, nil
	case "boolean":
		return m.salt%2 == 0, nil
	case "integer", "number":
		return v.number(kind == "integer", m.salt)
	case "array":
		return m.array(v)
	case "object":
		return m.object(v)
	case "string":
		return v.text(m.salt)
	}
	return nil, errNone
}

// flat tells that only what is required is made.
func (m *maker) flat() bool {
	return m.sparse || m.depth > flatDepth || m.left < maxValues/2
}

// lookup follows a JSON Pointer (RFC 6901).
func (d *Document) lookup(pointer string) (any, bool) {
	at := d.root
	for pointer != "" {
		token, rest, _ := strings.Cut(pointer[1:], "/")
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch value := at.(type) {
		case map[string]any:
			next, ok := value[token]
			if !ok {
				return nil, false
			}
			at = next
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(value) {
				return nil, false
			}
			at = value[i]
		default:
			return nil, false
		}
		if pointer = ""; rest != "" {
			pointer = "/" + rest
		}
	}
	return at, true
}
