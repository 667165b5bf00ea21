package validate

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
)

// Uploads are checked while they arrive, and passed on when they are through. What is
// longer than spoolMemory waits in a file without a name, so that it is gone with the
// process; all together may take maxSpooled bytes.
const (
	spoolMemory = 256 << 10
	maxSpooled  = 4 << 30
)

// spooled counts the bytes in files, in the whole process.
var spooled atomic.Int64

// errSpool is what becomes of a body that there is no place for.
var errSpool = errors.New("the body cannot be held")

// spool is the part of a body that lies in a file. It is only written to before it is
// read, and read at places.
type spool struct {
	file    *os.File
	size    int64
	removed bool // the name is gone while the file is open
}

func newSpool() (*spool, error) {
	file, err := os.CreateTemp("", "gateway-body-")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSpool, err)
	}
	s := &spool{file: file, removed: os.Remove(file.Name()) == nil} // not on every system
	// A body that nobody closes is closed with its memory.
	runtime.SetFinalizer(s, (*spool).close)
	return s, nil
}

func (s *spool) write(p []byte) error {
	if spooled.Add(int64(len(p))) > maxSpooled {
		spooled.Add(-int64(len(p)))
		return fmt.Errorf("%w: %d bytes of uploads are waiting already", errSpool, maxSpooled)
	}
	s.size += int64(len(p))
	if _, err := s.file.Write(p); err != nil {
		return fmt.Errorf("%w: %w", errSpool, err)
	}
	return nil
}

// close gives the file back, once.
func (s *spool) close() {
	runtime.SetFinalizer(s, nil)
	_ = s.file.Close()
	if !s.removed { // otherwise the name may be somebody else's already
		_ = os.Remove(s.file.Name())
	}
	spooled.Add(-s.size)
}

// probeSpool finds out at load whether there is a place for files.
func probeSpool() error {
	s, err := newSpool()
	if err != nil {
		return err
	}
	s.close()
	return nil
}
