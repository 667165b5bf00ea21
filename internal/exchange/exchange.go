// Package exchange holds the record of one request: which operation it is, who
// sent it, and what every policy decided about it.
//
// Every surface (response body, header, log field, metric label, span attribute,
// console row) is a view of that one record, so the same event has the same word
// everywhere. The first gateway handler that a request meets opens the exchange and
// closes it; all further handlers find it in the request's variables and add their
// step. A policy implements Decider and embeds a Step; see step.go.
package exchange

import (
	"net/http"
	"time"

	"gateway/internal/problem"
)

// Policy names a step of the pipeline.
type Policy uint8

// The policies in the order of the pipeline.
const (
	API Policy = iota // canonical path, contract, route
	Versioning
	Auth
	RateLimit
	Validate
	Changes     // what the request becomes for the version that the service speaks
	PolicyCount // how many there are; not a policy
)

var policyNames = [PolicyCount]string{"api", "versioning", "auth", "ratelimit", "validate", "change"}

// String returns the policy's directive.
func (p Policy) String() string { return policyNames[p] }

// Verdict is what a policy decided.
type Verdict uint8

// Verdicts.
const (
	Passed   Verdict = iota
	Refused          // and the request was stopped
	Reported         // would have been refused, but the policy only reports
	Skipped          // switched off, or nothing to decide for this operation
	VerdictCount
)

var verdictNames = [VerdictCount]string{"passed", "refused", "reported", "skipped"}

// String returns the word for logs and the metric label "decision".
func (v Verdict) String() string { return verdictNames[v] }

// Decision is the step of one policy in one exchange.
type Decision struct {
	Policy  Policy
	Verdict Verdict
	// Response tells that it is about the response and not about the request. If the
	// verdict is Skipped, Name is one of Unchecked.
	Response bool
	// Name tells several policies of one kind apart, such as two limits. May be empty.
	Name string
	// Refusal is what the policy said when it refused or would have. Nil otherwise.
	Refusal *problem.Refusal
	// Took is the time the policy itself needed.
	Took time.Duration
}

// Identity is a verified caller. It is only ever set by auth, after the final yes.
type Identity interface {
	// Subject is the caller's stable name, "" if the token has none.
	Subject() string
	// Placeholder gives the value of {http.auth.user.<name>}.
	Placeholder(name string) (any, bool)
	// Claim gives what the issuer says under a path, with dots between the names of
	// nested objects: a string, json.Number, bool, []any or map[string]any.
	Claim(path string) (any, bool)
}

// Route is what is known at load about the operation that a request matched. Routes
// are made once per contract and shared by all requests; nobody writes to one after.
type Route struct {
	// API and Version are the names from the configuration and the contract folder.
	API, Version string
	// Method and Template are the contract's, the template with the base path:
	// "/v1/orders/{id}". Template is "_other" for requests that match no operation.
	Method, Template string
	// Operation is the contract's operationId, or "METHOD template".
	Operation string
	// Source is where the contract describes the operation, "file:line"; "" if unknown.
	Source string
	// Parameters tells that a path of this operation may hold ";".
	Parameters bool
	// Prepared holds what each policy compiled for this operation at load.
	Prepared [PolicyCount]any
	// Answer is what the operation is answered with where no service stands behind the
	// gateway; nil if one does.
	Answer any
	// Series is telemetry's: the metric children of this route.
	Series any
}

// Other is the label value of whatever is not known.
const Other = "_other"

// Exchange is the record of one request. It lives as long as the request: the
// access log and the error routes read it after the handlers have returned.
//
// Each request allocates one, so it has 512 bytes at most: beyond them the allocator
// keeps a header for each object, and everything costs twice as much. What only requests
// that pass several policies need stands in more.
type Exchange struct {
	// RequestID names the request everywhere. Its bytes are a part of the record, so
	// whoever keeps it for longer than the request lives clones it.
	RequestID string
	Start     time.Time
	// Route is nil until a contract's router has spoken.
	Route *Route
	// Params are the raw values of the path parameters, decoded, in the order of
	// the template.
	Params []string
	// Version is the API version that versioning chose, "" if there is none.
	Version  string
	Identity Identity
	// Plan is what a limit's tier says about the caller, one of the values that the
	// configuration lists; "" if none does.
	Plan string
	// Way is how the request reaches the version that the service speaks; nil if that is
	// its own.
	Way any
	// Credentials are the request fields that auth looks for credentials in, as
	// configured; nil if no auth has looked.
	Credentials *[]string

	// Refusal is what the request was answered with, if it was refused by a policy
	// or failed upstream.
	Refusal *problem.Refusal
	// Status and Bytes are those of the response; Status is 0 until it began.
	Status int
	Bytes  int64
	// Total is what the request took, once the exchange is closed, and Own the gateway's
	// work up to the last policy. If the response is a stream, they end where it begins.
	Total, Own time.Duration
	// Life is how long a stream lasted, Stream what it is.
	Life time.Duration

	// Stream is what the response became.
	Stream Stream
	// Group is the part of the traffic that the request belongs to, where a canary takes
	// a share of it.
	Group Group
	// Deprecated are the deprecated things of the contract that the request used.
	Deprecated Deprecated
	// Forwarded tells that all policies let the request through.
	Forwarded bool
	// Aborted tells that the response was cut off.
	Aborted bool
	// Logged tells that the server writes an access log.
	Logged bool
	// Traced tells that the context of the request has a span. Caddy's tracing leaves the
	// id of the trace behind as a variable, which is found sooner than a span that a
	// context does not have.
	Traced bool
	// ServerTiming tells the client how long the steps took. The recorder may set it
	// in Begin.
	ServerTiming bool
	exposed      bool  // the replacer knows the placeholders
	steps        uint8 // how many decisions there are
	fields       uint8 // how many of owned are in use

	// Watcher sees the exchange while it happens, nil if nobody looks. The recorder may
	// set it in Begin.
	Watcher Watcher

	response response
	recorder Recorder
	handed   time.Duration // when the last policy passed the request on, since Start
	ahead    time.Duration // what auth has done before its turn
	step     [1]Decision   // the decisions, if there is only one
	owned    [usualOwned]ownedField
	id       [1]string    // the value of the request id's field
	idText   [idSize]byte // the text of an id that was made here
	more     *more        // nil as long as it is empty
}

// Upstream is the part of Total that lies below the last policy, including the writing
// of the response, once the exchange is closed. It is 0 if a policy ended the request.
func (x *Exchange) Upstream() time.Duration {
	if !x.Forwarded {
		return 0
	}
	return x.Total - x.Own
}

// Returning is a Way that corrects what the header of a response points to, before it is
// written.
type Returning interface {
	// Return gets the request as the service got it.
	Return(sent *http.Request, header http.Header)
}

// Deprecated is a set of things that a contract marks as deprecated.
type Deprecated uint8

// Things that can be deprecated.
const (
	DeprecatedOperation Deprecated = 1 << iota
	DeprecatedParameter
)

// elapsed returns the time since the start. It reads one clock, where time.Now reads two.
func (x *Exchange) elapsed() time.Duration { return time.Since(x.Start) }

// Prepared returns what a policy compiled for the matched operation, or nil.
func (x *Exchange) Prepared(p Policy) any {
	if x.Route == nil {
		return nil
	}
	return x.Route.Prepared[p]
}
