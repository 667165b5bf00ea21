package validate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// This file and schema_nodes.go and no others know the JSON Schema library. They
// compile schemas, turn the library's form of them into nodes and the library's errors
// into failures. The library's own texts are never used: they quote the value that
// was sent and come in random order.

// schema is one compiled schema.
type schema struct {
	*node
	engine   *engine
	compiled *jsonschema.Schema
	// covered tells that the checker can decide the schema.
	covered bool
}

// engine compiles the schemas of one contract or file.
type engine struct {
	compiler *jsonschema.Compiler
	nodes    map[*jsonschema.Schema]*node
	places   map[string]*node // by the library's absolute location
	// unchecked are the formats that schemas name and nobody checks.
	unchecked []string
}

// newEngine returns an engine that gets its documents from load and nowhere else.
// Documents that name no dialect are 2020-12.
func newEngine(load func(url string) (any, error)) *engine {
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	compiler.AssertFormat = true
	compiler.Formats = libraryFormats
	// contentEncoding and contentMediaType describe a string and check nothing, in
	// every draft (2020-12 Validation §8.1).
	compiler.Decoders = map[string]func(string) ([]byte, error){"base64": func(s string) ([]byte, error) { return []byte(s), nil }}
	compiler.MediaTypes = map[string]func([]byte) error{"application/json": func([]byte) error { return nil }}
	compiler.LoadURL = func(url string) (io.ReadCloser, error) {
		document, err := load(url)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(document)
		if err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(text)), nil
	}
	compiler.RegisterExtension("gateway", nil, annotations{})
	return &engine{compiler: compiler, nodes: make(map[*jsonschema.Schema]*node), places: make(map[string]*node)}
}

// libraryFormats are our formats in the library's form.
var libraryFormats = func() map[string]func(any) bool {
	all := make(map[string]func(any) bool)
	for name, check := range textFormats {
		all[name] = func(v any) bool {
			s, ok := v.(string)
			return !ok || check(s)
		}
	}
	for name, span := range numberFormats {
		all[name] = func(v any) bool {
			literal, ok := v.(json.Number)
			if !ok {
				return true
			}
			n := newNumber(string(literal))
			return span.has(&n)
		}
	}
	return all
}()

// compile compiles the schema at an absolute URL.
func (e *engine) compile(url string) (s *schema, err error) {
	// The library panics on some schemas that its meta-schemas let pass, such as
	// patterns that RE2 cannot read.
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("the schema library gave up: %v", r)
		}
	}()
	compiled, err := e.compiler.Compile(url)
	if err != nil {
		return nil, err
	}
	n := e.node(compiled)
	return &schema{node: n, engine: e, compiled: compiled, covered: n.coverable()}, nil
}

// annotations keeps what the library drops: OpenAPI's discriminator, and the mark
// of properties that requests, or responses, may not have.
type annotations struct{}

// Compile implements jsonschema.ExtCompiler.
func (annotations) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	var a annotation
	a.oneSided, _ = m[oneSidedMark].(string)
	if d, ok := m["discriminator"].(map[string]any); ok {
		a.discriminator = readDiscriminator(d, m)
	}
	if a.oneSided == "" && a.discriminator == nil {
		return nil, nil
	}
	return a, nil
}

// annotation is what a schema says besides its assertions.
type annotation struct {
	oneSided      string
	discriminator *discriminator
}

// Validate implements jsonschema.ExtSchema. Annotations refuse nothing.
func (annotation) Validate(jsonschema.ValidationContext, any) error { return nil }

// errEngine is returned when the library could not decide.
var errEngine = errors.New("the schema library failed")

// ask checks a decoded value with the library. It returns nil if the value is valid.
// An error means that nobody knows: the value must not pass.
func (s *schema) ask(v any) (f *failure, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("%w: %v", errEngine, r)
		}
	}()
	err = s.compiled.Validate(v)
	if err == nil {
		return nil, nil
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return nil, fmt.Errorf("%w: %T", errEngine, err)
	}
	return s.engine.failure(invalid), nil
}

func (e *engine) failure(err *jsonschema.ValidationError) *failure {
	f := &failure{path: err.KeywordLocation, causes: make([]*failure, len(err.Causes))}
	f.at, _ = url.PathUnescape(err.InstanceLocation)
	f.node, f.keyword = e.place(err.AbsoluteKeywordLocation)
	for i, cause := range err.Causes {
		f.causes[i] = e.failure(cause)
	}
	return f
}

// place splits the library's location of a keyword into schema and keyword.
func (e *engine) place(location string) (*node, string) {
	for end := len(location); end > 0; end = strings.LastIndexByte(location[:end], '/') {
		n, ok := e.places[location[:end]]
		if before, isNot := strings.CutSuffix(location[:end], "/not"); isNot && e.places[before] != nil {
			return e.places[before], "not" // a broken not: what is in it was met
		}
		if ok {
			keyword, _, _ := strings.Cut(strings.TrimPrefix(location[end:], "/"), "/")
			return n, keyword
		}
	}
	return &node{}, ""
}

// dialect sets the dialect of documents that name none.
func (e *engine) dialect(uri string) {
	drafts := map[string]*jsonschema.Draft{
		"draft/2019-09/schema": jsonschema.Draft2019, "draft-07/schema": jsonschema.Draft7,
		"draft-06/schema": jsonschema.Draft6, "draft-04/schema": jsonschema.Draft4,
	}
	_, name, _ := strings.Cut(strings.TrimSuffix(uri, "#"), "json-schema.org/")
	if draft := drafts[name]; draft != nil {
		e.compiler.Draft = draft
	}
}

// metaProblem finds in a compile error what of the schema is no schema: the pointer
// to it and a sentence.
func metaProblem(err error) (pointer, message string, ok bool) {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return "", "", false
	}
	for len(invalid.Causes) > 0 {
		invalid = invalid.Causes[len(invalid.Causes)-1]
	}
	pointer, _ = url.PathUnescape(invalid.InstanceLocation)
	return pointer, fmt.Sprintf("%s is not as JSON Schema has it: %s", pointerName(pointer), invalid.Message), true
}

func pointerName(pointer string) string {
	if pointer == "" {
		return "the schema"
	}
	return fmt.Sprintf("%q", lastToken(pointer))
}

// plainError returns the text of a compile error without the library's name.
func plainError(err error) string {
	if outer, ok := errors.AsType[*jsonschema.SchemaError](err); ok && outer.Err != nil {
		err = outer.Err
	}
	return strings.TrimPrefix(err.Error(), "jsonschema: ")
}
