// Package hold keeps a response back until somebody has seen all of it, or a copy of one
// that passes, within a bound.
package hold

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Owner decides about a response.
type Owner interface {
	// Head is called once, when the status and the header are complete and nothing has
	// been sent. It may change the header, and returns the status to send. If held is
	// true, the response stays here until the owner sends or drops it. Copy and Discard
	// may be called in it.
	Head(status int) (sent int, held bool)
}

// Writer is what a service writes its response to. Unwrap keeps deadlines and full
// duplex working through http.ResponseController.
type Writer struct {
	http.ResponseWriter
	owner Owner
	limit int
	state state
	// Status is that of the service, 0 until it has begun to answer.
	Status int
	// Overflow tells that a body was longer than the limit; there is nothing of it.
	Overflow bool
	// Lenient lets a held response whose body is longer pass as it is.
	Lenient bool
	// Expect is how long the body will be, in bytes, at most the limit; 0 is unknown.
	Expect int

	wish      state // what the owner says in Head
	body      *[]byte
	head      http.Header // of a held response, when it was complete; what comes later are trailers
	discarded int
	flushed   bool
}

type state uint8

const (
	waiting    state = iota // for the status
	passing                 // to the client
	copying                 // to the client, and kept
	holding                 // here
	discarding              // nobody will see it
	hijacked                // there is no response any more
)

// Init makes a writer ready. limit bounds what is held, in bytes.
func (w *Writer) Init(to http.ResponseWriter, owner Owner, limit int) {
	w.ResponseWriter, w.owner, w.limit = to, owner, limit
}

// Unwrap returns the writer below, for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Copy keeps a copy of a response that the owner lets pass, for Body. There is none of one
// that is longer than the limit.
func (w *Writer) Copy() { w.wish = copying }

// Discard gives up the body of a response that the owner holds: its refusal is certain.
func (w *Writer) Discard() { w.wish = discarding }

// Begun tells whether the service has begun to answer, or has taken the connection.
func (w *Writer) Begun() bool { return w.state != waiting }

// Complete tells whether all of a response is here, or a copy of all of it.
func (w *Writer) Complete() bool { return w.state == holding || w.state == copying }

// Discarding tells that nobody will see the response. If it is long, the service finds
// its writes fail with http.ErrAbortHandler.
func (w *Writer) Discarding() bool { return w.state == discarding }

// Held tells whether a response is here that was not sent.
func (w *Writer) Held() bool { return w.state == holding || w.state == discarding }

// Body returns what a held or copied response has for a body.
func (w *Writer) Body() []byte {
	if w.body == nil {
		return nil
	}
	return *w.body
}

// WriteHeader implements http.ResponseWriter. Interim responses pass untouched, until the
// response has begun; 101 is final (RFC 9110 §15.2).
func (w *Writer) WriteHeader(status int) {
	interim := status < 200 && status != http.StatusSwitchingProtocols
	switch {
	case w.state == waiting && interim, w.state == passing, w.state == copying:
		w.ResponseWriter.WriteHeader(status)
		return
	case w.state != waiting:
		return
	}
	w.Status = status
	sent, held := w.owner.Head(status)
	switch {
	case held && w.wish == discarding:
		w.state = discarding
		return
	case held:
		w.state, w.head = holding, w.Header().Clone()
		return
	case w.wish == copying:
		w.state = copying
	default:
		w.state = passing
	}
	w.ResponseWriter.WriteHeader(sent)
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	if w.state == waiting {
		w.WriteHeader(http.StatusOK)
	}
	switch w.state {
	case hijacked:
		return 0, http.ErrHijacked
	case copying:
		n, err := w.ResponseWriter.Write(p)
		if !w.keep(p[:n]) {
			w.state = passing
			w.Drop()
		}
		return n, err
	case holding:
		if w.keep(p) {
			return len(p), nil
		}
		if err := w.Send(w.Status, w.Body(), w.Sealed()); err != nil {
			return 0, err
		}
		w.Drop()
	case discarding:
		if w.discarded += len(p); w.discarded > w.limit {
			return 0, http.ErrAbortHandler
		}
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom implements io.ReaderFrom, so that sendfile and splice still work for what
// passes.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	if w.state == waiting {
		w.WriteHeader(http.StatusOK)
	}
	if from, ok := w.ResponseWriter.(io.ReaderFrom); ok && w.state == passing {
		return from.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{w}, r)
}

// FlushError implements what http.ResponseController looks for. A held response stays.
func (w *Writer) FlushError() error {
	if w.state == waiting {
		w.WriteHeader(http.StatusOK)
	}
	if w.Held() {
		w.flushed = true
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack implements http.Hijacker: there is no response of ours any more.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.state = hijacked
	}
	return conn, buffer, err
}

// bodies are the bodies of held responses.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// maxKept bounds a body whose space is kept for the next response, in bytes.
const maxKept = 64 << 10

// keep adds to the body, or gives it up where it is longer than the limit. It is false if
// the response passes from here on, without a copy.
func (w *Writer) keep(p []byte) bool {
	if w.body == nil {
		w.body = bodies.Get().(*[]byte)
		*w.body = slices.Grow(*w.body, min(max(w.Expect, 0), w.limit))
	}
	if len(p) > w.limit-len(*w.body) {
		w.Overflow = true
		if w.Lenient || w.state == copying {
			return false
		}
		w.state = discarding
		w.Drop()
		return true
	}
	*w.body = append(*w.body, p...)
	return true
}

// Drop gives up what is held.
func (w *Writer) Drop() {
	if w.body == nil {
		return
	}
	if cap(*w.body) <= maxKept {
		*w.body = (*w.body)[:0]
		bodies.Put(w.body)
	}
	w.body = nil
}

// Sealed returns a copy of the header of a held response as it was when it was complete.
func (w *Writer) Sealed() http.Header { return w.head.Clone() }

// Send sends a held response with a status, body and header of the owner's choice, and
// then the trailers that have come since.
func (w *Writer) Send(status int, body []byte, head http.Header) error {
	w.state = passing
	header := w.Header()
	late := header.Clone()
	Restore(header, head)
	if w.trailing(late) {
		delete(header, "Content-Length") // with a length, HTTP/1.1 has no room for trailers
	}
	w.ResponseWriter.WriteHeader(status)
	var err error
	if len(body) > 0 {
		_, err = w.ResponseWriter.Write(body)
	}
	if w.flushed && err == nil {
		err = http.NewResponseController(w.ResponseWriter).Flush()
	}
	for key, values := range late {
		if !slices.Equal(values, w.head[key]) {
			header[key] = values
		}
	}
	return err
}

// trailing tells whether a response has trailers, announced or not.
func (w *Writer) trailing(late http.Header) bool {
	if len(w.head["Trailer"]) > 0 {
		return true
	}
	for key := range late {
		if strings.HasPrefix(key, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// Restore makes header what it was.
func Restore(header, before http.Header) {
	clear(header)
	for key, values := range before {
		header[key] = values
	}
}

var (
	_ http.ResponseWriter = (*Writer)(nil)
	_ http.Hijacker       = (*Writer)(nil)
	_ io.ReaderFrom       = (*Writer)(nil)
)
