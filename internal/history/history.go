// Package history is the last hour of a gateway in memory: how many requests there were
// in every five seconds, what became of them and how long they took, by operation.
//
//	history.go    what requests count into, and the bounds on it
//	interval.go   five seconds that are over, packed
//	histogram.go  durations in fixed buckets
//	query.go      an hour or less of it as columns
//
// A request costs no allocation, one lookup and a few atomic additions. Time is an argument.
package history

import (
	"sync"
	"sync/atomic"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// The bounds. A history takes up 17 MB at the very worst: MaxBytes of packed intervals and,
// for each of MaxRoutes operations, 3 KB that requests count into. An operation that sees
// a few requests a second takes up about 50 KB an hour; one that sees none takes up nothing.
const (
	// Step is the length of an interval.
	Step = 5 * time.Second
	// Kept is how many intervals are kept: an hour.
	Kept = 720
	// MaxRoutes is how many operations are told apart; what is beyond counts as exchange.Other.
	MaxRoutes = 256
	// MaxBytes bounds the packed intervals. At the bound the oldest leave early, and
	// the scope of answers says since when there are any.
	MaxBytes = 16 << 20
)

// Operation is what requests are told apart by.
type Operation struct {
	API     string `json:"api"`
	Version string `json:"version"`
	Method  string `json:"method"`
	Route   string `json:"route"` // the template
}

var other = Operation{API: exchange.Other, Route: exchange.Other}

// History is the last hour. The zero value is useless; call New.
type History struct {
	made     time.Time
	born     time.Time    // made, put back to a multiple of Step
	inFlight atomic.Int64 // requests without an answer so far
	peak     atomic.Int64 // the most of them in the open interval
	streams  atomic.Int64 // streams that live

	mu     sync.RWMutex
	number int64                     // of the open interval, since born
	cells  map[*exchange.Route]*cell // of the open interval
	byID   [MaxRoutes]*cell          // the same by the id of the operation
	spare  []*cell                   // empty ones
	past   [Kept]interval            // by number modulo Kept
	bytes  int                       // of past
	oldest int64                     // the first interval that is kept

	ids      map[Operation]int
	names    [MaxRoutes]Operation
	last     [MaxRoutes]int64 // the interval in which the operation was seen last
	crowded  int64            // the interval in which no id was left, or -1
	maxBytes int
}

// New returns an empty history that begins at a time.
func New(now time.Time) *History {
	born := now.Add(-time.Duration(now.UnixNano() % int64(Step))) // with its monotonic clock
	h := &History{made: now, born: born, cells: map[*exchange.Route]*cell{}, ids: map[Operation]int{other: 0}, crowded: -1, maxBytes: MaxBytes}
	h.names[0] = other
	return h
}

// cell is what the requests of one operation count into during one interval.
type cell struct {
	id                         int
	requests, errors, mistaken atomic.Uint32
	refused, reported          [reasonCount]atomic.Uint32
	total, own, upstream       counting
}

var (
	catalogue = problem.Catalogue()
	places    = func() map[*problem.Reason]int {
		m := make(map[*problem.Reason]int, len(catalogue))
		for i, reason := range catalogue {
			m[reason] = i
		}
		return m
	}()
)

// reasonCount is how many reasons are told apart; a test says when it has to grow.
const reasonCount = 64

// placeOf returns the place of a reason among the counts of a cell.
func placeOf(reason *problem.Reason) int {
	if place, ok := places[reason]; ok && place < reasonCount-1 {
		return place
	}
	return reasonCount - 1
}

func nameOf(place int) string {
	if place < len(catalogue) && place < reasonCount-1 {
		return catalogue[place].Code
	}
	return exchange.Other
}

// Begin notes that a request has come.
func (h *History) Begin() {
	now := h.inFlight.Add(1)
	for peak := h.peak.Load(); now > peak && !h.peak.CompareAndSwap(peak, now); peak = h.peak.Load() {
	}
}

// Stream notes that the answer to a request has become a stream.
func (h *History) Stream() {
	h.inFlight.Add(-1)
	h.streams.Add(1)
}

// Record counts a request that is over. Begin has to have been called for it, and
// Stream if it has become one.
func (h *History) Record(x *exchange.Exchange) {
	if x.Stream != exchange.NoStream {
		h.streams.Add(-1)
	} else {
		h.inFlight.Add(-1)
	}
	number := h.numberOf(x.Start.Add(x.Total + x.Life)) // the clock has been read already
	h.mu.RLock()
	c := h.cells[x.Route]
	if c != nil && number <= h.number {
		c.count(x)
		h.mu.RUnlock()
		return
	}
	h.mu.RUnlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.advance(number)
	h.open(x.Route).count(x)
}

// numberOf returns the number of the interval that a time lies in. It is counted by the monotonic
// clock, so that corrections of the wall clock leave no gap.
func (h *History) numberOf(now time.Time) int64 { return int64(max(now.Sub(h.born), 0) / Step) }

// open returns the cell of a route in the open interval. mu is held.
func (h *History) open(route *exchange.Route) *cell {
	if c := h.cells[route]; c != nil {
		return c
	}
	id := h.identify(route)
	c := h.byID[id]
	if c == nil {
		if n := len(h.spare); n > 0 {
			c, h.spare = h.spare[n-1], h.spare[:n-1]
		} else {
			c = new(cell)
		}
		c.id, h.byID[id] = id, c
	}
	h.cells[route] = c
	h.last[id] = h.number
	return c
}

// identify returns the id of an operation. One that nothing is kept of gives its id to
// the next; when there is none left, it is that of other.
func (h *History) identify(route *exchange.Route) int {
	if route == nil {
		return 0
	}
	name := Operation{API: route.API, Version: route.Version, Method: route.Method, Route: route.Template}
	if id, ok := h.ids[name]; ok {
		return id
	}
	id := len(h.ids)
	if id == MaxRoutes {
		if id = h.vacant(); id == 0 {
			return 0
		}
		delete(h.ids, h.names[id])
	}
	h.ids[name], h.names[id] = id, name
	return id
}

// vacant returns an id that nothing is kept of, or 0. In vain it looks once an interval.
func (h *History) vacant() int {
	if h.crowded == h.number {
		return 0
	}
	for id := 1; id < MaxRoutes; id++ {
		if h.last[id] < h.oldest && h.byID[id] == nil {
			return id
		}
	}
	h.crowded = h.number
	return 0
}

// count adds one request.
func (c *cell) count(x *exchange.Exchange) {
	c.requests.Add(1)
	switch {
	case x.Status >= 500 || x.Aborted && x.Refusal != nil:
		c.errors.Add(1)
	case x.Status >= 400:
		c.mistaken.Add(1)
	}
	if x.Refusal != nil {
		c.refused[placeOf(x.Refusal.Reason)].Add(1)
	}
	decisions := x.Decisions()
	for i := range decisions {
		if decisions[i].Verdict == exchange.Reported && decisions[i].Refusal != nil {
			c.reported[placeOf(decisions[i].Refusal.Reason)].Add(1)
		}
	}
	c.total[bucketOf(x.Total)].Add(1)
	c.own[bucketOf(x.Own)].Add(1)
	if x.Forwarded {
		c.upstream[bucketOf(x.Upstream())].Add(1)
	}
}
