package compat

import (
	"fmt"
	"iter"
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

func (p *pair) own() []Change {
	return slices.Concat(p.bases(), p.ownBases(), p.security())
}

// bases reports base paths that are gone. The gateway routes them, so every request
// below is a 404 from then on.
func (p *pair) bases() []Change {
	var list []Change
	for _, base := range p.left(p.older.Bases, p.newer.Bases) {
		list = append(list, Change{
			Severity: Breaking, Rule: ruleBase, Message: fmt.Sprintf("the operations have left the base path %s/", base),
			Old: p.old.Find("/servers").At, New: p.new.Find("/servers").At, Advice: p.advise(ruleBase), pointers: []string{"/servers"},
		})
	}
	return list
}

// ownBases reports operations that have left a base path which the others keep: they,
// or their paths, have servers of their own.
func (p *pair) ownBases() []Change {
	all := p.left(p.older.Bases, p.newer.Bases)
	var list []Change
	for old, now := range p.both() {
		for _, base := range p.left(old.Bases, now.Bases) {
			if slices.Contains(all, base) {
				continue
			}
			place := p.new.Find(operationPointer(now.Method, now.Template) + "/servers")
			list = append(list, Change{
				Severity: Breaking, Rule: ruleBase, Message: fmt.Sprintf("the operation has left the base path %s/", base),
				Operations: []string{now.Method + " " + strings.TrimPrefix(now.Template, p.newPrefix)},
				Old:        p.old.Find(operationPointer(old.Method, old.Template) + "/servers").At, New: place.At,
				Advice: p.advise(ruleBase), pointers: []string{place.Pointer},
			})
		}
	}
	return list
}

// left returns the base paths of older that newer has no more.
func (p *pair) left(older, newer []string) (list []string) {
	now := neutral(newer, p.newer.Version)
	for _, base := range neutral(older, p.older.Version) {
		if !slices.Contains(now, base) {
			list = append(list, base)
		}
	}
	return list
}

// both yields the operations that both contracts have, in the order of the newer one.
func (p *pair) both() iter.Seq2[*openapi.Operation, *openapi.Operation] {
	before := make(map[string]*openapi.Operation)
	for _, op := range p.older.Operations {
		before[op.Method+" "+strings.TrimPrefix(op.Template, p.oldPrefix)] = op
	}
	return func(yield func(old, now *openapi.Operation) bool) {
		for _, op := range p.newer.Operations {
			old := before[op.Method+" "+strings.TrimPrefix(op.Template, p.newPrefix)]
			if old != nil && !yield(old, op) {
				return
			}
		}
	}
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
	var list []Change
	for old, op := range p.both() {
		if !open(old) || open(op) {
			continue
		}
		path := strings.TrimPrefix(op.Template, p.newPrefix)
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
