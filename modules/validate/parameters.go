package validate

import (
	"fmt"
	"net/http"
	"slices"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// parameter is one compiled parameter of an operation.
type parameter struct {
	field
	in         string
	required   bool
	deprecated bool
	allowEmpty bool
	// key is the canonical name of a header field.
	key string
	// index is the place of a path parameter in the template.
	index int
	// content is how a parameter is written that is a document of its own.
	content contentKind
	schema  *schema // nil accepts everything
	// memories are refusals because of this parameter alone.
	memories memories
}

// parameters are those of one operation, by place, in the order of the contract.
type parameters struct {
	path, query, header, cookie []*parameter
	// members are the query names that belong to an exploded object.
	members map[string]*parameter
	// open is the exploded object that takes all other query names; nil if none does.
	open *parameter
	// names are all known query names, for hints.
	names []string
}

func (ps *parameters) empty() bool {
	return len(ps.path)+len(ps.query)+len(ps.header)+len(ps.cookie) == 0
}

// compileFunc compiles the schema at a place of the contract.
type compileFunc func(openapi.Schema) (*schema, error)

// compileParameters makes the parameters of an operation ready for requests.
func compileParameters(op *openapi.Operation, compile compileFunc) (*parameters, error) {
	ps := &parameters{members: make(map[string]*parameter)}
	var found finding.List
	for i := range op.Parameters {
		declared := &op.Parameters[i]
		p, err := compileParameter(op, declared, compile)
		found = appendFindings(found, err, declared.Source)
		if p != nil && err == nil {
			ps.add(p)
		}
	}
	return ps, found.Err()
}

func (ps *parameters) add(p *parameter) {
	switch p.in {
	case "path":
		ps.path = append(ps.path, p)
	case "header":
		ps.header = append(ps.header, p)
	case "cookie":
		ps.cookie = append(ps.cookie, p)
	case "query":
		ps.query = append(ps.query, p)
		ps.names = append(ps.names, p.name)
		if p.object && p.style == styleForm && p.explode && p.content == contentNone {
			for name := range p.properties {
				ps.members[name] = p
				ps.names = append(ps.names, name)
			}
			if extra := p.node.additionalProperties; extra != nil && !extra.never {
				ps.open = p
			}
		}
	}
}

// ignoredHeaders are described elsewhere in a contract, so that a parameter of the
// name means nothing (OpenAPI 3.1 §4.8.12.2).
var ignoredHeaders = map[string]bool{"Accept": true, "Content-Type": true, "Authorization": true}

func compileParameter(op *openapi.Operation, declared *openapi.Parameter, compile compileFunc) (*parameter, error) {
	p := &parameter{in: declared.In, required: declared.Required, deprecated: declared.Deprecated, allowEmpty: declared.AllowEmptyValue, key: http.CanonicalHeaderKey(declared.Name), index: -1}
	if p.in == "header" && ignoredHeaders[p.key] {
		return nil, nil
	}
	var err error
	if declared.Schema != "" {
		if p.schema, err = compile(declared.Schema); err != nil {
			return nil, err
		}
	}
	var n *node
	if p.schema != nil {
		n = p.schema.node
	}
	if declared.Content != "" {
		p.content = kindOfContent(declared.Content)
		if p.content != contentJSON && p.content != contentText {
			return nil, fmt.Errorf("the %s parameter %q is written as %s, which cannot be validated yet: use application/json or text/plain", p.in, declared.Name, declared.Content)
		}
	}
	s, known := styleNames[declared.Style]
	if !known && declared.Content == "" {
		return nil, fmt.Errorf("the %s parameter %q has the unknown style %q", p.in, declared.Name, declared.Style)
	}
	p.field = newField(declared.Name, s, declared.Explode, p.in == "query", n)
	if p.in == "path" {
		names, err := openapi.Variables(op.Template)
		if p.index = slices.Index(names, declared.Name); err != nil || p.index < 0 {
			return nil, fmt.Errorf("the path parameter %q is not part of %s", declared.Name, op.Template)
		}
	}
	return p, nil
}
