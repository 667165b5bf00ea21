package openapi

import (
	"fmt"
	"strings"

	"gateway/internal/finding"
)

// builder makes the model out of a checked document.
type builder struct {
	*checker
	contract *Contract
	schemes  *node
	security []Alternative // of the whole contract
}

// build fills the contract.
func (c *checker) build(contract *Contract) {
	b := &builder{checker: c, contract: contract, schemes: c.root.get("components").get("securitySchemes")}
	info := c.root.get("info")
	contract.Title, contract.Release = info.str("title"), info.str("version")
	contract.Bases = b.bases(c.root.get("servers"))
	for name, value := range extensions(c.root) {
		if contract.Extensions == nil {
			contract.Extensions = make(map[string]Extension)
		}
		contract.Extensions[name] = Extension{value, Position(c.root.get(name).placeOfName())}
	}
	b.security = b.alternatives(c.root.get("security"))
	paths := c.root.get("paths")
	if paths == nil || len(paths.values) == 0 {
		c.warn(finding.Error{Message: "the contract has no paths, so every request is answered with 404", At: c.root.place()})
		return
	}
	for _, item := range paths.values {
		if item.shape != nil && item.kind == isObject {
			b.path(item)
		}
	}
	b.conflicts()
	b.operationIDs()
	b.doubts()
}

// path adds the operations of one path item.
func (b *builder) path(n *node) {
	if _, err := parseTemplate(n.key); err != nil {
		b.add(finding.Error{Message: fmt.Sprintf("the path %q is not supported: %v", n.key, err), At: n.placeOfName(), Word: n.key})
		return
	}
	item := n.follow()
	if item == nil || item.kind != isObject {
		return
	}
	common, bases := b.parameters(item), b.basesOf(item, b.contract.Bases)
	b.methods(item)
	for method, operation := range operations(item) {
		b.operation(n.key, method, operation, common, bases)
	}
}

// basesOf returns the base paths of the servers that n has itself, or else those
// around it. An empty list says nothing (3.1.1 §4.8.9, §4.8.10).
func (b *builder) basesOf(n *node, around []string) []string {
	if own := n.get("servers"); len(own.elements()) > 0 && own.kind == isList {
		return b.bases(own)
	}
	return around
}

// operation adds one operation.
func (b *builder) operation(template, method string, n *node, common []Parameter, bases []string) {
	op := &Operation{
		ID: n.str("operationId"), Method: method, Template: template, Bases: b.basesOf(n, bases), Deprecated: n.truth("deprecated"),
		Parameters: override(common, b.parameters(n)), Body: b.body(n.get("requestBody")), Security: b.security,
		Responses: b.responses(n.get("responses")), Extensions: extensions(n), Source: Position(n.placeOfName()),
	}
	if op.ID == "" {
		op.ID = op.Method + " " + template
	}
	if own := n.get("security"); own != nil {
		op.Security = b.alternatives(own)
	}
	b.pathParameters(op, n)
	b.contract.Operations = append(b.contract.Operations, op)
}

// body reads the request body.
func (b *builder) body(n *node) *Body {
	n = n.follow()
	if n == nil || n.kind != isObject {
		return nil
	}
	return &Body{Required: n.truth("required"), Content: b.content(n.get("content"), true), Source: Position(n.place())}
}

// responses reads the declared responses by status.
func (b *builder) responses(n *node) map[string]Response {
	if n == nil || n.kind != isObject {
		return nil
	}
	out := make(map[string]Response, len(n.values))
	for _, v := range n.values {
		if isExtension(v.key) {
			continue
		}
		if !isStatus(v.key) {
			e := finding.Error{
				Message: fmt.Sprintf("%q is not a status", v.key), At: v.placeOfName(), Word: v.key,
				Hint: "a response stands under a status such as 200, a range such as 4XX, or default",
			}
			if upper := strings.ToUpper(v.key); isStatus(upper) {
				e.Hint = "did you mean " + upper + "?"
			}
			b.add(e)
			continue
		}
		if response := v.follow(); response != nil && response.kind == isObject {
			out[v.key] = Response{
				Content: b.content(response.get("content"), false), Headers: b.headers(response.get("headers")), Source: Position(v.placeOfName()),
			}
		}
	}
	return out
}

// isStatus tells the names under which a response may stand.
func isStatus(s string) bool {
	if s == "default" {
		return true
	}
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	return s[1:] == "XX" || s[1] >= '0' && s[1] <= '9' && s[2] >= '0' && s[2] <= '9'
}

// operationIDs reports identifiers that two operations share (3.1.1 §4.8.10).
func (b *builder) operationIDs() {
	first := make(map[string]*Operation, len(b.contract.Operations))
	for _, op := range b.contract.Operations {
		other := first[op.ID]
		if other == nil {
			first[op.ID] = op
			continue
		}
		b.add(finding.Error{
			Message: fmt.Sprintf("two operations are called %s; the other is %s %s at line %d", op.ID, other.Method, other.Template, other.Source.Line),
			At:      finding.Position(op.Source), Word: op.member(),
		})
	}
}

// conflicts reports operations that match the same request.
func (b *builder) conflicts() {
	first := make(map[string]*Operation, len(b.contract.Operations))
	for _, op := range b.contract.Operations {
		t, err := parseTemplate(op.Template)
		if err != nil {
			continue
		}
		key := op.Method + " " + t.shape()
		other := first[key]
		if other == nil {
			first[key] = op
			continue
		}
		b.add(finding.Error{
			Message: fmt.Sprintf("two operations match the same request: %s %s, and %s at %s:%d",
				op.Method, op.Template, other.Template, other.Source.File, other.Source.Line),
			At: finding.Position(op.Source), Word: op.member(),
		})
	}
}
