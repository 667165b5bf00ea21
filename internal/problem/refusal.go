package problem

import (
	"net/http"
	"time"
)

// Refusal is one refused request: the reason and what is known about this
// occurrence. A refusal that needs no particulars is made once, at load, and
// shared by all requests; nobody writes to a Refusal after it was returned.
type Refusal struct {
	Reason *Reason
	// Status overrides the reason's status; 0 means it does not.
	Status int
	// Detail is one sentence about this occurrence that is safe to show to the
	// client: it never contains a value that the client sent.
	Detail string
	// Violations are the broken rules of a contract, in stable order.
	Violations []Violation
	// More counts the violations that the cap left out.
	More int
	// RetryAfter is how long the client should wait; 0 means not said. It becomes
	// Retry-After in whole seconds, rounded up, and the member "retry_after".
	RetryAfter time.Duration
	// Policies are the violated quota policies.
	Policies []string
	// Scopes are the scopes that the operation needs.
	Scopes []string
	// Versions are the supported API versions.
	Versions []string
	// Header is set on the response besides what the problem itself needs, such
	// as WWW-Authenticate or Allow. Keys are canonical.
	Header http.Header
	// Cause is for the log and the console, never for the client.
	Cause error
}

// Violation is one broken rule of a schema or parameter declaration.
type Violation struct {
	// Pointer is the JSON Pointer (RFC 6901) to the offending value in a body;
	// "" is the whole body. It is nil for a parameter.
	Pointer *string
	// Parameter is the parameter's name, and In where it stands: "path", "query",
	// "header" or "cookie". Both are empty for a body.
	Parameter, In string
	// Rule is the schema keyword that was broken, or "required", "style" and the like.
	Rule string
	// Expected is what the rule asks for: a JSON-able literal of the contract,
	// never of the request. Nil if the message says it all.
	Expected any
	// Message is a short sentence without subject: "must be at least 1".
	Message string
	// Hint helps where a near miss is likely: `did you mean "quantity"?`.
	Hint string
}

// New returns a refusal that has no particulars.
func New(reason *Reason) *Refusal { return &Refusal{Reason: reason} }

// Code is the status the client sees.
func (f *Refusal) Code() int {
	if f.Status != 0 {
		return f.Status
	}
	return f.Reason.Status
}

// Error gives the client-safe text: Caddy may print it through {err.message}.
func (f *Refusal) Error() string {
	face := f.Reason.Face()
	if f.Detail != "" && face == f.Reason {
		return face.Code + ": " + f.Detail
	}
	return face.Code + ": " + face.Title
}

// Unwrap returns the cause.
func (f *Refusal) Unwrap() error { return f.Cause }
