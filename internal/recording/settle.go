package recording

import (
	"slices"
	"strings"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/problem"
	"gateway/internal/secret"
)

// settle turns all captures into entries and tells those who wait. It returns whether
// somebody listens. Captures that are dropped meanwhile are not worth the work.
func (rec *Recording) settle() bool {
	rec.settling.Lock()
	defer rec.settling.Unlock()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	last := rec.seq
	for {
		i := rec.after(rec.settled)
		if i == rec.count || rec.at(i).seq > last {
			break
		}
		seq, raw := rec.at(i).seq, rec.at(i).raw
		rec.at(i).raw = nil // so that it stays ours if it is dropped
		rec.mu.Unlock()
		entry := raw.entry(false)
		entry.Seq = seq
		rec.recycle(raw)
		rec.mu.Lock()
		rec.settled = seq
		if i = rec.after(seq - 1); i < rec.count && rec.at(i).seq == seq {
			here := rec.at(i)
			rec.bytes += entry.size - here.size
			here.entry, here.size = entry, entry.size
			rec.evict() // masking may have made a text longer
		}
	}
	if rec.told != last {
		rec.settled, rec.told = last, last
		close(rec.news)
		rec.news = make(chan struct{})
	}
	return rec.listeners > 0
}

// entry makes what is shown of a capture. live means that the request is not over.
func (c *capture) entry(live bool) *Entry {
	o := &c.outcome
	if live {
		c.live()
	}
	e := &Entry{
		Remote: c.line.remote, Proto: c.line.proto, ClientIP: c.line.clientIP, Scheme: "http",
		Steps: []Step{}, Violations: []Violation{}, Masked: []string{},
	}
	e.Row = Row{
		ID: o.id, At: Moment(o.start), Method: text(c.line.method), Host: text(c.line.host), ReplayOf: c.replay,
		Version: text(o.version), Consumer: text(o.consumer), Group: o.group.String(), Status: o.status, BytesOut: o.bytes, Stream: o.stream.String(),
		Total: milli(o.total), Own: milli(o.own), Upstream: milli(o.upstream), Life: milli(o.life), BytesIn: c.requestSize,
	}
	if o.trace.HasTraceID() {
		e.TraceID = o.trace.TraceID().String()
	}
	if c.line.secure {
		e.Scheme = "https"
	}
	if c.line.local != nil {
		e.local = local{c.line.local.Network(), c.line.local.String(), c.line.serverName}
	}
	e.place(o)
	e.judge(o)
	m := masker{names: &e.Masked}
	e.messages(c, &m)
	e.steps(c, &m)
	slices.Sort(e.Masked)
	e.Masked = slices.Compact(e.Masked)
	e.size = e.measure()
	return e
}

// live fills in what is known of a request before it is over.
func (c *capture) live() {
	c.differences()
	c.outcome.of(c.x, c.r)
	c.outcome.live, c.outcome.total = true, time.Since(c.x.Start)
	if c.body != nil {
		c.requestBody, c.requestSize = c.body.look()
	}
	if c.handed != nil {
		c.forwardedBody, c.forwardedSize = c.handed.look()
	}
}

// place names the operation.
func (e *Entry) place(o *outcome) {
	e.Template, e.API = exchange.Other, exchange.Other
	if o.route == nil {
		return
	}
	e.Template, e.API, e.Operation = o.route.Template, o.route.API, o.route.Operation
	if e.Version == "" {
		e.Version = o.route.Version
	}
}

// judge says in one word what became of the request, and why.
func (e *Entry) judge(o *outcome) {
	e.Outcome = Answered
	if o.status == 0 && !o.aborted {
		e.Status = 200 // net/http answers for handlers that write nothing
	}
	stopped := false
	for i := range o.decisions {
		d := &o.decisions[i]
		if d.Refusal == nil {
			continue
		}
		switch d.Verdict {
		case exchange.Refused:
			e.Outcome, e.Reason, stopped = Refused, d.Refusal.Reason.Code, true
			e.violations(d.Refusal)
		case exchange.Reported:
			if e.Outcome == Answered {
				e.Outcome, e.Reason = Reported, d.Refusal.Reason.Code
				e.violations(d.Refusal)
			}
		}
	}
	if o.refusal != nil && !stopped {
		e.Outcome, e.Reason = Failed, o.refusal.Reason.Code
	}
	switch {
	case o.live:
		e.Outcome = Open
	case o.aborted:
		e.Outcome = Aborted
	}
}

// maxViolations bounds the broken rules of one request.
const maxViolations = 20

func (e *Entry) violations(refusal *problem.Refusal) {
	e.Violations, e.More = []Violation{}, refusal.More
	for i := range refusal.Violations {
		if i == maxViolations {
			e.More += len(refusal.Violations) - i
			return
		}
		v := &refusal.Violations[i]
		e.Violations = append(e.Violations, Violation{Place: brief(placeOf(v)), Rule: brief(v.Rule), Message: brief(v.Message), Hint: brief(v.Hint)})
	}
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

// steps makes the timeline, with what each step changed.
func (e *Entry) steps(c *capture, m *masker) {
	o := &c.outcome
	for i := range o.decisions {
		e.Steps = append(e.Steps, stepOf(&o.decisions[i], c.source(i), m))
	}
	if e.Outcome == Failed && o.refusal.Cause != nil {
		e.Steps = append(e.Steps, Step{
			StepRow: StepRow{Policy: "upstream", Verdict: Failed, Milli: milli(o.upstream)},
			Reason:  e.Reason, Detail: brief(o.refusal.Detail), Cause: m.cause(o.refusal.Cause), Changes: []Change{},
		})
	}
	for i := range c.changes {
		change := &c.changes[i]
		e.step(change.step).add(m.change(change))
	}
	e.bodyChange(c)
	e.Row.Steps = make([]StepRow, 0, len(o.decisions))
	for i := range e.Steps {
		e.Row.Steps = append(e.Row.Steps, e.Steps[i].StepRow)
	}
}

// source is where the policy of a step stands; that of a response is its request's.
func (c *capture) source(i int) string {
	d := &c.outcome.decisions[i]
	if d.Response {
		i = slices.IndexFunc(c.outcome.decisions[:i], func(other exchange.Decision) bool { return other.Policy == d.Policy && !other.Response })
	}
	if i < 0 || i >= len(c.sources) {
		return ""
	}
	return c.sources[i]
}

func stepOf(d *exchange.Decision, source string, m *masker) Step {
	s := Step{
		StepRow:  StepRow{Policy: d.Policy.String(), Name: text(d.Name), Verdict: d.Verdict.String(), Milli: milli(d.Took)},
		Response: d.Response, Changes: []Change{},
	}
	if d.Refusal != nil {
		s.Reason, s.Detail = d.Refusal.Reason.Code, brief(d.Refusal.Detail)
		if d.Refusal.Cause != nil {
			s.Cause = m.cause(d.Refusal.Cause)
		}
	}
	if source != "" {
		at := finding.ParseSource(source)
		s.Source = &Source{at.File, at.Line}
	}
	return s
}

// directives stands for what the other directives of a site changed.
const directives = "directives"

// step returns the step with an index; behind the last stand the other directives.
func (e *Entry) step(i int) *Step {
	if i < len(e.Steps) && e.Steps[i].Policy != "upstream" {
		return &e.Steps[i]
	}
	for i := range e.Steps {
		if e.Steps[i].Policy == directives {
			return &e.Steps[i]
		}
	}
	e.Steps = append(e.Steps, Step{StepRow: StepRow{Policy: directives, Verdict: exchange.Passed.String()}, Changes: []Change{}})
	return &e.Steps[len(e.Steps)-1]
}

func (s *Step) add(c Change) { s.Changes = append(s.Changes, c) }

// bodyChange shows how the body that the service read differs from the client's.
func (e *Entry) bodyChange(c *capture) {
	if e.Forwarded == nil || c.forwardedBody == nil && c.forwardedSize == 0 || e.Forwarded.Body.Text == e.Request.Body.Text {
		return
	}
	for i := range c.changes {
		if c.changes[i].where == exchange.RequestBody {
			return // the step has said so itself
		}
	}
	e.step(c.replaced).add(Change{Where: exchange.RequestBody.String(), Before: e.Request.Body.Text, After: e.Forwarded.Body.Text})
}

func milli(d time.Duration) float64 { return float64(d.Nanoseconds()/1000) / 1000 }

// maxBrief bounds the texts that are the gateway's own, in bytes.
const maxBrief = 400

// brief shortens a text of the gateway's own.
func brief(s string) string {
	if len(s) > maxBrief {
		s = s[:maxBrief] + "…"
	}
	return text(s)
}

// text makes valid text of what somebody sent, and keeps nothing else alive.
func text(s string) string { return strings.Clone(strings.ToValidUTF8(s, "\uFFFD")) }

func (m *masker) cause(err error) string { return brief(secret.Tokens(err.Error())) }
