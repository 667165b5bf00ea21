// Package diff is the command that says which changes of contracts break clients.
//
//	command.go    gateway diff
//	pairs.go      what is compared with what
//	git.go        contracts as they were in a commit
//	text.go       the report for people; machine.go for JSON and GitHub; sarif.go
//
// What a change means is decided in internal/compat.
package diff

import "gateway/internal/compat"

// Comparison is one pair of contracts.
type Comparison struct {
	API string
	*compat.Report
	// Note says why there is nothing to compare, "" if there is.
	Note string
}

// breaks counts the breaking changes that neither a waiver nor a change file covers.
func breaks(list []Comparison) (n int) {
	for _, c := range list {
		if c.Report != nil {
			n += len(c.Breaks())
		}
	}
	return n
}
