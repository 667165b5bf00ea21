package recording

import (
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// outcome is what became of a request, by value: error routes may add steps to the
// exchange after it was recorded.
type outcome struct {
	id                         string
	start, end                 time.Time
	route                      *exchange.Route
	version, consumer          string
	group                      exchange.Group
	refusal                    *problem.Refusal
	status                     int
	bytes                      int64
	total, own, upstream, life time.Duration
	stream                     exchange.Stream
	aborted, live              bool
	decisions                  []exchange.Decision
	trace                      trace.SpanContext
}

// of takes what the exchange says.
func (o *outcome) of(x *exchange.Exchange, r *http.Request) {
	o.id, o.start, o.route, o.version, o.refusal = strings.Clone(x.RequestID), x.Start, x.Route, x.Version, x.Refusal
	o.status, o.bytes, o.stream, o.aborted = x.Status, x.Bytes, x.Stream, x.Aborted
	o.total, o.own, o.upstream, o.life = x.Total, x.Own, x.Upstream(), x.Life
	o.live = false
	o.group, o.decisions = x.Group, append(o.decisions[:0], x.Decisions()...)
	o.trace = trace.SpanContext{}
	if x.Traced {
		o.trace = trace.SpanContextFromContext(r.Context())
	}
	if x.Identity != nil {
		o.consumer = shorten(x.Identity.Subject(), maxValue)
	}
}

// end closes the capture: whatever it refers to is cut to the bounds. It returns the
// size of all that it keeps.
func (c *capture) end(r *http.Request) int64 {
	if !c.slender {
		c.after = true
		c.differences()
	}
	c.outcome.of(c.x, r)
	held := captureSize + int64(cap(c.written)) + c.noted
	if c.body != nil {
		c.requestBody, c.requestSize = c.body.end()
		held += int64(cap(c.requestBody))
	}
	if c.handed != nil {
		c.forwardedBody, c.forwardedSize = c.handed.end()
		held += int64(cap(c.forwardedBody))
	}
	c.rec.inFlight.Add(-held)
	c.x.Watcher = nil // whoever writes later is not heard
	c.x, c.r, c.body, c.handed = nil, nil, nil, nil
	return held + c.cut()
}

// cut shortens all texts and returns how many bytes they take up.
func (c *capture) cut() int64 {
	l := &c.line
	if len(l.target) > maxTarget { // of which the others may be parts
		for _, text := range [...]*string{&l.method, &l.proto, &l.path, &l.host, &c.path, &c.query} {
			*text = strings.Clone(shorten(*text, maxTarget))
		}
	}
	l.method, l.host, l.path, l.target = shorten(l.method, maxValue), shorten(l.host, maxValue), shorten(l.path, maxTarget), shorten(l.target, maxTarget)
	c.path, c.query = shorten(c.path, maxTarget), shorten(c.query, maxTarget)
	size := int64(len(l.method) + len(l.host) + len(l.path) + len(l.target) + len(c.path) + len(c.query))
	for _, fields := range [...][]field{c.client, c.now, c.answer} {
		for i := range fields {
			size += fields[i].cut()
		}
	}
	for i := range c.outcome.decisions {
		size += sizeOf(c.outcome.decisions[i].Refusal)
	}
	return size + sizeOf(c.outcome.refusal)
}

// reset empties a capture. It tells whether another request may have it: one that has
// grown by an unusual request is left to the garbage collector.
func (c *capture) reset() bool {
	clear(c.written)
	clear(c.client)
	clear(c.now)
	clear(c.answer)
	clear(c.changes)
	clear(c.sources)
	clear(c.outcome.decisions)
	*c = capture{
		client: c.client[:0], now: c.now[:0], answer: c.answer[:0], changes: c.changes[:0], written: c.written[:0], sources: c.sources[:0],
		outcome: outcome{decisions: c.outcome.decisions[:0]},
	}
	return cap(c.written) <= maxBody && cap(c.client) <= maxFields
}
