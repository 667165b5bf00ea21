package recording

import (
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
)

// capture is one request while it happens, and until it is settled. It refers to what
// the request holds anyway; only bodies are copied. Once the request is over, it holds
// no more of it than the bounds allow.
type capture struct {
	rec *Recording
	x   *exchange.Exchange
	r   *http.Request

	line     line
	client   []field // as the client sent them
	now      []field // as the last step left them, once they differ
	parted   bool    // they do
	left     int     // fields that there was no room for
	path     string  // as the last step left it
	query    string
	body     *tap // what the client sends
	handed   *tap // what the service reads, if a step has replaced the body
	replaced int  // the step that did so
	changes  []change
	noted    int64    // bytes that the changes take up
	sources  []string // of the steps
	answer   []field
	answered bool // answer is known
	written  []byte
	opened   bool   // it is among the open streams
	slender  bool   // nobody watched: there is only the line
	after    bool   // the policies are through
	replay   string // the request that this one repeats

	outcome outcome

	requestBody, forwardedBody []byte
	requestSize, forwardedSize int64
}

// maxSteps bounds the steps; it is more than an exchange records.
const maxSteps = 10

// line is what is known of every request.
type line struct {
	method, host, target, path, proto, remote, clientIP string

	local      net.Addr // of the listener; nil if unknown
	secure     bool     // TLS
	serverName string   // of TLS
}

// change is what a step changed, before it is masked.
type change struct {
	step          int
	where         exchange.Place
	name          string
	before, after string
}

func (c *change) size() int64 { return int64(len(c.name)+len(c.before)+len(c.after)) + fieldSize }

// maxChanges bounds them.
const maxChanges = 40

// captureSize is what a capture takes up beside its slices and texts, in bytes.
const captureSize = 1 << 10

func (c *capture) begin(rec *Recording, x *exchange.Exchange, r *http.Request) {
	c.rec, c.x, c.r = rec, x, r
	rec.inFlight.Add(captureSize + int64(cap(c.written)))
	if rec.replays.waiting.Load() > 0 {
		c.replay = rec.replays.claim(r, x.RequestID)
	}
	c.line.of(r)
	c.client, c.left = take(c.client[:0], r.Header)
	c.path, c.query = r.URL.Path, r.URL.RawQuery
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		c.body = &tap{ReadCloser: r.Body, rec: rec}
		r.Body = c.body
	}
}

// slim takes what is known at the end of a request that nobody watched.
func (c *capture) slim(rec *Recording, x *exchange.Exchange, r *http.Request) {
	c.rec, c.x, c.r = rec, x, r
	rec.inFlight.Add(captureSize + int64(cap(c.written)))
	c.line.of(r)
	c.path, c.query, c.slender = r.URL.Path, r.URL.RawQuery, true
}

func (l *line) of(r *http.Request) {
	l.method, l.host, l.target, l.path, l.proto, l.remote = r.Method, r.Host, r.RequestURI, r.URL.Path, r.Proto, r.RemoteAddr
	if l.target == "" {
		l.target = r.URL.RequestURI()
	}
	ctx := r.Context()
	l.clientIP, _ = caddyhttp.GetVar(ctx, caddyhttp.ClientIPVarKey).(string)
	l.local, _ = ctx.Value(http.LocalAddrContextKey).(net.Addr)
	if r.TLS != nil {
		l.secure, l.serverName = true, r.TLS.ServerName
	}
}

// Decided implements exchange.Watcher.
func (c *capture) Decided(r *http.Request, source string) {
	if r != nil {
		c.r = r
	}
	if step := c.step(); step < maxSteps {
		for len(c.sources) <= step {
			c.sources = append(c.sources, "")
		}
		c.sources[step] = source
	}
	c.differences()
}

// step is the index of the decision that was made last, or the one behind it once the
// policies are through: that is what the other directives of the site changed.
func (c *capture) step() int {
	if n := len(c.x.Decisions()); n == 0 || c.after {
		return n
	} else {
		return n - 1
	}
}

// differences notes what has changed of the request since the step before.
func (c *capture) differences() {
	r := c.r
	if r.URL.Path != c.path || r.URL.RawQuery != c.query {
		c.note(exchange.RequestPath, "", pathOf(c.path, c.query), pathOf(r.URL.Path, r.URL.RawQuery))
		c.path, c.query = r.URL.Path, r.URL.RawQuery
	}
	c.compare(r.Header)
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 || r.Body == c.body || r.Body == c.handed {
		return
	}
	if c.handed != nil {
		kept, _ := c.handed.end()
		c.rec.inFlight.Add(-int64(cap(kept)))
	}
	c.handed, c.replaced = &tap{ReadCloser: r.Body, rec: c.rec}, c.step()
	r.Body = c.handed
}

func pathOf(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

func (c *capture) note(where exchange.Place, name, before, after string) {
	c.noteAt(c.step(), where, name, before, after)
}

func (c *capture) noteAt(step int, where exchange.Place, name, before, after string) {
	if len(c.changes) == maxChanges {
		return
	}
	bound := maxTarget
	switch where {
	case exchange.RequestBody, exchange.ResponseBody:
		bound = maxBody
	case exchange.RequestHeader, exchange.ResponseHeader:
		bound = maxValue
	}
	made := change{step, where, shorten(name, maxValue), shorten(before, bound), shorten(after, bound)}
	c.noted += made.size()
	c.rec.inFlight.Add(made.size())
	c.changes = append(c.changes, made)
}

// Changed implements exchange.Watcher.
func (c *capture) Changed(change exchange.Change) {
	step := len(c.x.Decisions())
	for i, d := range c.x.Decisions() {
		if d.Policy == change.Policy && !d.Response {
			step = i
		}
	}
	c.noteAt(step, change.Where, change.Name, change.Before, change.After)
}

// Owned implements exchange.Watcher.
func (c *capture) Owned(step int, name string, before, after []string) {
	if name == exchange.RequestIDHeader || len(before) == 0 && len(after) == 0 {
		return
	}
	var was, is string
	if len(before) > 0 {
		f := fieldOf(name, before)
		was = f.text()
	}
	if len(after) > 0 {
		f := fieldOf(name, after)
		is = f.text()
	}
	if was != is {
		c.noteAt(step, exchange.ResponseHeader, name, was, is)
	}
}

// Began implements exchange.Watcher.
func (c *capture) Began(header http.Header) {
	c.answer, _ = take(c.answer[:0], header)
	c.answered = true
}

// Wrote implements exchange.Watcher.
func (c *capture) Wrote(p []byte) { c.written = c.rec.keep(c.written, p) }

// Wants implements exchange.Watcher.
func (c *capture) Wants() int64 { return int64(maxBody - len(c.written)) }
