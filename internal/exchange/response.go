package exchange

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// response watches what is written to the client. Unwrap keeps flushing, hijacking
// and full duplex working through http.ResponseController.
type response struct {
	caddyhttp.ResponseWriterWrapper
	x *Exchange
}

// WriteHeader implements http.ResponseWriter. Interim responses pass untouched;
// 101 is final (RFC 9110 §15.2).
func (w *response) WriteHeader(status int) {
	if w.x.Status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.x.Status = status
		if way, ok := w.x.Way.(Returning); ok && w.x.Sent() != nil {
			way.Return(w.x.Sent(), w.Header())
		}
		w.x.begin(w.Header())
		w.x.watchHeader(w.Header())
		w.x.become(streamOf(status, w.Header()))
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *response) Write(p []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.x.Bytes += int64(n)
	if w.x.Watcher != nil {
		w.x.Watcher.Wrote(p[:n])
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom, so that sendfile and splice still work.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	n, err := w.readWatched(r)
	if err == nil {
		var more int64
		more, err = w.ResponseWriterWrapper.ReadFrom(r)
		n += more
	}
	w.x.Bytes += n
	return n, err
}

func (w *response) begin() {
	if w.x.Status == 0 {
		w.WriteHeader(http.StatusOK)
	}
}

var (
	_ http.ResponseWriter = (*response)(nil)
	_ io.ReaderFrom       = (*response)(nil)
)
