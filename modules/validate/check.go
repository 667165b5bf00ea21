package validate

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"gateway/internal/problem"
)

// check holds what the checking of one request's parameters needs.
type check struct {
	builder
	bounds  *bounds
	version string
	// whole is the body in one piece, if it came in several; decoded is the body
	// without its content coding.
	whole, decoded []byte
	heavy          bool
	// reason is that of the first place with a violation.
	reason     *problem.Reason
	violations []problem.Violation
	err        error
	// sole is the parameter that broke soleRule and nothing else, as long as no other
	// violation is known; nil otherwise.
	sole     *parameter
	soleRule string
}

func (c *check) violate(reason *problem.Reason, list ...problem.Violation) {
	if c.reason == nil {
		c.reason = reason
	}
	c.sole = nil
	c.violations = append(c.violations, list...)
}

func (c *check) fault(reason *problem.Reason, p *parameter, f *fault) {
	hint := f.hint
	if f == faultStyle || f == faultRepeated {
		hint = p.example()
	}
	c.violate(reason, problem.Violation{Parameter: p.name, In: p.in, Rule: f.rule, Message: f.message, Hint: hint})
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
	if p.ambiguous {
		c.preferText = true
		if d, wrong := c.read(p, occurrences); wrong == nil && p.schema.passes(d) {
			return
		}
		c.preferText = false
		d, _ = c.read(p, occurrences)
	}
	c.explain(reason, p, d)
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
		c.explain(reason, p, c.document)
	}
}

// explain lists what is wrong with the value in the document d.
func (c *check) explain(reason *problem.Reason, p *parameter, d *document) {
	rule := ""
	if p.schema.covered && len(c.violations) == 0 {
		rule = d.soleRule(p.schema.node)
	}
	if rule != "" {
		if known := p.memories.find(rule, c.version); known != nil {
			c.violate(reason, known.Violations...)
			c.sole, c.soleRule = p, rule
			return
		}
	}
	failed, err := p.schema.explain(d)
	if err != nil {
		c.err = err
		c.violate(reason, problem.Violation{Parameter: p.name, In: p.in, Rule: "schema", Message: "is too complex to be checked"})
		return
	}
	if failed == nil {
		return
	}
	list := violations(failed, d.decode(0))
	for i := range list {
		list[i].plain()
	}
	c.violate(reason, parameterViolations(p.name, p.in, list)...)
	if rule != "" && len(c.violations) == 1 {
		c.sole, c.soleRule = p, rule
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
	failed, err := s.ask(d.decode(0))
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
		found := cookies(lines, p.name)
		if len(found) > 0 && !utf8.ValidString(found[0].raw) {
			c.fault(problem.SchemaCookie, p, &fault{rule: "encoding", message: "is not valid UTF-8"})
			continue
		}
		c.value(problem.SchemaCookie, p, found)
	}
}

// cookies returns the occurrences of a cookie.
func cookies(lines []string, wanted string) (found []pair) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			name, raw, _ := strings.Cut(strings.Trim(part, " \t"), "=")
			if name == wanted {
				found = append(found, pair{name, unquote(raw)})
			}
		}
	}
	return found
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
