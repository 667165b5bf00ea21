package recording

import (
	"errors"
	"slices"
)

// MaxListeners is how many may listen at once.
const MaxListeners = 64

// ErrListeners tells that there are that many already.
var ErrListeners = errors.New("too many listen already")

// Listener is somebody who is told of every request. It holds nothing: who is slow
// finds that requests have left, and is never waited for.
type Listener struct {
	rec  *Recording
	last uint64
	lost bool // the numbers are those of another process
}

// Listen begins after a number. Stop has to be called.
func (rec *Recording) Listen(after uint64) (*Listener, error) {
	rec.settle()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.listeners == MaxListeners {
		return nil, ErrListeners
	}
	rec.listeners++
	if after > rec.seq {
		return &Listener{rec: rec, lost: true}, nil
	}
	return &Listener{rec: rec, last: after}, nil
}

// Stop ends it.
func (l *Listener) Stop() {
	l.rec.mu.Lock()
	defer l.rec.mu.Unlock()
	l.rec.listeners--
}

// Latest returns the number of the newest request.
func (rec *Recording) Latest() uint64 {
	rec.settle()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.settled
}

// Next returns what has come since, oldest first; gap tells that some have left before.
// The channel is closed when there is more.
func (l *Listener) Next() (entries []*Entry, gap bool, more <-chan struct{}) {
	rec := l.rec
	rec.mu.Lock()
	defer rec.mu.Unlock()
	// Numbers of streams that have ended are not in the queue, so a gap shows only
	// where requests have been dropped.
	gap, l.lost = l.lost || l.last < rec.dropped && l.last > 0, false
	for i := rec.after(l.last); i < rec.count && rec.at(i).seq <= rec.settled; i++ {
		if entry := rec.at(i).entry; entry != nil {
			entries = append(entries, entry)
		}
	}
	for _, o := range rec.open {
		if o.entry.Seq > l.last && o.entry.Seq <= rec.settled {
			entries = append(entries, o.entry)
		}
	}
	slices.SortFunc(entries, func(a, b *Entry) int { return int(int64(a.Seq) - int64(b.Seq)) })
	l.last = max(rec.settled, l.last)
	return entries, gap, rec.news
}

// Announce tells all listeners to look at the state again.
func (rec *Recording) Announce() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.states++
	close(rec.news)
	rec.news = make(chan struct{})
}

// States counts the announcements.
func (rec *Recording) States() uint64 {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.states
}
