package compat

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/openapi"
)

// Rules of our own, about what oasdiff takes for a matter of deployment.
const (
	ruleBase     = "base-path-removed"
	ruleSecurity = "security-demanded"
	// RuleVersion is for a version that is not there any more.
	RuleVersion = "version-removed"
)

var ownRules = []string{ruleBase, ruleSecurity, RuleVersion}

func (p *pair) own() []Change { return append(p.bases(), p.security()...) }

// bases reports base paths that are gone. The gateway routes them, so every request
// below is a 404 from then on.
func (p *pair) bases() []Change {
	var list []Change
	now := neutral(p.newer.Bases, p.newer.Version)
	for _, base := range neutral(p.older.Bases, p.older.Version) {
		if slices.Contains(now, base) {
			continue
		}
		list = append(list, Change{
			Severity: Breaking, Rule: ruleBase, Message: fmt.Sprintf("the operations have left the base path %s/", base),
			Old: p.old.Find("/servers").At, New: p.new.Find("/servers").At, Advice: p.advise(ruleBase), pointers: []string{"/servers"},
		})
	}
	return list
}

// neutral takes the version out of base paths: to leave it is what a new version is for.
func neutral(bases []string, version string) []string {
	out := make([]string, len(bases))
	for i, base := range bases {
		segments := strings.Split(base, "/")
		out[i] = strings.Join(slices.DeleteFunc(segments, func(s string) bool { return s == version && version != "" }), "/")
	}
	return out
}

// security reports operations that everybody could call and that demand something now.
// oasdiff takes every scheme that was added for a further choice.
func (p *pair) security() []Change {
	before := make(map[string]*openapi.Operation)
	for _, op := range p.older.Operations {
		before[op.Method+" "+strings.TrimPrefix(op.Template, p.oldPrefix)] = op
	}
	var list []Change
	for _, op := range p.newer.Operations {
		path := strings.TrimPrefix(op.Template, p.newPrefix)
		old := before[op.Method+" "+path]
		if old == nil || !open(old) || open(op) {
			continue
		}
		place := p.new.Find(operationPointer(op.Method, op.Template) + "/security")
		list = append(list, Change{
			Severity: Breaking, Rule: ruleSecurity, Message: "callers without credentials were let in, and are refused now",
			Operations: []string{op.Method + " " + path}, Old: old.Source, New: place.At, Advice: p.advise(ruleSecurity),
			pointers: []string{place.Pointer},
		})
	}
	return list
}

// open tells whether an operation can be called without credentials.
func open(op *openapi.Operation) bool {
	return len(op.Security) == 0 || slices.ContainsFunc(op.Security, func(a openapi.Alternative) bool { return len(a) == 0 })
}
