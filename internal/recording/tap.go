package recording

import (
	"io"
	"sync"
)

// tap keeps the beginning of a request's body while somebody else reads it. It neither
// waits nor buffers. A transport may read on after the handlers have returned, so a tap
// belongs to one request for ever and keeps nothing once it is shut.
type tap struct {
	io.ReadCloser
	rec *Recording

	mu   sync.Mutex
	kept []byte
	size int64 // bytes that have been read
	shut bool
}

// Read implements io.Reader.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if n > 0 {
		t.mu.Lock()
		if !t.shut {
			t.size += int64(n)
			t.kept = t.rec.keep(t.kept, p[:n])
		}
		t.mu.Unlock()
	}
	return n, err
}

// end returns what was kept and how much was read.
func (t *tap) end() ([]byte, int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := t.kept
	t.kept, t.shut = nil, true
	return kept, t.size
}

// look returns a copy of what has been kept so far.
func (t *tap) look() ([]byte, int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte(nil), t.kept...), t.size
}

// keep appends as much as there is room for. What buffers grow by counts as held.
func (rec *Recording) keep(kept, p []byte) []byte {
	p = p[:min(len(p), maxBody-len(kept))]
	if len(p) == 0 {
		return kept
	}
	if need := len(kept) + len(p); need > cap(kept) {
		if rec.inFlight.Load() > maxInFlight {
			return kept
		}
		grown := make([]byte, len(kept), min(max(need, 2*cap(kept), 512), maxBody))
		copy(grown, kept)
		rec.inFlight.Add(int64(cap(grown) - cap(kept)))
		kept = grown
	}
	return append(kept, p...)
}
