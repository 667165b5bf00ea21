// Package hold keeps a response back until somebody has seen all of it, within a bound.
package hold

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
)

// Owner decides about a response.
type Owner interface {
	// Head is called once, when the status and the header are complete and nothing has
	// been sent. It may change the header, and returns the status to send. If held is
	// true, the response stays here until the owner sends or drops it.
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
	// Overflow tells that a held body was longer than the limit; there is nothing of it.
	Overflow bool
	// Lenient lets such a response pass as it is.
	Lenient bool

	body      *[]byte
	head      http.Header // of a held response, when it was complete; what comes later are trailers
	discarded int
	flushed   bool
}

type state uint8

const (
	waiting    state = iota // for the status
	passing                 // to the client
	holding                 // here
	discarding              // nobody will see it
)

// Init makes a writer ready. limit bounds what is held, in bytes.
func (w *Writer) Init(to http.ResponseWriter, owner Owner, limit int) {
	w.ResponseWriter, w.owner, w.limit = to, owner, limit
}

// Unwrap returns the writer below, for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Held tells whether a response is here that was not sent.
func (w *Writer) Held() bool { return w.state == holding || w.state == discarding }

// Body returns what a held response has for a body.
func (w *Writer) Body() []byte {
	if w.body == nil {
		return nil
	}
	return *w.body
}

// WriteHeader implements http.ResponseWriter. Interim responses pass untouched; 101 is
// final (RFC 9110 §15.2).
func (w *Writer) WriteHeader(status int) {
	switch {
	case status < 200 && status != http.StatusSwitchingProtocols, w.state == passing:
		w.ResponseWriter.WriteHeader(status)
		return
	case w.state != waiting:
		return
	}
	w.Status = status
	sent, held := w.owner.Head(status)
	if held {
		w.state, w.head = holding, w.Header().Clone()
		return
	}
	w.state = passing
	w.ResponseWriter.WriteHeader(sent)
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	if w.state == waiting {
		w.WriteHeader(http.StatusOK)
	}
	switch w.state {
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
		w.state = passing
	}
	return conn, buffer, err
}

// bodies are the bodies of held responses.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// maxKept bounds a body whose space is kept for the next response, in bytes.
const maxKept = 64 << 10

// keep adds to the body, or gives it up where it is longer than the limit. It is false if
// the response passes from here on.
func (w *Writer) keep(p []byte) bool {
	if w.body == nil {
		w.body = bodies.Get().(*[]byte)
	}
	if len(*w.body)+len(p) > w.limit {
		w.Overflow = true
		if w.Lenient {
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
