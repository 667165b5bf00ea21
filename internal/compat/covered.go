package compat

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"gateway/internal/change"
	"gateway/internal/openapi"
)

// Cover finds the breaks, and what may be one, that change files carry old clients over. The plan is that of
// the two versions. A break that several operations notice is covered if each of them is.
func (r *Report) Cover(plan *change.Plan) {
	for i := range r.Changes {
		c := &r.Changes[i]
		if c.Severity == Compatible {
			continue
		}
		c.Carried = true
		for _, op := range c.Operations {
			by := plan.Covering(c.asBreak(op))
			if by == nil {
				c.Covered = ""
				break
			}
			c.Covered = by.File
		}
	}
}

// quoted is how oasdiff writes names into its messages.
var quoted = regexp.MustCompile("`([^`]+)`")

// asBreak is the change as one operation notices it.
func (c *Change) asBreak(operation string) change.Break {
	b := change.Break{Operation: operation, Older: c.oldPointer, Newer: c.pointers[0]}
	direction := rules[c.Rule].direction
	b.Request, b.Response = direction != "response", direction != "request"
	var names []string
	for _, m := range quoted.FindAllStringSubmatch(c.Message, -1) {
		names = append(names, m[1])
	}
	switch {
	case strings.HasPrefix(c.Rule, "api-") && strings.Contains(c.Rule, "removed"):
		b.Gone = !strings.Contains(c.Rule, "operation-id") && !strings.Contains(c.Rule, "schema")
	case strings.Contains(c.Rule, "status-removed"):
		for _, name := range names {
			if code, err := strconv.Atoi(name); err == nil && http.StatusText(code) != "" {
				b.Status = code
			}
		}
	case strings.Contains(c.Rule, "parameter"):
		for i, name := range names {
			if strings.Contains(" query path header cookie ", " "+name+" ") && i+1 < len(names) {
				b.Parameter = names[i+1]
			}
		}
	case strings.Contains(c.Rule, "response-header") && len(names) > 0:
		b.Field = names[0]
	case strings.Contains(c.Rule, "required") && len(names) > 0:
		b.Member = names[0][strings.LastIndexByte(names[0], '/')+1:]
	}
	return b
}

// Between compares a version of an API with the one before it, and with what the change
// files beside the newer contract cover. The plan is that of the two.
func Between(older, newer openapi.Found) (*Report, *change.Plan, error) {
	var sides [2]Side
	var versions [2]change.Version
	for i, f := range []openapi.Found{older, newer} {
		traced, err := openapi.Trace(f.File)
		if err != nil {
			return nil, nil, err
		}
		contract, err := openapi.Load(f.File)
		if err != nil {
			return nil, nil, err
		}
		sides[i] = Side{Traced: traced, Label: f.File, Version: f.Version}
		versions[i] = change.Version{Name: f.Version, Contract: contract}
	}
	versions[1].Folder = change.Folder(newer.File)
	plan, err := change.Compile(versions[:])
	if err != nil {
		return nil, nil, err
	}
	report, err := Compare(sides[0], sides[1])
	if err != nil {
		return nil, nil, err
	}
	report.Cover(plan)
	return report, plan, nil
}
