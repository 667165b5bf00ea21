package validate

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// stored is a body that was read, and that the next handlers read again: the service's
// transport, a second attempt of it, a fallback in an error route. Its memory is used
// anew once nobody can read it any more, and left to the garbage collector where
// nobody says so.
//
// The transport may read a body after its round trip has returned, and it closes the
// body before it asks for another copy. So whoever reads holds the body: the request
// until its handlers are through, each reader until it is closed.
type stored struct {
	first, last *block
	rest        *spool // what is not in memory, nil for all but uploads
	size        int64
	holders     atomic.Int32
}

// hold is false for a body that nobody holds any more.
func (s *stored) hold() bool {
	for {
		n := s.holders.Load()
		if n == 0 {
			return false
		}
		if s.holders.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (s *stored) drop() {
	if s.holders.Add(-1) == 0 {
		s.first.free()
		s.first, s.last = nil, nil
		if s.rest != nil {
			s.rest.close()
		}
	}
}

// write appends to an upload, in memory first, then in a file.
func (s *stored) write(p []byte) error {
	for len(p) > 0 && s.size < spoolMemory {
		n := copy(s.space(-1), p)
		s.last.data = s.last.data[:len(s.last.data)+n]
		s.size, p = s.size+int64(n), p[n:]
	}
	if len(p) == 0 {
		return nil
	}
	if s.rest == nil {
		var err error
		if s.rest, err = newSpool(); err != nil {
			return err
		}
	}
	s.size += int64(len(p))
	return s.rest.write(p)
}

// fill reads a body to its end, or until it is longer than limit. declared is its
// length, or -1. A client may declare more than it sends, so memory is set aside as
// the bytes arrive.
func (s *stored) fill(from io.Reader, declared, limit int64) (tooLarge bool, err error) {
	for s.size != declared {
		n, err := from.Read(s.space(declared))
		s.last.data = s.last.data[:len(s.last.data)+n]
		s.size += int64(n)
		switch {
		case s.size > limit:
			return true, nil
		case err == io.EOF && s.size < declared:
			return false, io.ErrUnexpectedEOF
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, err
		}
	}
	return false, nil
}

// space returns room for the next bytes.
func (s *stored) space(declared int64) []byte {
	if s.last != nil && len(s.last.data) < cap(s.last.data) {
		return s.last.room()
	}
	next := newBlock(max(minBlock, s.size, declared-s.size))
	if s.last == nil {
		s.first = next
	} else {
		s.last.next = next
	}
	s.last = next
	return next.room()
}

// bytes returns the whole body: where it lies if that is one block, otherwise appended
// to a buffer, which is returned as well.
func (s *stored) bytes(buffer []byte) (whole, grown []byte) {
	if s.first == nil {
		return nil, buffer
	}
	if s.first.next == nil {
		return s.first.data, buffer
	}
	if int64(cap(buffer)) < s.size {
		buffer = make([]byte, 0, s.size)
	}
	buffer = buffer[:0]
	for b := s.first; b != nil; b = b.next {
		buffer = append(buffer, b.data...)
	}
	return buffer, buffer
}

// replayed is a body that was read and is read again.
type replayed struct {
	mu       sync.Mutex // Close may come while another goroutine reads
	body     *stored    // nil once it is closed
	block    *block
	offset   int
	place    int64 // in the file
	original io.Closer
}

// Read implements io.Reader.
func (r *replayed) Read(p []byte) (int, error) {
	n, rest, err := r.fromMemory(p)
	if rest == nil || n > 0 || err != nil {
		return n, err
	}
	defer rest.drop()
	n, err = rest.rest.file.ReadAt(p[:min(int64(len(p)), rest.rest.size-r.place)], r.place)
	r.place += int64(n)
	if n > 0 {
		err = nil // whatever there is comes again
	}
	return n, err
}

// fromMemory reads what lies in memory. After that, where there is a file, it returns
// the body, held for one read.
func (r *replayed) fromMemory(p []byte) (n int, rest *stored, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body == nil {
		return 0, nil, http.ErrBodyReadAfterClose
	}
	for r.block != nil && n < len(p) {
		copied := copy(p[n:], r.block.data[r.offset:])
		n, r.offset = n+copied, r.offset+copied
		if r.offset == len(r.block.data) {
			r.block, r.offset = r.block.next, 0
		}
	}
	switch {
	case n > 0 || len(p) == 0:
		return n, nil, nil
	case r.body.rest == nil || r.place == r.body.rest.size:
		return 0, nil, io.EOF
	}
	r.body.hold()
	return 0, r.body, nil
}

// Close implements io.Closer.
func (r *replayed) Close() error {
	r.mu.Lock()
	body := r.body
	r.body, r.block = nil, nil
	r.mu.Unlock()
	if body == nil {
		return nil
	}
	body.drop()
	if r.original == nil {
		return nil
	}
	return r.original.Close()
}

// sent is the body of a request that was read, and is there to be read again.
type sent struct {
	stored
	replayed
	finished bool
}

// newSent returns an empty body.
func newSent(original io.Closer) *sent {
	b := new(sent)
	b.holders.Store(2) // the request, and the reader that is part of it
	b.replayed.body, b.replayed.original = &b.stored, original
	return b
}

// errFinished is what a second attempt gets once the handlers are through.
var errFinished = errors.New("the request is over")

// again returns another reader of the body, for a second attempt.
func (b *sent) again() (io.ReadCloser, error) {
	if !b.hold() {
		return nil, errFinished
	}
	return &replayed{body: &b.stored, block: b.first}, nil
}

// discard gives up a body that nobody has seen.
func (b *sent) discard() {
	b.replayed.original = nil
	_ = b.Close()
	b.drop()
}

// finish ends the use of a request's body after its handlers: from here on it cannot
// be read again, as is true of every body of a server.
func finish(r *http.Request) {
	if b, ok := r.Body.(*sent); ok && !b.finished {
		b.finished = true
		_ = b.Close()
		b.drop()
	}
}
