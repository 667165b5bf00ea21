package recording

import (
	"time"
)

// Moment is a time as the console has it: RFC 3339 in UTC, to the millisecond.
type Moment time.Time

const momentLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalText implements encoding.TextMarshaler.
func (m Moment) MarshalText() ([]byte, error) {
	return time.Time(m).UTC().AppendFormat(nil, momentLayout), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Moment) UnmarshalText(text []byte) error {
	parsed, err := time.Parse(time.RFC3339Nano, string(text))
	*m = Moment(parsed)
	return err
}

// The words for what became of a request.
const (
	Answered = "answered" // by the service, or what stands in its place
	Refused  = "refused"  // by a policy
	Failed   = "failed"   // below the policies
	Reported = "reported" // answered, but a policy would have refused it
	Aborted  = "aborted"  // cut off before its end
	Open     = "open"     // a stream that lives
)

// Row is one request as lists have it.
type Row struct {
	// Seq grows with each request. A stream has one when it begins and a higher one
	// when it has ended: with the same ID, the row replaces the one before.
	Seq       uint64    `json:"seq"`
	ID        string    `json:"id"`
	At        Moment    `json:"at"`
	Method    string    `json:"method"`
	Host      string    `json:"host"`
	Path      string    `json:"path"`
	Query     string    `json:"query"` // of the target, masked
	Template  string    `json:"template"`
	Operation string    `json:"operation"`
	API       string    `json:"api"`
	Version   string    `json:"version"`
	Status    int       `json:"status"`
	Outcome   string    `json:"outcome"`
	Reason    string    `json:"reason"`
	Consumer  string    `json:"consumer"`
	Group     string    `json:"group"` // of a canary, or ""
	Total     float64   `json:"total_ms"`
	Own       float64   `json:"own_ms"`
	Upstream  float64   `json:"upstream_ms"`
	Life      float64   `json:"life_ms"` // of a stream that has ended, beside Total
	BytesIn   int64     `json:"bytes_in"`
	BytesOut  int64     `json:"bytes_out"`
	Stream    string    `json:"stream"`
	Steps     []StepRow `json:"steps"`
	ReplayOf  string    `json:"replay_of"`
}

// StepRow is one step as lists have it.
type StepRow struct {
	Policy  string  `json:"policy"`
	Name    string  `json:"name"`
	Verdict string  `json:"verdict"`
	Milli   float64 `json:"ms"`
}

// Entry is one request with all that is known of it. Nobody writes to one.
type Entry struct {
	Row
	Remote     string      `json:"remote"`
	Proto      string      `json:"proto"`
	ClientIP   string      `json:"client_ip"`
	TraceID    string      `json:"trace_id"`
	Steps      []Step      `json:"steps"`
	Violations []Violation `json:"violations"`
	More       int         `json:"more"` // violations that are left out
	Request    Message     `json:"request"`
	Forwarded  *Message    `json:"forwarded"` // nil: the service got nothing
	Response   Answer      `json:"response"`
	// Masked names what is not shown: request.header.Authorization.
	Masked []string `json:"masked"`
	// Scheme is http or https.
	Scheme string `json:"scheme"`

	local local
	size  int64
}

// local is where the request came in.
type local struct{ network, address, serverName string }

// Step is one step of a policy.
type Step struct {
	StepRow
	Reason   string   `json:"reason"`
	Response bool     `json:"response"`
	Detail   string   `json:"detail"`
	Cause    string   `json:"cause"`
	Source   *Source  `json:"source"`
	Changes  []Change `json:"changes"`
}

// Source is a place in a configuration or contract.
type Source struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Change is what a step changed; Before or After are empty for what was added or
// removed.
type Change struct {
	Where  string `json:"where"`
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Violation is one broken rule.
type Violation struct {
	Place   string `json:"place"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Message is a request.
type Message struct {
	Method string      `json:"method"`
	Target string      `json:"target"`
	Header [][2]string `json:"header"`
	Body   Body        `json:"body"`
}

// Answer is a response.
type Answer struct {
	Status int         `json:"status"`
	Header [][2]string `json:"header"`
	Body   Body        `json:"body"`
}

// Body is the beginning of a body. Text is empty if it is binary: what cannot be
// read cannot be masked either.
type Body struct {
	Text      string `json:"text"`
	Bytes     int64  `json:"bytes"`
	Truncated bool   `json:"truncated"`
	MediaType string `json:"media_type"`
	Encoding  string `json:"encoding"` // the content coding it came in
	Binary    bool   `json:"binary"`
	Invalid   bool   `json:"invalid_utf8"`
}
