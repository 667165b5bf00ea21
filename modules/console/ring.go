package console

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

const (
	// maxEntries bounds the requests that are remembered, maxViolations the broken rules
	// of each, and maxText every text: a ring takes up 2 MB at the very worst.
	maxEntries    = 200
	maxViolations = 5
	maxText       = 400
)

// entry is one request that did not go well. It holds nothing of what the client sent
// but the method: no path, no header field, no value.
type entry struct {
	At         time.Time   `json:"at"`
	RequestID  string      `json:"request_id"`
	Method     string      `json:"method"`
	API        string      `json:"api"`
	Version    string      `json:"version,omitempty"`
	Route      string      `json:"route"`
	Status     int         `json:"status"`
	Reason     string      `json:"reason"`
	Outcome    string      `json:"outcome"` // refused, reported or failed
	Response   bool        `json:"response,omitempty"`
	Detail     string      `json:"detail,omitempty"`
	Cause      string      `json:"cause,omitempty"`
	Violations []violation `json:"violations,omitempty"`
	More       int         `json:"more,omitempty"`
	Milli      float64     `json:"ms"`
}

// violation is one broken rule.
type violation struct {
	Place   string `json:"place"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// ring holds the last entries.
type ring struct {
	mu      sync.Mutex
	entries []entry
	next    int
	total   uint64
}

// record notes what was refused or would have been, and what failed.
func (r *ring) record(x *exchange.Exchange, request *http.Request) {
	told := false
	for i, d := range x.Decisions() {
		if d.Refusal == nil || (d.Verdict != exchange.Refused && d.Verdict != exchange.Reported) {
			continue
		}
		told = told || d.Refusal == x.Refusal
		r.add(entryOf(x, request, d.Refusal, d.Verdict.String(), x.Decisions()[i].Response))
	}
	if x.Refusal != nil && !told {
		r.add(entryOf(x, request, x.Refusal, "failed", false))
	}
}

func (r *ring) add(e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	if len(r.entries) < maxEntries {
		r.entries = append(r.entries, e)
		return
	}
	r.entries[r.next] = e
	r.next = (r.next + 1) % maxEntries
}

// list returns the entries, newest first.
func (r *ring) list() []entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Concat(r.entries[r.next:], r.entries[:r.next])
	slices.Reverse(list)
	if list == nil {
		return []entry{}
	}
	return list
}

// seen returns how many there have been, those that are forgotten included.
func (r *ring) seen() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

func entryOf(x *exchange.Exchange, r *http.Request, refusal *problem.Refusal, outcome string, response bool) entry {
	e := entry{
		At: x.Start.UTC(), RequestID: x.RequestID, Method: cut(r.Method), Version: cut(x.Version), Route: exchange.Other, API: exchange.Other,
		Status: x.Status, Reason: refusal.Reason.Code, Outcome: outcome, Response: response, Detail: cut(refusal.Detail),
		More: refusal.More, Milli: float64(x.Total.Microseconds()) / 1e3,
	}
	if x.Route != nil {
		e.API, e.Route = x.Route.API, x.Route.Template
	}
	if refusal.Cause != nil {
		e.Cause = cut(refusal.Cause.Error())
	}
	for i := range refusal.Violations {
		if i == maxViolations {
			e.More += len(refusal.Violations) - i
			break
		}
		v := &refusal.Violations[i]
		e.Violations = append(e.Violations, violation{Place: cut(placeOf(v)), Rule: cut(v.Rule), Message: cut(v.Message), Hint: cut(v.Hint)})
	}
	return e
}

// placeOf names the place of a violation: a JSON Pointer, or a parameter.
func placeOf(v *problem.Violation) string {
	switch {
	case v.Pointer == nil:
		return v.In + " " + v.Parameter
	case *v.Pointer == "":
		return "the whole body"
	}
	return *v.Pointer
}

// cut shortens a text, and copies it: what is remembered keeps nothing else alive.
func cut(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return strings.Clone(text)
}
