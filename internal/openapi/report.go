package openapi

import (
	"cmp"
	"fmt"
	"slices"

	"gateway/internal/finding"
)

// maxFindings bounds how many findings one load reports.
const maxFindings = 100

// report collects what is wrong with a contract.
type report struct {
	errors   finding.List
	warnings finding.List
	seen     map[string]bool
}

// add records a reason to refuse the contract.
func (r *report) add(e finding.Error) {
	if r.fresh(e) {
		r.errors = append(r.errors, &e)
	}
}

// warn records a doubt that changes nothing at the gateway.
func (r *report) warn(e finding.Error) {
	if r.fresh(e) {
		r.warnings = append(r.warnings, &e)
	}
}

// fresh tells whether nobody has said this of this place.
func (r *report) fresh(e finding.Error) bool {
	key := e.At.String() + " " + e.Message
	if r.seen == nil {
		r.seen = make(map[string]bool)
	}
	if r.seen[key] {
		return false
	}
	r.seen[key] = true
	return true
}

// err returns the findings in the order of the files, or nil.
func (r *report) err() error {
	list := inOrder(r.errors)
	if len(list) > maxFindings {
		last := *list[maxFindings]
		last = finding.Error{Message: fmt.Sprintf("%d more findings are not shown", len(list)-maxFindings), At: last.At}
		list = append(list[:maxFindings:maxFindings], &last)
	}
	return list.Err()
}

// inOrder sorts findings by file, then by place.
func inOrder(list finding.List) finding.List {
	slices.SortStableFunc(list, func(a, b *finding.Error) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	return list
}

// duplicate reports a member name that occurs twice in one object.
func (r *report) duplicate(f *file, member name) {
	r.add(finding.Error{
		Message: fmt.Sprintf("%q is given twice; readers disagree about which one counts", member.text),
		At:      finding.Position{File: f.shown, Line: int(member.line), Column: int(member.column)},
		Word:    member.text,
		Hint:    "remove one of the two",
	})
}
