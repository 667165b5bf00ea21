package validate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// contracts compiles the operations of one contract. It is used at load only.
type contract struct {
	*openapi.Contract
	bundle   *bundle
	engine   *engine
	compiled map[openapi.Schema]*schema
	// pass are the media types that the configuration lets through by name.
	pass []string
	// answers compiles the schemas of responses; nil until there are some.
	answers *contract
	// warnings are what the operator should know and nothing refuses.
	warnings []string
}

func newContract(c *openapi.Contract, allowReadOnly bool, pass []string) (*contract, error) {
	decoder := json.NewDecoder(strings.NewReader(string(c.Document)))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		return nil, fmt.Errorf("reading the normalised contract %s: %w", c.File, err)
	}
	b := newBundle(root, readOnly, allowReadOnly)
	return &contract{Contract: c, bundle: b, engine: newEngine(b.load), compiled: make(map[openapi.Schema]*schema), pass: pass}, nil
}

// schema compiles the schema that the contract has at a place.
func (c *contract) schema(pointer openapi.Schema) (*schema, error) {
	if done := c.compiled[pointer]; done != nil {
		return done, nil
	}
	before := len(c.bundle.issues)
	compiled, err := c.engine.compile(c.bundle.url(string(pointer)))
	if len(c.bundle.issues) > before {
		c.bundle.survey(string(pointer), make(map[string]bool))
		var list finding.List
		for _, issue := range c.bundle.issues[before:] {
			list = append(list, c.Finding(issue.pointer, issue.message, issue.hint))
		}
		return nil, list.Err()
	}
	if err != nil {
		if place, problem, ok := metaProblem(err); ok {
			return nil, c.Finding(c.bundle.last+place, problem, "")
		}
		return nil, c.Finding(string(pointer), "the schema cannot be used: "+plainError(err), "")
	}
	c.compiled[pointer] = compiled
	return compiled, nil
}

// operation compiles an operation.
func (c *contract) operation(op *openapi.Operation, s *settings) (*operation, error) {
	var found finding.List
	parameters, err := compileParameters(op, c.schema)
	found = appendFindings(found, err, op.Source)
	b, err := c.body(op)
	found = appendFindings(found, err, op.Source)
	if len(found) > 0 {
		return nil, found.Err()
	}
	if err := b.place(op, s); err != nil {
		return nil, err
	}
	b.prepare(op.ID, s)
	o := &operation{name: op.ID, parameters: parameters, body: b, settings: s}
	if o.deprecated, err = newDeprecated(op, parameters); err != nil {
		return nil, err
	}
	if s.responses != nil {
		return o, c.bindResponses(o, op, s.responses)
	}
	return o, nil
}

// appendFindings adds an error to a list, at a place if it has none.
func appendFindings(list finding.List, err error, at openapi.Position) finding.List {
	switch err := err.(type) {
	case nil:
		return list
	case *finding.Error:
		return append(list, err)
	case finding.List:
		return append(list, err...)
	}
	return append(list, &finding.Error{Message: err.Error(), At: finding.Position(at)})
}

// body compiles the request body of an operation.
func (c *contract) body(op *openapi.Operation) (*body, error) {
	if op.Body == nil {
		return &body{}, nil
	}
	b := &body{required: op.Body.Required}
	var foreign []string
	var found finding.List
	for i := range op.Body.Content {
		m, err := c.media(&op.Body.Content[i], op.Body.Source)
		if err != nil {
			found = appendFindings(found, err, op.Body.Source)
			continue
		}
		if m.kind == contentForeign && !strings.Contains(m.name, "*") {
			foreign = append(foreign, m.name)
		}
		b.media = append(b.media, m)
	}
	if len(found) > 0 {
		return nil, found
	}
	if len(foreign) > 0 && len(foreign) == len(b.media) {
		return nil, &finding.Error{
			Message: fmt.Sprintf("bodies of %s cannot be validated yet, and %s takes nothing else", enumerate(foreign), op.ID),
			Hint:    "let them through by name: validate { pass " + strings.Join(foreign, " ") + " }",
			At:      finding.Position(op.Body.Source),
		}
	}
	if len(foreign) > 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("%s: bodies of %s cannot be validated yet and are refused; to let them through by name: validate { pass %s }", op.ID, enumerate(foreign), strings.Join(foreign, " ")))
	}
	slices.SortStableFunc(b.media, func(x, y media) int { return strings.Count(x.name, "*") - strings.Count(y.name, "*") })
	return b, nil
}

func (c *contract) media(declared *openapi.Media, at openapi.Position) (media, error) {
	m := media{name: declared.Type, kind: kindOfContent(declared.Type)}
	if slices.ContainsFunc(c.pass, func(passed string) bool { return matchesRange(passed, m.name) }) {
		m.kind = contentOpaque
		return m, nil
	}
	if declared.Schema != "" {
		var err error
		if m.schema, err = c.schema(declared.Schema); err != nil {
			return m, err
		}
	}
	if m.kind != contentJSON && (m.schema == nil || m.schema.opaque()) {
		m.kind, m.schema = contentOpaque, nil
		return m, nil
	}
	if m.kind == contentForm || m.kind == contentMultipart || strings.Contains(m.name, "*") {
		m.form = newForm(m.schema.node, declared.Encoding, m.kind == contentMultipart)
	}
	return m, m.form.lengths(at)
}
