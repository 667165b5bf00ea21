package console_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"gateway/internal/freeport"
)

// TestWhoDoesNotReadIsCutOff: one that listens and reads nothing holds up neither requests nor others that
// listen, and is cut off soon.
func TestWhoDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, "\tratelimit 1000000/1s\n\trespond ok")
	deaf := listenWithoutReading(t, address)
	res, err := http.Get("http://" + address + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	heard := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if strings.Contains(lines.Text(), `"/last"`) {
				close(heard)
				return
			}
		}
	}()
	// More than the system buffers for a connection: 4 KB each.
	const rounds, each = 12, 400
	long, slowest := strings.Repeat("q", 3<<10), time.Duration(0)
	for range rounds {
		for range each {
			start := time.Now()
			gw.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/orders?"+long, nil))
			slowest = max(slowest, time.Since(start))
		}
		time.Sleep(150 * time.Millisecond) // for the listener; the console remembers 500
	}
	if slowest > 2*time.Second {
		t.Errorf("a request waited %v for somebody who does not read", slowest)
	}
	time.Sleep(6 * time.Second) // longer than the console's patience
	_ = deaf.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := io.Copy(io.Discard, deaf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it is still connected after %d bytes", n)
	}
	if sent := int64(rounds * each * len(long)); n >= sent {
		t.Errorf("it was sent all of the %d bytes, which shows nothing", sent)
	}
	gw.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/last", nil))
	select {
	case <-heard:
	case <-time.After(10 * time.Second):
		t.Error("who reads hears nothing any more")
	}
}

// listenWithoutReading opens a stream of events and reads nothing of it.
func listenWithoutReading(t *testing.T, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		return errors.Join(err, failed)
	}}
	conn, err := dialer.DialContext(context.WithoutCancel(t.Context()), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET /api/events HTTP/1.1\r\nHost: %s\r\n\r\n", address); err != nil {
		t.Fatal(err)
	}
	return conn
}
