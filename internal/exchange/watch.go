package exchange

import (
	"io"
	"net/http"
)

// Watcher sees one exchange while it happens, for the console. Whoever handles the
// request calls it, one call after the other. It changes nothing, and keeps nothing
// that it is given.
type Watcher interface {
	// Decided is called after each step about the request, which may have changed the
	// request; r is nil where the step has no request of its own. source is where the
	// policy stands, "file:line".
	Decided(r *http.Request, source string)
	// Changed is called by a step that has changed what cannot be seen from outside.
	Changed(c Change)
	// Owned is called when the response begins, for each field that the gateway owns:
	// step is the index of the decision that said so.
	Owned(step int, name string, before, after []string)
	// Began is called at most once, when the header of the response is final.
	Began(header http.Header)
	// Wrote is called with what was written of the response's body.
	Wrote(p []byte)
	// Wants returns how much more of the response's body there is room for, in bytes.
	Wants() int64
}

// Change is what a step changed of a request or a response.
type Change struct {
	// Policy is the one that changed it.
	Policy Policy
	// Where is what was changed.
	Where Place
	// Name is that of the header field, or of the change; it may be empty.
	Name string
	// Before and After are the texts. The watcher cuts and masks them.
	Before, After string
}

// Place is a part of a request or a response that a step may change.
type Place uint8

// The places.
const (
	RequestHeader Place = iota
	RequestPath
	RequestBody
	ResponseHeader
	ResponseBody
)

var placeNames = [...]string{"request.header", "request.path", "request.body", "response.header", "response.body"}

// String returns the word for the console.
func (p Place) String() string { return placeNames[p] }

// watchStep tells of a step of the api block itself.
func (x *Exchange) watchStep() {
	if x.Watcher == nil {
		return
	}
	source := ""
	if x.Route != nil {
		source = x.Route.Source
	}
	x.Watcher.Decided(nil, source)
}

func (x *Exchange) watchHeader(header http.Header) {
	if x.Watcher != nil {
		x.Watcher.Began(header)
	}
}

// readWatched copies as much as the watcher has room for. What follows can still be
// sent without passing through this process.
func (w *response) readWatched(r io.Reader) (int64, error) {
	if w.x.Watcher == nil {
		return 0, nil
	}
	wanted := w.x.Watcher.Wants()
	if wanted == 0 {
		return 0, nil
	}
	return w.ResponseWriterWrapper.ReadFrom(io.TeeReader(io.LimitReader(r, wanted), watched{w.x.Watcher}))
}

// watched writes to a watcher.
type watched struct{ Watcher }

// Write implements io.Writer.
func (w watched) Write(p []byte) (int, error) {
	w.Wrote(p)
	return len(p), nil
}
