package validate

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"

	"gateway/internal/exchange"
)

// answer is what the service writes its response to. As long as there may be something
// to check it keeps a copy of the body, which is bounded; with enforce the response
// itself waits in it. Unwrap keeps deadlines and full duplex working through
// http.ResponseController.
type answer struct {
	http.ResponseWriter
	*responses
	x      *exchange.Exchange
	method string

	state  answerState
	status int
	// body is what was written so far, while copying or holding, and length how long it
	// will be; 0 is unknown.
	body   *[]byte
	length int
	// media and kind are what the body is checked against, coding what it comes in.
	media  *responseMedia
	kind   contentKind
	coding coding
	// before is the header before the service saw it, head when it was complete: what
	// comes later are trailers. Both are nil unless responses are enforced.
	before, head http.Header
	// discarded counts the bytes that nobody will see.
	discarded int
	// flushed tells that the service wanted a held response to be on its way.
	flushed bool

	// broken lists what breaks the contract, each as place and rule; more counts those
	// that were left out.
	broken []string
	more   int
	// unchecked is why the response was not checked to its end, one of
	// exchange.Unchecked; "" if it was.
	unchecked string
}

// answerState is what becomes of what is written.
type answerState uint8

const (
	waiting    answerState = iota // for the status
	passing                       // to the client
	copying                       // to the client, and kept
	holding                       // kept
	discarding                    // the refusal is certain
)

// Unwrap returns the writer below, for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter. Interim responses pass untouched; 101 is
// final (RFC 9110 §15.2).
func (a *answer) WriteHeader(status int) {
	switch {
	case status < 200 && status != http.StatusSwitchingProtocols, a.state == passing, a.state == copying:
		a.ResponseWriter.WriteHeader(status)
		return
	case a.state != waiting:
		return
	}
	a.status, a.state = status, passing
	wanted := a.judgeHead()
	switch {
	case a.settings.enforce && len(a.broken) > 0:
		a.state = discarding
		return
	case wanted && a.settings.enforce:
		a.state, a.head = holding, a.Header().Clone()
		return
	case wanted:
		a.state = copying
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (a *answer) Write(p []byte) (int, error) {
	if a.state == waiting {
		a.WriteHeader(http.StatusOK)
	}
	switch a.state {
	case copying:
		n, err := a.ResponseWriter.Write(p)
		if !a.keep(p[:n]) {
			a.state = passing
		}
		return n, err
	case holding:
		if a.keep(p) {
			return len(p), nil
		}
		if err := a.release(); err != nil {
			return 0, err
		}
	case discarding:
		return a.discard(p)
	}
	return a.ResponseWriter.Write(p)
}

// ReadFrom implements io.ReaderFrom, so that sendfile and splice still work for what
// nobody looks at.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	if a.state == waiting {
		a.WriteHeader(http.StatusOK)
	}
	if from, ok := a.ResponseWriter.(io.ReaderFrom); ok && a.state == passing {
		return from.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{a}, r)
}

// FlushError implements what http.ResponseController looks for. A held response stays.
func (a *answer) FlushError() error {
	if a.state == waiting {
		a.WriteHeader(http.StatusOK)
	}
	if a.state == holding || a.state == discarding {
		a.flushed = true
		return nil
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack implements http.Hijacker: there is no response of ours any more.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.state, a.unchecked = passing, exchange.Upgraded
	}
	return conn, buffer, err
}

// bodies are kept copies of responses.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// maxKeptBody bounds a copy whose space is kept for the next response, in bytes.
const maxKeptBody = 64 << 10

// keep adds to the copy; it is false, and there is none any more, for a body that is
// longer than the bound.
func (a *answer) keep(p []byte) bool {
	if a.body == nil {
		a.body = bodies.Get().(*[]byte)
		*a.body = slices.Grow(*a.body, a.length)
	}
	if len(*a.body)+len(p) > a.settings.maxBody {
		a.unchecked = exchange.TooLarge
		if a.state != holding {
			a.drop()
		}
		return false
	}
	*a.body = append(*a.body, p...)
	return true
}

// discard takes what nobody will see, as long as it is short; then it ends the response.
func (a *answer) discard(p []byte) (int, error) {
	if a.discarded += len(p); a.discarded > a.settings.maxBody {
		return 0, http.ErrAbortHandler
	}
	return len(p), nil
}

// drop gives the copy back.
func (a *answer) drop() {
	if a.body == nil {
		return
	}
	if cap(*a.body) <= maxKeptBody {
		*a.body = (*a.body)[:0]
		bodies.Put(a.body)
	}
	a.body = nil
}

// release sends a response that was held: the header as it was when it was complete,
// what was written so far, and then the trailers.
func (a *answer) release() error {
	a.state = passing
	header := a.Header()
	late := header.Clone()
	restore(header, a.head.Clone())
	a.ResponseWriter.WriteHeader(a.status)
	var err error
	if a.body != nil && len(*a.body) > 0 {
		_, err = a.ResponseWriter.Write(*a.body)
	}
	a.drop()
	if a.flushed && err == nil {
		err = http.NewResponseController(a.ResponseWriter).Flush()
	}
	for key, values := range late {
		if !slices.Equal(values, a.head[key]) {
			header[key] = values
		}
	}
	return err
}

var (
	_ http.ResponseWriter = (*answer)(nil)
	_ http.Hijacker       = (*answer)(nil)
	_ io.ReaderFrom       = (*answer)(nil)
)
