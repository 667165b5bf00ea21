package validate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// parameter is one compiled parameter of an operation.
type parameter struct {
	field
	in         string
	required   bool
	allowEmpty bool
	// key is the canonical name of a header field.
	key string
	// index is the place of a path parameter in the template.
	index int
	// content is how a parameter is written that is a document of its own.
	content contentKind
	schema  *schema // nil accepts everything
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
type compileFunc func(openapi.Schema, openapi.Position) (*schema, error)

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
	p := &parameter{in: declared.In, required: declared.Required, allowEmpty: declared.AllowEmptyValue, key: http.CanonicalHeaderKey(declared.Name), index: -1}
	if p.in == "header" && ignoredHeaders[p.key] {
		return nil, nil
	}
	var err error
	if declared.Schema != "" {
		if p.schema, err = compile(declared.Schema, declared.Source); err != nil {
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

// check holds what the checking of one request's parameters needs.
type check struct {
	builder
	bounds  *bounds
	version string
	// reason is that of the first place with a violation.
	reason     *problem.Reason
	violations []problem.Violation
	err        error
}

func (c *check) violate(reason *problem.Reason, list ...problem.Violation) {
	if c.reason == nil {
		c.reason = reason
	}
	c.violations = append(c.violations, list...)
}

func (c *check) fault(reason *problem.Reason, p *parameter, f *fault) {
	c.violate(reason, problem.Violation{Parameter: p.name, In: p.in, Rule: f.rule, Message: f.message, Hint: f.hint})
}

var faultRequired = &fault{"required", "is required", ""}

// value checks the occurrences of one parameter.
func (c *check) value(reason *problem.Reason, p *parameter, occurrences []pair) {
	if len(occurrences) == 0 {
		if p.required {
			c.fault(reason, p, faultRequired)
		}
		return
	}
	if p.allowEmpty && len(occurrences) == 1 && occurrences[0].raw == "" {
		return
	}
	if p.content != contentNone {
		c.content(reason, p, occurrences)
		return
	}
	c.preferText = false
	d, wrong := c.read(p, occurrences)
	if wrong != nil {
		c.fault(reason, p, wrong)
		return
	}
	if p.schema == nil || p.schema.passes(d) {
		return
	}
	root := d.decode(0)
	if p.ambiguous {
		c.preferText = true
		if d, wrong := c.read(p, occurrences); wrong == nil && p.schema.passes(d) {
			return
		}
	}
	c.explain(reason, p, root)
}

// read makes a document of the occurrences. A lone scalar, which is nearly every
// parameter there is, needs no copy of its text.
func (c *check) read(p *parameter, occurrences []pair) (*document, *fault) {
	c.reset()
	if len(occurrences) == 1 && !p.array && !p.object && (p.style == styleForm || p.style == styleSimple) {
		s, wrong := p.text(occurrences[0].raw)
		if wrong != nil {
			return nil, wrong
		}
		c.document.text = s
		c.values = append(c.values, value{end: uint32(len(s)), next: 1, kind: kindOfText(s, p.kinds, c.preferText)})
		return c.document, nil
	}
	if wrong := p.build(&c.builder, occurrences); wrong != nil {
		return nil, wrong
	}
	return c.finish(), nil
}

// content checks a parameter that is a document of its own.
func (c *check) content(reason *problem.Reason, p *parameter, occurrences []pair) {
	if len(occurrences) > 1 {
		c.fault(reason, p, faultRepeated)
		return
	}
	s, wrong := p.text(occurrences[0].raw)
	if wrong != nil {
		c.fault(reason, p, wrong)
		return
	}
	c.reset()
	if p.content == contentText {
		c.append(s, kindOfText(s, p.kinds, false))
		c.finish()
	} else {
		c.document.text = s
		if err := c.scan(c.bounds); err != nil {
			c.fault(reason, p, &fault{rule: "json", message: "is not well-formed JSON: " + err.what})
			return
		}
	}
	if p.schema != nil && !p.schema.passes(c.document) {
		c.explain(reason, p, c.decode(0))
	}
}

// explain asks the engine what is wrong with a value. The engine has the last word.
func (c *check) explain(reason *problem.Reason, p *parameter, root any) {
	failed, err := p.schema.explain(root)
	switch {
	case err != nil:
		c.err = err
		c.violate(reason, problem.Violation{Parameter: p.name, In: p.in, Rule: "schema", Message: "cannot be checked"})
	case failed != nil:
		list := violations(failed, root)
		for i := range list {
			list[i].plain()
		}
		c.violate(reason, parameterViolations(p.name, p.in, list)...)
	}
}

// plain leaves out of a violation what makes sense in JSON only: text has no types
// that the client could have confused.
func (v *violation) plain() {
	if v.rule == "type" {
		v.message, _, _ = strings.Cut(v.message, ", not ")
		v.hint = ""
	}
}

// passes asks the checker, or the engine where the checker cannot tell.
func (s *schema) passes(d *document) bool {
	if s.covered {
		return d.accepted(s.node)
	}
	failed, err := s.explain(d.decode(0))
	return failed == nil && err == nil
}

// checkPath checks the values of the path's parameters, which are decoded already.
func (c *check) checkPath(ps *parameters, values []string) {
	for _, p := range ps.path {
		if p.index >= len(values) {
			c.fault(problem.SchemaPath, p, faultRequired)
			continue
		}
		occurrence := [1]pair{{p.name, values[p.index]}}
		c.value(problem.SchemaPath, p, occurrence[:])
	}
}

func (c *check) checkHeader(ps *parameters, r *http.Request) {
	for _, p := range ps.header {
		values := r.Header[p.key]
		if p.key == "Host" {
			values = []string{r.Host}
		}
		c.headerValues(p, values)
	}
}

func (c *check) headerValues(p *parameter, values []string) {
	switch {
	case len(values) == 0:
		c.value(problem.SchemaHeader, p, nil)
	case len(values) > 1 && (!p.array && !p.object || p.content != contentNone):
		c.fault(problem.SchemaHeader, p, faultRepeated)
	default:
		value := values[0]
		if len(values) > 1 { // the lines of a list are one list (RFC 9110 §5.3)
			value = strings.Join(values, ",")
		}
		if !utf8.ValidString(value) {
			c.fault(problem.SchemaHeader, p, &fault{rule: "encoding", message: "is not valid UTF-8"})
			return
		}
		occurrence := [1]pair{{p.name, value}}
		c.value(problem.SchemaHeader, p, occurrence[:])
	}
}

// checkCookie reads the Cookie field itself: net/http leaves out cookies that it does
// not like, and the service may not.
func (c *check) checkCookie(ps *parameters, lines []string) {
	for _, p := range ps.cookie {
		var found []pair
		for _, line := range lines {
			for part := range strings.SplitSeq(line, ";") {
				name, raw, _ := strings.Cut(strings.Trim(part, " \t"), "=")
				if name == p.name {
					found = append(found, pair{name, unquote(raw)})
				}
			}
		}
		if len(found) > 0 && !utf8.ValidString(found[0].raw) {
			c.fault(problem.SchemaCookie, p, &fault{rule: "encoding", message: "is not valid UTF-8"})
			continue
		}
		c.value(problem.SchemaCookie, p, found)
	}
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// maxPairs bounds the pairs of a query string or form: more than any honest client
// sends, and few enough to compare each with each.
const maxPairs = 1000

// unknownPolicy says what becomes of query parameters that the contract does not know.
type unknownPolicy string

const (
	unknownAllow  unknownPolicy = "allow"
	unknownReport unknownPolicy = "report"
	unknownReject unknownPolicy = "reject"
)

// checkQuery reads the query string once and checks what belongs to each parameter.
// It returns the names that no parameter claims if somebody wants them.
func (c *check) checkQuery(ps *parameters, query string, unknown unknownPolicy) (strangers []string) {
	var space [16]claim
	claims, broken := space[:0], false
	count := 0
	pairs(query, func(p pair, ok bool) bool {
		if count++; !ok || count > maxPairs {
			broken = true
			return false
		}
		if owner := ps.claim(p.name); owner != nil {
			claims = append(claims, claim{owner, p})
			return true
		}
		if unknown != unknownAllow {
			strangers = append(strangers, p.name)
		}
		_, ok = decodeText(p.raw)
		broken = !ok
		return ok
	})
	if broken {
		c.violate(problem.SchemaQuery, queryViolation(count))
		return nil
	}
	var found [8]pair
	for _, p := range ps.query {
		occurrences := found[:0]
		for i := range claims {
			if claims[i].owner == p {
				occurrences = append(occurrences, claims[i].pair)
			}
		}
		c.value(problem.SchemaQuery, p, occurrences)
	}
	return strangers
}

// claim is a pair of the query string and the parameter that it belongs to.
type claim struct {
	owner *parameter
	pair
}

func queryViolation(count int) problem.Violation {
	if count > maxPairs {
		return problem.Violation{In: "query", Rule: "count", Expected: maxPairs, Message: fmt.Sprintf("there may be at most %d parameters", maxPairs)}
	}
	return problem.Violation{In: "query", Rule: "encoding", Message: "the query string is not valid percent-encoded UTF-8"}
}

// claim returns the parameter that a name of the query string belongs to, or nil.
func (ps *parameters) claim(name string) *parameter {
	for _, p := range ps.query {
		if p.style == styleDeepObject {
			if len(name) > len(p.name) && name[len(p.name)] == '[' && name[:len(p.name)] == p.name {
				return p
			}
			continue
		}
		if p.name == name && ps.members[name] == nil && !(p.object && p.style == styleForm && p.explode && p.content == contentNone) {
			return p
		}
	}
	if owner := ps.members[name]; owner != nil {
		return owner
	}
	return ps.open
}

// reject refuses query parameters that the contract does not know.
func (c *check) reject(ps *parameters, strangers []string) {
	for _, name := range strangers {
		v := problem.Violation{Parameter: clip(name), In: "query", Rule: "unknown", Message: "is not a parameter that the contract knows"}
		if near := nearest(name, ps.names); near != "" {
			v.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		c.violate(problem.SchemaQuery, v)
	}
}

// clip shortens a name that the client chose.
func clip(name string) string {
	for i := range name {
		if i > maxWord {
			return name[:i] + "…"
		}
	}
	return name
}
