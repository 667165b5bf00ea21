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
	"sync/atomic"
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

// maxDecisions bounds the steps of one exchange; more limits on one request than
// this are still enforced, but not recorded. The record has room for usualDecisions of
// them; more cost an allocation.
const (
	maxDecisions   = 8
	usualDecisions = 6
)

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
type Exchange struct {
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
	// Verified is whose token it is where that has to be known before the version and
	// the operation are; auth has not said yes yet. It is nil as soon as auth has spoken.
	Verified Identity
	// Way is how the request reaches the version that the service speaks; nil if that is
	// its own.
	Way any
	// Sent is the request as the service gets it, where it is on a way whose response may
	// point somewhere; see Returning.
	Sent *http.Request
	// Credentials are the request fields that auth looks for credentials in.
	Credentials []string

	// Refusal is what the request was answered with, if it was refused by a policy
	// or failed upstream.
	Refusal *problem.Refusal
	// Status and Bytes are those of the response; Status is 0 until it began.
	Status int
	Bytes  int64
	// Total = Own + Upstream, once the exchange is closed. Own is the gateway's
	// work up to the last policy; Upstream is everything below it, including the
	// writing of the response. If that is a stream, they end where it begins.
	Total, Own, Upstream time.Duration
	// Life is how long a stream lasted, Stream what it is.
	Life time.Duration

	// What takes little room stands together: the record has 1,016 bytes, behind which
	// the next size class of the allocator begins.

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
	// ServerTiming tells the client how long the steps took. The recorder may set it
	// in Begin.
	ServerTiming bool
	exposed      bool // the replacer knows the placeholders

	// Watcher sees the exchange while it happens, nil if nobody looks. The recorder may
	// set it in Begin.
	Watcher Watcher

	response   response
	recorder   Recorder
	began      time.Duration // when the response became a stream, since Start
	tunnelled  atomic.Int64  // bytes written past the response
	decisions  []Decision
	usualSteps [usualDecisions]Decision // room for decisions
	handed     time.Duration            // when the last policy passed the request on, since Start
	ahead      time.Duration            // what auth has done before its turn
	owned      []ownedField
	usual      [usualOwned]ownedField // room for owned
	vary       []string
	varyRoom   [2]string // room for vary
	params     [4]string // room for Params
	id         [1]string // the value of the request id's field
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

// ParamsBuffer returns an empty slice with room for the path parameters of most
// operations, so that matching them costs no allocation.
func (x *Exchange) ParamsBuffer() []string { return x.params[:0] }

// Decisions returns the steps so far, in order.
func (x *Exchange) Decisions() []Decision { return x.decisions }

func (x *Exchange) add(d Decision) {
	if x.decisions == nil {
		x.decisions = x.usualSteps[:0]
	}
	if len(x.decisions) < maxDecisions {
		x.decisions = append(x.decisions, d)
	}
}

// elapsed returns the time since the start. It reads one clock, where time.Now reads two.
func (x *Exchange) elapsed() time.Duration { return time.Since(x.Start) }

// Prepared returns what a policy compiled for the matched operation, or nil.
func (x *Exchange) Prepared(p Policy) any {
	if x.Route == nil {
		return nil
	}
	return x.Route.Prepared[p]
}
