package compat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// waiverMember is the extension with which a contract accepts a break, at the place
// where it happens or above:
//
//	x-allow-breaking:
//	  response-optional-property-removed: nobody reads the fax number; asked all consumers in May
const waiverMember = "x-allow-breaking"

// Waiver accepts the breaking changes of one rule below one place of the new contract.
type Waiver struct {
	Rule, Reason string
	At           openapi.Position

	scope string // the pointer of the object that it stands in
}

// literal are members below which everything is a value of somebody's, not ours.
var literal = []string{"example", "examples", "default", "enum", "const", "value"}

// readWaivers finds the waivers of a contract.
func readWaivers(t *openapi.Text) ([]Waiver, error) {
	var document any
	var list []Waiver
	var found finding.List
	for _, l := range t.Lines {
		scope, ok := strings.CutSuffix(l.Pointer, "/"+waiverMember)
		if !ok || strings.HasSuffix(scope, "/properties") || slices.ContainsFunc(strings.Split(scope, "/"), func(s string) bool { return slices.Contains(literal, s) }) {
			continue
		}
		if document == nil {
			if err := json.Unmarshal(t.Document, &document); err != nil {
				return nil, err
			}
		}
		if slices.ContainsFunc(list, func(w Waiver) bool { return w.scope == scope }) {
			continue
		}
		waivers, err := waiversAt(t, document, scope, l)
		if err != nil {
			found = append(found, err)
		}
		list = append(list, waivers...)
	}
	return list, found.Err()
}

// waiversAt reads the waivers of one object.
func waiversAt(t *openapi.Text, document any, scope string, l openapi.Line) ([]Waiver, *finding.Error) {
	flaw := func(at openapi.Position, word, hint, format string, args ...any) *finding.Error {
		return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.Position(at), Word: word, Hint: hint}
	}
	if strings.Count(scope, "/") < 2 {
		return nil, flaw(l.At, waiverMember, "write it into the operation, parameter, response or schema that has changed", "a waiver for the whole contract would cover whatever comes")
	}
	members, ok := valueAt(document, l.Pointer).(map[string]any)
	if !ok || len(members) == 0 {
		return nil, flaw(l.At, waiverMember, waiverMember+": {response-optional-property-removed: why nobody is hurt}", "%s is an object of rules with their reasons", waiverMember)
	}
	var list []Waiver
	for rule, value := range members {
		at := t.Find(l.Pointer + "/" + escapeToken(rule)).At
		reason, _ := value.(string)
		switch _, known := rules[rule]; {
		case !known && !slices.Contains(ownRules, rule):
			return nil, flaw(at, rule, finding.Suggest(rule, ruleNames()...), "%q is not a rule of gateway diff", rule)
		case strings.TrimSpace(reason) == "":
			return nil, flaw(at, rule, "write who was asked, or why nobody is hurt", "the waiver of %s has no reason", rule)
		}
		list = append(list, Waiver{Rule: rule, Reason: strings.TrimSpace(reason), At: at, scope: scope})
	}
	slices.SortFunc(list, func(a, b Waiver) int { return strings.Compare(a.Rule, b.Rule) })
	return list, nil
}

// valueAt follows a JSON Pointer that is known to lead somewhere.
func valueAt(v any, pointer string) any {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch container := v.(type) {
		case map[string]any:
			v = container[token]
		case []any:
			var i int
			if _, err := fmt.Sscanf(token, "%d", &i); err != nil || i >= len(container) {
				return nil
			}
			v = container[i]
		}
	}
	return v
}

func ruleNames() []string {
	names := slices.Clone(ownRules)
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// cover applies the waivers, and returns those that cover nothing.
func cover(changes []Change, waivers []Waiver) (unused []Waiver) {
	for _, w := range waivers {
		used := false
		for i := range changes {
			if c := &changes[i]; c.Severity == Breaking && c.Rule == w.Rule && c.within(w.scope) {
				c.Waived, used = w.Reason, true
			}
		}
		if !used {
			unused = append(unused, w)
		}
	}
	return unused
}

// within tells whether every place of the change lies at or below scope: a change that
// several operations notice is covered at the place that they share, or at each of them.
func (c *Change) within(scope string) bool {
	below := func(pointer string) bool { return pointer == scope || strings.HasPrefix(pointer, scope+"/") }
	return below(c.pointers[0]) || len(c.Operations) <= 1 && slices.ContainsFunc(c.pointers, below)
}
