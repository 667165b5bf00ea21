package openapi

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// styles are the serialisations that each location allows; the first is the default
// (3.1.1 §4.8.12).
var styles = map[string][]string{
	"path":   {"simple", "label", "matrix"},
	"query":  {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
	"header": {"simple"},
	"cookie": {"form"},
}

// stylesIn lists the serialisations that a location allows. Cookies have one of their
// own since OpenAPI 3.2 (3.2.0 §4.12.3).
func (c *checker) stylesIn(location string) []string {
	if location == "cookie" && c.version >= v32 {
		return []string{"form", "cookie"}
	}
	return styles[location]
}

// locations are the values of "in".
var locations = []string{"path", "query", "header", "cookie"}

// parameters reads the parameters of a path item or an operation.
func (b *builder) parameters(n *node) []Parameter {
	var out []Parameter
	for _, item := range n.items("parameters") {
		p, ok := b.parameter(item.follow())
		if !ok {
			continue
		}
		if slices.ContainsFunc(out, func(other Parameter) bool { return same(p, other) }) {
			b.add(finding.Error{
				Message: fmt.Sprintf("the %s parameter %q is given twice", p.In, p.Name), At: finding.Position(p.Source), Word: p.Name,
			})
			continue
		}
		out = append(out, p)
	}
	return out
}

// same tells whether two parameters share a name, which is what makes one override
// the other (3.1.1 §4.8.9.1). Names of header fields have no case.
func same(a, b Parameter) bool {
	return a.In == b.In && (a.Name == b.Name || a.In == "header" && strings.EqualFold(a.Name, b.Name))
}

// override puts the parameters of an operation over those of its path.
func override(common, own []Parameter) []Parameter {
	var out []Parameter
	for _, p := range common {
		if !slices.ContainsFunc(own, func(other Parameter) bool { return same(p, other) }) {
			out = append(out, p)
		}
	}
	return append(out, own...)
}

// ignored are header parameters whose description has no effect: other parts of
// the contract speak of them (3.1.1 §4.8.12).
func ignored(p Parameter) bool {
	return p.In == "header" && slices.ContainsFunc([]string{"Accept", "Content-Type", "Authorization"},
		func(name string) bool { return strings.EqualFold(p.Name, name) })
}

// parameter reads one parameter; it is false for those without effect.
func (b *builder) parameter(n *node) (Parameter, bool) {
	name, in := n.get("name"), n.get("in")
	if name == nil || name.kind != isString || in == nil || in.kind != isString {
		return Parameter{}, false // the tables have said so
	}
	p := Parameter{
		Name: name.text, In: in.text, Required: n.truth("required"), Deprecated: n.truth("deprecated"),
		AllowEmptyValue: n.truth("allowEmptyValue"), AllowReserved: n.truth("allowReserved"), Examples: examples(n),
		Source: Position(name.place()),
	}
	if !slices.Contains(locations, p.In) {
		e := finding.Error{
			Message: fmt.Sprintf("a parameter cannot be in %q", p.In), At: in.place(), Word: p.In,
			Hint: finding.Suggest(p.In, locations...),
		}
		switch {
		case p.In == "body" || p.In == "formData":
			e.Hint = "this is Swagger 2.0; OpenAPI 3 has requestBody"
		case p.In == "querystring" && b.version >= v32:
			e.Message = "a query string that is one document is not supported: nothing could check it"
			e.Hint = "describe its members one by one, as parameters in query"
		}
		b.add(e)
		return p, false
	}
	if p.Name == "" {
		b.add(finding.Error{Message: "a parameter needs a name", At: name.place()})
		return p, false
	}
	if p.In == "path" {
		if !p.Required {
			b.warn(finding.Error{
				Message: fmt.Sprintf("the path parameter %q is not marked as required, although it always is", p.Name),
				At:      finding.Position(p.Source), Word: p.Name,
			})
		}
		p.Required = true
	}
	b.serialisation(&p, n)
	return p, !ignored(p)
}

// headers reads the header fields of a response, which are parameters without a place
// and a name of their own (3.1.1 §4.8.21).
func (b *builder) headers(n *node) []Parameter {
	if n == nil || n.kind != isObject {
		return nil
	}
	var out []Parameter
	for _, v := range n.values {
		header := v.follow()
		if strings.EqualFold(v.key, "Content-Type") || header == nil || header.kind != isObject {
			continue
		}
		p := Parameter{
			Name: v.key, In: "header", Required: header.truth("required"), Deprecated: header.truth("deprecated"),
			Examples: examples(header), Source: Position(v.placeOfName()),
		}
		b.serialisation(&p, header)
		out = append(out, p)
	}
	return out
}

// serialisation reads how the value is written: as a document, or in a style.
func (b *builder) serialisation(p *Parameter, n *node) {
	schema, content := n.get("schema"), n.get("content")
	if content != nil && content.kind == isObject {
		if len(content.values) != 1 || schema != nil {
			b.add(finding.Error{
				Message: fmt.Sprintf("the parameter %q needs either a schema, or content with one media type", p.Name),
				At:      content.placeOfName(), Word: "content",
			})
			return
		}
		media := b.content(content, p.In != "header")
		if len(media) == 1 {
			p.Content, p.Schema = media[0].Type, media[0].Schema
			p.Examples = append(p.Examples, media[0].Examples...)
		}
		return
	}
	if schema != nil {
		p.Schema = Schema(b.pointer(schema))
	}
	p.Style = styles[p.In][0]
	if style := n.get("style"); style != nil && style.kind == isString {
		if !slices.Contains(b.stylesIn(p.In), style.text) {
			b.add(finding.Error{
				Message: fmt.Sprintf("a parameter in %s cannot have the style %q", p.In, style.text), At: style.place(), Word: style.text,
				Hint: finding.Suggest(style.text, b.stylesIn(p.In)...),
			})
		}
		p.Style = style.text
	}
	p.Explode = p.Style == "form" || p.Style == "cookie"
	if explode := n.get("explode"); explode != nil {
		p.Explode = explode.text == "true"
	}
	if p.Style == "deepObject" { // there is no other form of it, whatever is said
		p.Explode = true
	}
}

// pathParameters compares the path parameters with the template.
func (b *builder) pathParameters(op *Operation, n *node) {
	t, err := parseTemplate(op.Template)
	if err != nil {
		return
	}
	var declared []string
	for _, p := range op.Parameters {
		if p.In != "path" {
			continue
		}
		declared = append(declared, p.Name)
		if !slices.Contains(t.variables(), p.Name) {
			b.add(finding.Error{
				Message: fmt.Sprintf("the path parameter %q is not in the path %s", p.Name, op.Template),
				At:      finding.Position(p.Source), Word: p.Name, Hint: finding.Suggest(p.Name, t.variables()...),
			})
		}
	}
	for _, variable := range t.variables() {
		if !slices.Contains(declared, variable) {
			b.warn(finding.Error{
				Message: fmt.Sprintf("%s %s does not declare its path parameter %q, so any value is let through", op.Method, op.Template, variable),
				At:      n.placeOfName(),
			})
		}
	}
}
