package auth

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"mime"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// closePolicy is the status of the close frame (RFC 6455 §7.4.1): the connection
	// breaks a rule of ours, which the reason names.
	closePolicy = 1008
	// frameGrace is how long a message that has begun may take to its end.
	frameGrace = time.Second
	// closeGrace is how long the client may take to answer a close frame.
	closeGrace = time.Second
)

// streams are the open connections that end with their token, of all handlers: they
// outlive reloads as the connections do.
var streams = struct {
	sync.Mutex
	open map[*stream]struct{}
}{open: make(map[*stream]struct{})}

// denyChanged ends the streams whose tokens have been revoked. It is called after a
// deny list has grown.
func denyChanged() {
	streams.Lock()
	defer streams.Unlock()
	for s := range streams.open {
		if s.revoked() {
			go s.end() // it waits for a message that is on its way
		}
	}
}

// stream is a response that ends when its token does: a WebSocket with a close frame,
// server-sent events with the end of the response. Other responses end by themselves
// and are left alone.
type stream struct {
	http.ResponseWriter
	until   time.Time
	revoked func() bool
	// cancel ends the request to the service.
	cancel context.CancelFunc
	// websocket says that a connection that is taken over speaks in frames.
	websocket bool

	// over says that the token has ended.
	over atomic.Bool
	// begun says that the header of the response is complete.
	begun bool

	mu     sync.Mutex
	timer  *time.Timer
	conn   *guardedConn // nil for events
	finish func()       // ends the stream; nil if it is none
	frames frames
	ended  bool
}

// Unwrap keeps deadlines working through http.ResponseController.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// begin looks at the header when it is complete: a handler need not say so.
func (s *stream) begin() {
	if s.begun {
		return
	}
	s.begun = true
	if kind, _, _ := mime.ParseMediaType(s.Header().Get("Content-Type")); kind == "text/event-stream" {
		s.arm(nil, s.cancel)
	}
}

// WriteHeader implements http.ResponseWriter.
func (s *stream) WriteHeader(status int) {
	if status >= http.StatusOK {
		s.begin()
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer. What comes after the end of the token is not passed on.
func (s *stream) Write(p []byte) (int, error) {
	if s.begin(); s.over.Load() {
		return 0, net.ErrClosed
	}
	return s.ResponseWriter.Write(p)
}

// FlushError implements what http.ResponseController looks for.
func (s *stream) FlushError() error {
	s.begin()
	return http.NewResponseController(s.ResponseWriter).Flush()
}

// ReadFrom implements io.ReaderFrom, so that sendfile and splice still work for
// responses that are no streams.
func (s *stream) ReadFrom(r io.Reader) (int64, error) {
	s.begin()
	if from, ok := s.ResponseWriter.(io.ReaderFrom); ok && !s.armed() {
		return from.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{s}, r)
}

// Hijack implements http.Hijacker.
func (s *stream) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	guarded := &guardedConn{Conn: conn, stream: s}
	s.arm(guarded, guarded.linger)
	return guarded, buffer, nil
}

func (s *stream) armed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finish != nil
}

// arm begins to watch the token.
func (s *stream) arm(conn *guardedConn, finish func()) {
	s.mu.Lock()
	s.conn, s.finish = conn, finish
	s.timer = time.AfterFunc(time.Until(s.until), s.end)
	s.mu.Unlock()
	streams.Lock()
	streams.open[s] = struct{}{}
	streams.Unlock()
	if s.revoked() { // since auth has looked
		go s.end()
	}
}

// release stops watching. The handlers have returned.
func (s *stream) release() {
	streams.Lock()
	delete(streams.open, s)
	streams.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
}

// end ends the stream. A frame that is on its way may come to its end before, but a
// client that does not read cannot hold up the end for longer than frameGrace.
func (s *stream) end() {
	if s.over.Swap(true) {
		return
	}
	if conn := s.conn; conn != nil {
		_ = conn.Conn.SetWriteDeadline(time.Now().Add(frameGrace))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil || !s.websocket || s.frames.between() {
		s.close()
		return
	}
	s.timer = time.AfterFunc(frameGrace, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.close()
	})
}

// close writes the close frame, if nothing stands half-written before it, and ends
// the stream. The lock is held.
func (s *stream) close() {
	if s.ended {
		return
	}
	s.ended = true
	if s.conn != nil && s.websocket && s.frames.between() {
		_ = s.conn.Conn.SetWriteDeadline(time.Now().Add(closeGrace))
		_, _ = s.conn.Conn.Write(closeFrame(s.why()))
	}
	s.finish()
}

// why is the reason in the close frame, in the words of the problem documents.
func (s *stream) why() string {
	if s.revoked() {
		return "auth.rejected"
	}
	return "auth.expired"
}

// send passes data of the service on to the client of a connection, up to the end of
// the frame in which the token has ended.
func (s *stream) send(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.over.Load() && !s.websocket {
		return 0, net.ErrClosed
	}
	if !s.over.Load() {
		s.frames.feed(p)
		return s.conn.Conn.Write(p)
	}
	if s.frames.between() {
		s.close()
		return 0, net.ErrClosed
	}
	n, err := s.conn.Conn.Write(p[:s.frames.feedOne(p)])
	if err == nil && s.frames.between() {
		s.close()
		err = net.ErrClosed
	}
	return n, err
}

// closeFrame is an unmasked close frame with status and reason (RFC 6455 §5.5.1).
func closeFrame(reason string) []byte {
	frame := append([]byte{0x88, byte(2 + len(reason)), 0, 0}, reason...)
	binary.BigEndian.PutUint16(frame[2:], closePolicy)
	return frame
}
