// Package change carries messages between the versions of an API.
//
// What a version changed against the one before it stands in its folder, in
// changes/*.yaml, one file for each breaking change, oldest first by name. A file says
// for people and for the gateway what became of the old form:
//
//	description: The quantity of an item is called quantity.
//	schema: Item
//	steps:
//	  - rename: qty
//	    to: quantity
//
// Requests of an old client are carried forward to what the service speaks, and its
// responses are carried back. At load every file is followed through the schemas of the
// contracts: shape.go holds what is known about a value at a point between two versions,
// target.go finds where a change applies, and its steps reshape that, so that
// each later change is read against what the earlier ones made. What comes out is a
// program for each body of each operation. An operation that no change touches has none.
//
//	file.go, filestep.go   the files, read strictly; place.go for places in values
//	shape.go, schema.go    what values look like, from the schemas of a contract
//	target.go, walk.go     where a change applies; guard.go for alternatives
//	step*.go               the steps: what they do to shapes and to values
//	text.go, tree.go       JSON texts and values, of which only what changes is opened
//	compile.go, leg.go     one version against the next; compare.go; plan.go for all of them
//	carrier.go, program.go  the request path: bodies; fields.go, reroute.go, pointers.go for the rest
package change

import (
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// Change is one breaking change: one file.
type Change struct {
	// Version is the version that made the change.
	Version string
	// File is the path of the file.
	File string
	// Description is a sentence for people.
	Description string
	// Operations are the operations of the older contract that the change touches.
	Operations []string
	// Lossless tells that what an old client sends comes back to it as it was.
	Lossless bool
	// Loses says what is lost otherwise.
	Loses string
	// Source is where the description stands.
	Source openapi.Position

	schemas    []word
	operations []word
	steps      []step            // of the schemas
	request    []step            // of request bodies
	response   map[string][]step // of response bodies, by status
	parameters []step
	headers    []step // of responses
	statuses   []status
	becomes    *word // the operation's new name
	stays      bool  // the newer version has not the operation, and the service still answers it

	// cover is what the change carries clients over, by operation and place.
	cover map[string]bool
}

// word is a word of a file with its place.
type word struct {
	text string
	at   finding.Position
}

// status is a status that became another one.
type status struct {
	from, to int
	at       finding.Position
}

// flaw is a finding about a word.
func (w word) flaw(message, hint string) *finding.Error {
	return &finding.Error{Message: message, At: w.at, Word: w.text, Hint: hint}
}
