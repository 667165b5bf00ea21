// Package compat compares two contracts and says which changes break clients.
//
// oasdiff finds the changes; oasdiff.go is the only file that knows it. This package adds
// what clients of a gateway need besides: places in the files as they are written, a
// severity of its own where oasdiff is too mild or too strict (overlay.go), rules about
// base paths and security (own.go), what to do about each change (advice.go), waivers
// with a reason in the contract (waiver.go), and published versions that are frozen
// (lock.go).
package compat

import (
	"cmp"
	"slices"
	"strings"

	"gateway/internal/openapi"
)

// Severity is what a change means for clients.
type Severity string

// Severities.
const (
	Breaking   Severity = "breaking"   // some client that keeps to the old contract fails
	Warning    Severity = "warning"    // some client may fail; nobody can tell from the contracts
	Compatible Severity = "compatible" // no client fails
)

var severityRank = map[Severity]int{Breaking: 0, Warning: 1, Compatible: 2}

// Change is one difference between two contracts.
type Change struct {
	Severity Severity
	// Rule is the stable name of the kind of change, for waivers.
	Rule string
	// Message says what has changed, without the operation.
	Message string
	// Operations are those whose clients notice, such as "GET /orders"; empty for the
	// whole API.
	Operations []string
	// Old and New are the places in both contracts. Where one side has nothing, it is
	// where it would stand.
	Old, New openapi.Position
	// Advice is what to do about it, "" for a compatible change.
	Advice string
	// Overlay says why the severity is not that of oasdiff, "" if it is.
	Overlay string
	// Covered is the change file that carries old clients over the break, "" for none.
	Covered string
	// Carried tells that change files were looked at.
	Carried bool
	// Waived is the reason of the waiver that covers the change, "" for none.
	Waived string

	pointers   []string // in the new contract: the place, and the operation
	oldPointer string   // the place in the old contract
}

// Report is everything that differs.
type Report struct {
	// Old and New name what was compared.
	Old, New string
	Changes  []Change
	// Unused are waivers that cover no change.
	Unused []Waiver
}

// Breaks returns the breaking changes that neither a waiver nor a change file covers.
func (r *Report) Breaks() []Change {
	var list []Change
	for _, c := range r.Changes {
		if c.Severity == Breaking && c.Waived == "" && c.Covered == "" {
			list = append(list, c)
		}
	}
	return list
}

// Side is one of two contracts.
type Side struct {
	*openapi.Traced
	// Label names it in reports.
	Label string
	// Version is its version, "" for none. A version that begins every path of one side
	// does not make its paths different from those of the other.
	Version string
}

// Compare returns what has changed from one contract to another. An error is about a
// contract that cannot be compared, or a waiver that is wrong.
func Compare(older, newer Side) (*Report, error) {
	plain := older.Release30() == newer.Release30()
	p := &pair{older: older, newer: newer, old: older.Text(plain), new: newer.Text(plain)}
	p.oldPrefix, p.newPrefix = older.prefix(), newer.prefix()
	waivers, err := readWaivers(&p.new)
	if err != nil {
		return nil, err
	}
	found, err := compareTexts(p.old, p.new, p.oldPrefix, p.newPrefix)
	if err != nil {
		return nil, err
	}
	r := &Report{Old: older.Label, New: newer.Label}
	for i := range found {
		r.add(p.change(&found[i]))
	}
	for _, c := range p.own() {
		r.add(c)
	}
	r.Unused = cover(r.Changes, waivers)
	slices.SortStableFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(severityRank[a.Severity], severityRank[b.Severity]), strings.Compare(a.New.File, b.New.File), cmp.Compare(a.New.Line, b.New.Line))
	})
	return r, nil
}

// add takes a change in. One place that several operations use is one change.
func (r *Report) add(c Change) {
	for i := range r.Changes {
		known := &r.Changes[i]
		if known.Rule == c.Rule && known.Old == c.Old && known.New == c.New && known.Severity == c.Severity {
			for _, op := range c.Operations {
				if !slices.Contains(known.Operations, op) {
					known.Operations = append(known.Operations, op)
				}
			}
			known.pointers = append(known.pointers, c.pointers...)
			return
		}
	}
	r.Changes = append(r.Changes, c)
}

// prefix returns the first segment of all paths, if it is the version.
func (s *Side) prefix() string {
	if s.Version == "" || len(s.Operations) == 0 {
		return ""
	}
	prefix := "/" + s.Version
	for _, op := range s.Operations {
		if !strings.HasPrefix(op.Template, prefix+"/") {
			return ""
		}
	}
	return prefix
}

// pair is two contracts while they are compared.
type pair struct {
	older, newer         Side
	old, new             openapi.Text
	oldPrefix, newPrefix string
}

// change gives a change of oasdiff its places, severity and advice.
func (p *pair) change(r *raw) Change {
	c := Change{Rule: r.rule, Message: r.text}
	c.Severity, c.Overlay = overlay(r)
	if r.method != "" && r.path != "" {
		c.Operations = []string{r.method + " " + r.path}
	}
	was, hasOld := p.old.At(r.oldLine)
	now, hasNew := p.new.At(r.newLine)
	if !hasOld && !hasNew {
		was = p.old.Find(operationPointer(r.method, p.oldPrefix+r.path))
		hasOld = true
	}
	if !hasNew {
		now = p.new.Find(p.across(was.Pointer, p.oldPrefix, p.newPrefix))
	}
	if !hasOld {
		was = p.old.Find(p.across(now.Pointer, p.newPrefix, p.oldPrefix))
	}
	c.Old, c.New = was.At, now.At
	c.oldPointer = was.Pointer
	c.pointers = []string{now.Pointer, p.new.Find(operationPointer(r.method, p.newPrefix+r.path)).Pointer}
	if c.Severity != Compatible {
		c.Advice = p.advise(r.rule)
	}
	return c
}

// operationPointer is the place of an operation.
func operationPointer(method, path string) string {
	if method == "" || path == "" {
		return ""
	}
	item := "/paths/" + escapeToken(path)
	if op := (openapi.Operation{Method: method}); op.Additional() {
		return item + "/additionalOperations/" + escapeToken(method)
	}
	return item + "/" + strings.ToLower(method)
}

var escapeToken = strings.NewReplacer("~", "~0", "/", "~1").Replace

// lists are members whose items are not told apart by their index.
var lists = []string{"parameters", "enum", "required", "type", "security", "servers", "tags", "examples", "prefixItems"}

// across is the place that one contract has at pointer, in the other: with the other
// version in the path, and up to the first list whose items change places.
func (p *pair) across(pointer, from, to string) string {
	if rest, ok := strings.CutPrefix(pointer, "/paths/"+escapeToken(from+"/")); ok && from != to {
		pointer = "/paths/" + escapeToken(to+"/") + rest
	}
	tokens := strings.Split(pointer, "/")
	for i := 1; i < len(tokens); i++ {
		if slices.Contains(lists, tokens[i-1]) && isIndex(tokens[i]) {
			return strings.Join(tokens[:i], "/")
		}
	}
	return pointer
}

func isIndex(token string) bool {
	return token != "" && strings.Trim(token, "0123456789") == ""
}
