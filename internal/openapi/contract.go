// Package openapi loads contracts: OpenAPI 3.0, 3.1 and 3.2 documents, JSON or YAML.
//
// A contract is read, checked and normalised once, at load. What comes out is plain
// data that the policies compile for the request path.
//
// On the way the files become trees of nodes that know their places (json.go,
// yaml.go). A walk along tables of what the specification allows (grammar.go,
// keywords.go) checks them and resolves their references (check.go, refs.go). Out of
// the checked trees come the model (operations.go and its neighbours) and one
// document with every file in it (bundle.go). kin-openapi is used in findings.go only,
// for the rules that say nothing about requests.
package openapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// Contract is one loaded and checked document.
type Contract struct {
	// File is the path of the document that was loaded.
	File string
	// Title and Release are info.title and info.version.
	Title, Release string
	// Bases are the distinct base paths of the servers, "" for "/": never with a
	// slash at the end.
	Bases []string
	// Operations, in the order of the document: by path, then method.
	Operations []*Operation
	// Extensions are the x- members of the document.
	Extensions map[string]Extension
	// Document is the whole contract as JSON, what it refers to in other files taken
	// into components, and its schemas in JSON Schema 2020-12 form whatever the
	// contract's version. Every "$ref" in a schema is a fragment with a JSON Pointer,
	// "#/components/schemas/Order". The schemas below point into it.
	Document []byte
	// Warnings are doubts about the document that change nothing at the gateway.
	Warnings []*finding.Error
	// Files are all files that were read, for watching.
	Files []string
	// Hash is the SHA-256 of the contents of Files, in hex.
	Hash string

	// checked is what the contract was made of, until Settle.
	checked *checker
}

// Extension is the value of an x- member, decoded, with numbers as json.Number.
type Extension struct {
	Value any
	// Source is where its name stands.
	Source Position
}

// Operation is one method on one path template.
type Operation struct {
	// ID is the operationId, or "METHOD template".
	ID string
	// Method is as requests have it: upper case, but for what additionalOperations
	// calls otherwise.
	Method string
	// Template is the path template as the document has it: "/orders/{id}".
	Template string
	// Bases are the base paths of the operation: those of the contract, unless its
	// path or the operation itself has servers of its own.
	Bases      []string
	Parameters []Parameter
	// Body is nil if the operation declares none.
	Body *Body
	// Security lists the alternatives, each of which is enough. Nil means that the
	// contract says nothing; an empty alternative means that anonymous is fine.
	Security   []Alternative
	Deprecated bool
	// Responses are the declared responses by status ("200", "4XX", "default").
	Responses map[string]Response
	// Extensions are the x- members of the operation, decoded, with numbers as
	// json.Number.
	Extensions map[string]any
	// Source is where the method stands.
	Source Position
}

// Matrix tells whether the operation has a path parameter of style matrix, so that ";"
// has a meaning in its paths (RFC 6570 §3.2.7).
func (op *Operation) Matrix() bool {
	for i := range op.Parameters {
		if op.Parameters[i].Style == "matrix" {
			return true
		}
	}
	return false
}

// Statuses returns the names of the declared responses in order: exact ones, then
// ranges, then the default.
func (op *Operation) Statuses() []string {
	return slices.SortedFunc(maps.Keys(op.Responses), func(a, b string) int {
		return cmp.Or(cmp.Compare(statusOrder(a), statusOrder(b)), strings.Compare(a, b))
	})
}

func statusOrder(status string) int {
	switch {
	case status == "default":
		return 2
	case strings.HasSuffix(status, "XX"):
		return 1
	}
	return 0
}

// Position is a place in a file; Line and Column count from 1, 0 is unknown.
type Position struct {
	File         string
	Line, Column int
}

// Schema points at a schema within Contract.Document: a JSON Pointer such as
// "/paths/~1orders/post/requestBody/content/application~1json/schema". Empty means
// that there is none and everything is valid.
type Schema string

// Fragment returns the pointer as the fragment of a URI: "#/paths/~1orders~1%7Bid%7D/…".
func (s Schema) Fragment() string { return "#" + fragment(string(s)) }

// Parameter is one path, query, header or cookie parameter of an operation, with
// the defaults of the specification filled in.
type Parameter struct {
	Name, In        string
	Required        bool
	Deprecated      bool
	AllowEmptyValue bool
	AllowReserved   bool
	// Style and Explode say how the value is serialised. Style is "" for a
	// parameter with Content.
	Style   string
	Explode bool
	Schema  Schema
	// Content is the media type of a parameter that is serialised as a document.
	Content string
	// Examples are the decoded example values.
	Examples []Example
	// Source is where the name stands.
	Source Position
}

// Body is the request body of an operation.
type Body struct {
	Required bool
	Content  []Media
	Source   Position
}

// Media is one declared media type, lower case without parameters; may be a range
// such as "application/*" or "*/*".
type Media struct {
	Type   string
	Schema Schema
	// Encoding is the declared encoding of form fields by property name.
	Encoding map[string]Encoding
	// Examples are the decoded example values of the media type, with where they stand.
	Examples []Example
}

// Encoding is how one property of a form body is serialised.
//
// ContentType is "" where the contract leaves it to the type of the property. Style
// is "" where it gives none; Explode is then true, as for the style form.
type Encoding struct {
	ContentType, Style string
	Explode            bool
	AllowReserved      bool
}

// Example is one example value.
type Example struct {
	Name string
	// Value is decoded JSON, with numbers as json.Number.
	Value any
	// Text is the same as JSON text, the members in the order of the contract.
	Text   json.RawMessage
	Source Position
}

// Response is one declared response.
type Response struct {
	Content []Media
	// Headers are the declared header fields, each a parameter in "header". Content-Type
	// is not among them: Content speaks of it (3.1.1 §4.8.17).
	Headers []Parameter
	// Source is where the status stands.
	Source Position
}

// Alternative is a set of security requirements that must all be met.
type Alternative []Requirement

// Requirement is one security scheme with the scopes that it must grant.
type Requirement struct {
	// Name is the scheme's name, Type and Scheme what it is: type "http" with
	// scheme "bearer" or "basic", "oauth2", "openIdConnect", "apiKey", "mutualTLS".
	// Scheme is lower case.
	Name, Type, Scheme string
	Scopes             []string
	// In and Param are where an apiKey stands: "query", "header" or "cookie", and
	// the name there.
	In, Param string
}
