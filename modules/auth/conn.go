package auth

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// guardedConn is the connection of a WebSocket to the client. When its token has
// ended, nothing of what the client still sends reaches the service.
type guardedConn struct {
	net.Conn
	stream *stream
	// lingering says that the client is given time to answer the close frame.
	lingering atomic.Bool
}

// Write implements net.Conn.
func (c *guardedConn) Write(p []byte) (int, error) { return c.stream.send(p) }

// Read implements net.Conn.
func (c *guardedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.stream.over.Load() {
		return 0, io.EOF
	}
	return n, err
}

// CloseWrite passes the end of the service's data on, which the copying of both
// directions relies on.
func (c *guardedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}

// Close implements net.Conn. While the close frame is on its way the connection
// stays: data that nobody reads would make the system reset it, and the frame be lost.
func (c *guardedConn) Close() error {
	if c.lingering.Load() {
		return nil
	}
	return c.Conn.Close()
}

// linger ends the connection after the close frame: it reads until the client has
// hung up, for a bounded time.
func (c *guardedConn) linger() {
	c.lingering.Store(true)
	_ = c.CloseWrite()
	_ = c.Conn.SetReadDeadline(time.Now().Add(closeGrace))
	go func() {
		_, _ = io.Copy(io.Discard, c.Conn)
		_ = c.Conn.Close()
	}()
}
