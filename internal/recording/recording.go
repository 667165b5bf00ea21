// Package recording remembers the last requests of a gateway, good ones too, for the
// people who look at its console: what the client sent, what every step decided and
// changed, what the service got and what was answered.
//
//	recording.go  what requests are recorded into, and the bounds on it
//	capture.go    one request while it happens: references and pooled buffers
//	end.go        what is left of it once it is over
//	fields.go     header fields, and what a step changed of them
//	tap.go        bodies, as they stream past
//	settle.go     captures become entries: copied, cut and masked
//	body.go       what a body becomes
//	entry.go      one recorded request as it is shown
//	ring.go       the last of them, in order
//	listen.go     who is told of each
//	match.go      what filters look at
//	replay.go     tickets for requests that are repeated
//
// A request costs no copy of its headers and no allocation that is worth speaking of:
// captures are pooled, and whatever is expensive (copying, masking, rendering) is done
// afterwards, and only for requests that are still remembered. Nobody can read a
// capture before that: readers settle first, and a goroutine does so by itself soon
// after, so that what a client sent unmasked is not kept.
package recording

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gateway/internal/exchange"
)

// The bounds. Everything that is held takes up MaxBytes at most: what is remembered and
// what streams past share them.
const (
	// Capacity is how many requests are remembered; the oldest leave.
	Capacity = 500
	// MaxBytes bounds all that is held. At the bound the oldest leave early.
	MaxBytes = 32 << 20
	// maxRemembered is the part of MaxBytes for requests that are over, and
	// maxInFlight that for requests that are not. Beyond it requests are recorded
	// without their headers and bodies.
	maxRemembered = 24 << 20
	maxInFlight   = MaxBytes - maxRemembered
	// maxOpen is how many streams that live are shown beside the requests that are
	// over.
	maxOpen = 64

	// maxBody bounds what is kept of each body, maxValue of each header value,
	// maxFields the header fields of each side, and maxTarget the target, in bytes.
	maxBody   = 16 << 10
	maxValue  = 1 << 10
	maxFields = 64
	maxTarget = 4 << 10
)

// How soon requests are settled: while somebody listens, and while nobody does.
const (
	soon  = 50 * time.Millisecond
	later = 500 * time.Millisecond
)

// Recording remembers requests. The zero value is useless; call New.
type Recording struct {
	inFlight atomic.Int64 // bytes held by captures of requests that are not over
	pool     sync.Pool    // of *capture
	replays  replays

	settling sync.Mutex // held while captures become entries

	mu        sync.Mutex
	items     [Capacity]item // a queue: count of them from first on, oldest first
	first     int
	count     int
	seq       uint64 // the last number that was given
	settled   uint64 // up to here everything is an entry
	told      uint64 // up to here listeners have been told
	dropped   uint64 // the highest number that has left
	states    uint64 // how often the state has changed
	seen      uint64
	bytes     int64
	open      []*openStream // streams that live, oldest first
	news      chan struct{} // closed when there is something new to read
	listeners int
	wake      chan struct{}
	done      chan struct{}
}

// item is one remembered request: a capture, or the entry that it became. It is neither
// while it becomes one.
type item struct {
	seq   uint64
	raw   *capture
	entry *Entry
	size  int64
}

// openStream is a stream that lives.
type openStream struct {
	capture *capture
	entry   *Entry
}

// New returns an empty recording. Close it when nobody records any more.
func New() *Recording {
	rec := &Recording{news: make(chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{})}
	rec.pool.New = func() any { return new(capture) }
	go rec.run()
	return rec
}

// Close ends what runs in the background. Requests may still be recorded afterwards.
func (rec *Recording) Close() { close(rec.done) }

// run settles what has been recorded, in batches: a flood of requests that nobody can
// look at costs no more than Capacity of them in each interval.
func (rec *Recording) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-rec.done:
			return
		case <-rec.wake:
		}
		pause := later
		if rec.settle() {
			pause = soon
		}
		timer.Reset(pause)
		select {
		case <-rec.done:
			return
		case <-timer.C:
		}
	}
}

// Begin watches a request from now on, before anything of it has changed.
func (rec *Recording) Begin(x *exchange.Exchange, r *http.Request) {
	if rec.inFlight.Load() > maxInFlight {
		return // only its line will be known
	}
	c := rec.pool.Get().(*capture)
	c.begin(rec, x, r)
	x.Watcher = c
}

// Stream shows a request whose response has become a stream while it lives.
func (rec *Recording) Stream(x *exchange.Exchange) {
	c, ok := x.Watcher.(*capture)
	if !ok {
		return
	}
	c.opened = true
	entry := c.entry(true) // rare, and worth its time
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if len(rec.open) == maxOpen {
		rec.bytes -= rec.open[0].entry.size
		rec.open = append(rec.open[:0], rec.open[1:]...)
	}
	rec.seq++
	entry.Seq = rec.seq
	rec.open = append(rec.open, &openStream{c, entry})
	rec.bytes += entry.size
	rec.evict()
	rec.nudge()
}

// Record remembers a request that is over.
func (rec *Recording) Record(x *exchange.Exchange, r *http.Request) {
	c, ok := x.Watcher.(*capture)
	if !ok {
		c = rec.pool.Get().(*capture)
		c.slim(rec, x, r)
	}
	size := c.end(r)
	rec.mu.Lock()
	rec.seen++
	rec.shut(c)
	left := rec.push(c, size)
	rec.evict()
	rec.mu.Unlock()
	rec.nudge()
	if left != nil { // emptied while nobody waits
		rec.recycle(left)
	}
}

// nudge tells the goroutine that there is something to settle.
func (rec *Recording) nudge() {
	select {
	case rec.wake <- struct{}{}:
	default:
	}
}

var _ exchange.Watcher = (*capture)(nil)
