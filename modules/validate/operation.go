package validate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// operation is what requests to one operation are checked against, compiled.
type operation struct {
	// name is how sentences call it: "createOrder".
	name       string
	parameters *parameters
	body       *body
	settings   *settings
	mode       exchange.Mode // "" is that of the handler
	deprecated *deprecated   // nil if nothing is
	// report is told the names of unknown query parameters if they are reported.
	report func(name string, count int)
	// responses are what responses are checked against; nil if they are not.
	responses *responses
}

// decide checks a request: all parameters first, then the body. path holds the
// decoded values of the path's parameters in the order of the template; version is
// for sentences and may be empty.
func (o *operation) decide(r *http.Request, path []string, version string) *problem.Refusal {
	if refusal := o.checkParameters(r, path, version); refusal != nil {
		return refusal
	}
	return o.checkBody(r, version)
}

func (o *operation) checkParameters(r *http.Request, path []string, version string) *problem.Refusal {
	ps := o.parameters
	if ps.empty() && r.URL.RawQuery == "" {
		return nil
	}
	c := checks.Get().(*check)
	defer c.release()
	c.bounds, c.version = &o.settings.bounds, version
	c.checkPath(ps, path)
	strangers := c.checkQuery(ps, r.URL.RawQuery, o.settings.unknown)
	if len(strangers) > 0 {
		if o.settings.unknown == unknownReject {
			c.reject(ps, strangers)
		} else if o.report != nil {
			o.report(clip(strangers[0]), len(strangers))
		}
	}
	c.checkHeader(ps, r)
	c.checkCookie(ps, r.Header["Cookie"])
	if c.reason == nil {
		return nil
	}
	return o.refuseParameters(c)
}

// refuseParameters makes one refusal of all violations. The reason is that of the
// first place in the order path, query, header, cookie.
func (o *operation) refuseParameters(c *check) *problem.Refusal {
	if c.sole != nil {
		if known := c.sole.memories.find(c.soleRule, c.version); known != nil {
			return known
		}
	}
	places := "parameters"
	first := c.violations[0].In
	same := true
	for i := range c.violations {
		same = same && c.violations[i].In == first
	}
	if same {
		places = map[string]string{"path": "path", "query": "query", "header": "headers", "cookie": "cookies"}[first]
	}
	refusal := &problem.Refusal{
		Reason: c.reason, Violations: slices.Clone(c.violations), Cause: c.err,
		Detail: fmt.Sprintf("%s in the %s of %s.", plural(len(c.violations), "problem", "problems"), places, describe(o.name, c.version)),
	}
	o.cap(refusal)
	if c.sole != nil {
		c.sole.memories.keep(c.soleRule, c.version, refusal)
	}
	return refusal
}

// cap cuts the list of violations.
func (o *operation) cap(refusal *problem.Refusal) {
	if n := o.settings.maxErrors; len(refusal.Violations) > n {
		refusal.More = len(refusal.Violations) - n
		refusal.Violations = refusal.Violations[:n:n]
	}
}

// describe names an operation in sentences: "createOrder (v1)".
func describe(id, version string) string {
	if version == "" || strings.Contains(id, " ") {
		return id
	}
	return id + " (" + version + ")"
}
