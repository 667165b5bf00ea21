package exchange

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// Stream is what a response becomes that has no end of its own. Its life says nothing
// about latency: a chat that lasted an hour was not a slow request.
type Stream uint8

// Kinds of streams. The zero value is an ordinary response.
const (
	NoStream    Stream = iota
	WebSocket          // RFC 6455
	Events             // server-sent events
	Upgrade            // another protocol
	StreamCount        // how many there are; not a kind
)

var streamNames = [StreamCount]string{"", "websocket", "sse", "upgrade"}

// String returns the word for logs, spans and the metric label "kind".
func (s Stream) String() string { return streamNames[s] }

// streamOf tells what a response with that beginning becomes. Browsers take an event
// stream only with 200 (HTML, "Server-sent events").
func streamOf(status int, header http.Header) Stream {
	switch status {
	case http.StatusSwitchingProtocols:
		if strings.EqualFold(header.Get("Upgrade"), "websocket") {
			return WebSocket
		}
		return Upgrade
	case http.StatusOK:
		if types := header["Content-Type"]; len(types) > 0 && isEvents(types[0]) {
			return Events
		}
	}
	return NoStream
}

func isEvents(mediaType string) bool {
	const events = "text/event-stream"
	if len(mediaType) < len(events) || !strings.EqualFold(mediaType[:len(events)], events) {
		return false
	}
	rest := strings.TrimLeft(mediaType[len(events):], " \t")
	return rest == "" || rest[0] == ';'
}

// become notes that the response is a stream from now on: the request has its answer.
func (x *Exchange) become(kind Stream) {
	if kind == NoStream || x.Stream != NoStream {
		return
	}
	x.Stream, x.grow().began = kind, x.elapsed()
	x.recorder.Stream(x)
}

// Hijack implements http.Hijacker, so that what is written past the response is
// counted. Whoever takes the connection without a response speaks another protocol.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if w.x.Status == 0 {
		w.x.Status = http.StatusSwitchingProtocols
		w.x.become(Upgrade)
	}
	return &tunnel{conn, &w.x.grow().tunnelled}, buffered, nil
}

// tunnel counts what is written to the client. It may be written to until after the
// handlers have returned.
type tunnel struct {
	net.Conn
	written *atomic.Int64
}

// Write implements io.Writer.
func (t *tunnel) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	t.written.Add(int64(n))
	return n, err
}

// CloseWrite ends one direction, as the connections of TCP and TLS can.
func (t *tunnel) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
