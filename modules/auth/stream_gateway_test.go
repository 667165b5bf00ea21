package auth_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth"
	"gateway/modules/auth/authtest"
)

// streaming is a gateway on a port, with a service that streams events at /events and
// echoes WebSocket bytes elsewhere; stuck leaves a frame half-written.
func streaming(t *testing.T, iss *authtest.Issuer, option string) (address string, received func() string) {
	t.Helper()
	var got lockedBuffer
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" || r.URL.Path == "/download" {
			if r.URL.Path == "/events" {
				w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			}
			for i := 0; i < 40; i++ {
				if _, err := fmt.Fprintf(w, "data: %d\n\n", i); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-r.Context().Done():
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
			return
		}
		conn, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buffer.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")
		if r.URL.Path == "/stuck" {
			_, _ = buffer.WriteString("\x81\x7dhalf")
		}
		_ = buffer.Flush()
		_, _ = io.Copy(&got, buffer)
	}))
	t.Cleanup(backend.Close)
	gw := gatewaytest.New(t, ":8080 {\n\tauth "+iss.URL+" {\n\t\taudience orders\n\t\tleeway 0s\n\t\t"+option+"\n\t}\n\treverse_proxy "+strings.TrimPrefix(backend.URL, "http://")+"\n}\n")
	front := httptest.NewServer(gw)
	t.Cleanup(front.Close)
	return strings.TrimPrefix(front.URL, "http://"), got.String
}

func open(t *testing.T, address, path, token string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", path, token)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatalf("got %v, %v", res, err)
	}
	hello := make([]byte, 7)
	if _, err := io.ReadFull(in, hello); err != nil || string(hello) != "\x81\x05hello" {
		t.Fatalf("got %q, %v", hello, err)
	}
	return conn, in
}

// short is how long a token lives that a test waits for. A busy machine may take some of it
// for the request, the keys included; a stream of events takes twice as long.
const short = 2 * time.Second

func expiring(iss *authtest.Issuer, in time.Duration, sub string) string {
	return signing.Token(iss.Claims("orders", authtest.Claims{"sub": sub, "exp": float64(time.Now().Add(in).UnixMilli()) / 1000}), nil)
}

func TestWebSocketEndsWithItsToken(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	address, received := streaming(t, iss, "close_at_expiry")
	began := time.Now()
	conn, in := open(t, address, "/", expiring(iss, short, "ws-expired"))
	fmt.Fprint(conn, "before")
	rest, err := io.ReadAll(in)
	if err != nil || string(rest) != "\x88\x0e\x03\xf0auth.expired" {
		t.Errorf("got %q, %v, want a close frame", rest, err)
	}
	if took := time.Since(began); took < short-100*time.Millisecond || took > short+10*time.Second {
		t.Errorf("it ended after %v", took)
	}
	fmt.Fprint(conn, "after")
	time.Sleep(50 * time.Millisecond)
	if got := received(); got != "before" {
		t.Errorf("the service received %q", got)
	}
}

func TestWebSocketEndsWithRevocation(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	address, _ := streaming(t, iss, "close_at_expiry")
	_, in := open(t, address, "/", expiring(iss, time.Hour, "ws-revoked"))
	entry := auth.Revocation{Subject: "ws-revoked", Until: time.Now().Add(time.Minute)}
	if err := auth.Revoke(entry); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = auth.Reinstate(entry) })
	if rest, err := io.ReadAll(in); err != nil || string(rest) != "\x88\x0f\x03\xf0auth.rejected" {
		t.Errorf("got %q, %v, want a close frame", rest, err)
	}
}

// A frame that does not end cannot keep the connection open, and no close frame is
// written into it.
func TestWebSocketEndsInAFrame(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	address, _ := streaming(t, iss, "close_at_expiry")
	began := time.Now()
	_, in := open(t, address, "/stuck", expiring(iss, short, "ws-stuck"))
	rest, _ := io.ReadAll(in)
	if string(rest) != "\x81\x7dhalf" {
		t.Errorf("got %q", rest)
	}
	if took := time.Since(began); took > short+10*time.Second {
		t.Errorf("it ended after %v", took)
	}
}

func TestEventsEndWithTheirToken(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	get := func(address, path string, life time.Duration) (int, string, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", bearer(expiring(iss, life, "sse")))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res.StatusCode, string(body), err
	}
	ending, _ := streaming(t, iss, "close_at_expiry")
	going, _ := streaming(t, iss, "forward_token on")
	for _, test := range []struct {
		name, address, path string
		ends                bool
	}{
		{"events", ending, "/events", true},
		{"a download", ending, "/download", false},
		{"events without the option", going, "/events", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// No error: the end of the stream is a clean one.
			status, body, err := get(test.address, test.path, short)
			if status != 200 || err != nil || !strings.Contains(body, "data: 3\n\n") || strings.Contains(body, "data: 39") == test.ends {
				t.Errorf("got %d, %v, %q", status, err, body)
			}
		})
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
