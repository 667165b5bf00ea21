package auth

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// frame is an unmasked text frame.
func frame(size int) []byte {
	head := []byte{0x81, byte(size)}
	switch {
	case size > 65535:
		head = binary.BigEndian.AppendUint64([]byte{0x81, 127}, uint64(size))
	case size > 125:
		head = binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(size))
	}
	return append(head, bytes.Repeat([]byte{0x88}, size)...)
}

// However the bytes are cut, the ends of frames are found where they are.
func TestFrames(t *testing.T) {
	t.Parallel()
	var wire []byte
	ends := map[int]bool{0: true}
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 0, 3} {
		wire = append(wire, frame(size)...)
		ends[len(wire)] = true
	}
	for _, step := range []int{1, 2, 3, 7, 100, 4096, len(wire)} {
		var f frames
		for at := 0; at < len(wire); {
			if f.between() != ends[at] {
				t.Fatalf("in steps of %d: between is %v at %d", step, f.between(), at)
			}
			n := f.feedOne(wire[at:min(at+step, len(wire))])
			for past := at + 1; past < at+n; past++ {
				if ends[past] {
					t.Fatalf("in steps of %d: the end at %d is skipped", step, past)
				}
			}
			at += n
		}
		if !f.between() {
			t.Errorf("in steps of %d: the last frame has no end", step)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x81, 126, 0, 1, 7}, uint8(2))
	f.Add([]byte{0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1}, uint8(1))
	f.Fuzz(func(t *testing.T, wire []byte, step uint8) {
		var whole, cut frames
		whole.feed(wire)
		for rest := wire; len(rest) > 0; {
			n := min(len(rest), int(step)+1)
			cut.feed(rest[:n])
			rest = rest[n:]
		}
		if whole != cut {
			t.Errorf("cut differently: %+v and %+v", whole, cut)
		}
	})
}

// Events end with their token however the handler begins to send them.
func TestEventsAreWatched(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(http.ResponseWriter){
		"status":       func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"status twice": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK); w.WriteHeader(http.StatusOK) },
		"write":        func(w http.ResponseWriter) { _, _ = io.WriteString(w, "data: 1\n\n") },
		"flush":        func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"copy":         func(w http.ResponseWriter) { _, _ = io.Copy(w, strings.NewReader("data: 1\n\n")) },
		"early hints": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "data: 1\n\n")
		},
		"not yet begun": func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints) },
	} {
		for _, kind := range []string{"text/event-stream", "application/json"} {
			ended := make(chan struct{})
			s := &stream{
				ResponseWriter: httptest.NewRecorder(), until: time.Now().Add(10 * time.Millisecond),
				revoked: func() bool { return false }, cancel: func() { close(ended) },
			}
			s.Header().Set("Content-Type", kind)
			begin(s)
			want := kind == "text/event-stream" && name != "not yet begun"
			if s.armed() != want {
				t.Errorf("%s, %s: watched is %t", name, kind, s.armed())
			} else if want {
				<-ended
				if _, err := io.WriteString(s, "more"); err != net.ErrClosed {
					t.Errorf("%s: a write after the end: %v", name, err)
				}
			}
			s.release()
		}
	}
}
