package ratelimit

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// partition is a hashed partition key, 96 bits of it. The hash is seeded afresh in every
// process, see hashKey.
type partition struct {
	lo uint64
	hi uint32
}

// ways is how many partitions share a line.
const ways = 3

// line is a cache line, 64 bytes, with the state of some partitions. It has no pointers, so
// that a million of them cost the garbage collector nothing.
type line struct {
	// tat are the theoretical arrival times, 0 where there is no partition.
	tat [ways]int64
	lo  [ways]uint64
	hi  [ways]uint32
	// spilled tells that a partition which belongs here, or further ahead, may be in one of
	// the next lines.
	spilled bool
}

// all yields the partitions of a line and their times.
func (l *line) all(yield func(partition, int64) bool) {
	for way, tat := range l.tat {
		if tat != 0 && !yield(partition{l.lo[way], l.hi[way]}, tat) {
			return
		}
	}
}

// shard holds a part of a store's partitions. Its methods want mu held.
//
// The lines are a hash table: a partition is in the line that its hash names, or, where
// that was full, in the next one with room. A charge thus touches two cache lines, that of
// the shard and nearly always one of the table: with a million keys each of these is a
// wait for memory, and nothing else takes as long. Nothing is in order of time; that is
// found out for many partitions at once when there is no more room, see tidy.
type shard struct {
	mu              sync.Mutex
	lines           []line
	clock           int64  // the latest time of a charge, see tick
	passed, refused uint64 // decisions, of handlers that have nothing but memory

	// To here it is one cache line, also where the allocator puts 8 bytes in front. What
	// follows is for keys that come and go. Shards do not share cache lines.
	reported uint64
	limit    int // how many partitions there may be
	live     int // how many there are
	evicted  uint64
	moves    uint64 // how often the partitions changed their lines
	earliest int64  // when it is worth while to look for what has drained
	// head is where the lines are told to those who do not hold mu; nil where nobody asks.
	head *atomic.Pointer[[]line]
	_    [16]byte
}

// home returns the line in which the search for a partition begins: its hash, scaled down.
func (s *shard) home(lo uint64) int { return home(s.lines, lo) }

func home(lines []line, lo uint64) int {
	at, _ := bits.Mul64(lo, uint64(len(lines)))
	return int(at)
}

// after returns the line behind another one.
func (s *shard) after(at int) int {
	if at++; at < len(s.lines) {
		return at
	}
	return 0
}

// find returns the theoretical arrival time of a partition, where it is kept, or nil.
func (s *shard) find(key partition) *int64 {
	at := s.home(key.lo)
	for range s.lines {
		l := &s.lines[at]
		// Which of the three it is nobody can predict, so there is no branch for it.
		way := 0
		if l.lo[1] == key.lo {
			way = 1
		}
		if l.lo[2] == key.lo {
			way = 2
		}
		if l.lo[way] == key.lo {
			if l.hi[way] == key.hi && l.tat[way] != 0 {
				return &l.tat[way]
			}
			if at := l.findTwin(key); at != nil {
				return at
			}
		}
		if !l.spilled {
			return nil
		}
		at = s.after(at)
	}
	return nil
}

// findTwin is find for a line in which more than one place has the half of the hash that
// find looks at: one of them is free, or chance made them alike.
func (l *line) findTwin(key partition) *int64 {
	for way := range l.tat {
		if l.lo[way] == key.lo && l.hi[way] == key.hi && l.tat[way] != 0 {
			return &l.tat[way]
		}
	}
	return nil
}

// stale is how far the time of a request may lie behind that of another one that was
// charged before: its goroutine had to wait in between. Clocks that are set back are set
// back further.
const stale = int64(time.Minute)

// tick returns the time of a charge: that of the request, but not before the charges that
// were made already. Otherwise a request that was held up between looking at the clock and
// getting the lock would find a time too far ahead, take it for a mistake and bring it
// back, and others would get the difference once more.
func (s *shard) tick(now int64) int64 {
	if now < s.clock && s.clock-now < stale {
		return s.clock
	}
	s.clock = now
	return now
}

// count counts the decision about a claim.
func (s *shard) count(c *claim) {
	switch {
	case c.decision.allowed:
		s.passed++
	case c.reports:
		s.reported++
	default:
		s.refused++
	}
}

// insert adds a partition that is not there yet.
func (s *shard) insert(key partition, tat, now int64) {
	for s.live >= s.limit {
		s.tidy(now, s.limit-max(1, s.limit/drainedShare), s.limit-max(1, s.limit/256*(256/evictedShare)))
	}
	if !s.roomy() {
		s.tidy(now, s.limit, s.limit) // perhaps enough has drained
		if s.live*3 >= len(s.lines)*ways*2 {
			s.rebuild()
		}
	}
	s.place(key, max(1, tat))
	s.live++
	s.earliest = min(s.earliest, tat)
}

// roomy tells whether one more partition has room: at most seven tenths of the places are
// taken, so that most partitions are where the search for them begins.
func (s *shard) roomy() bool { return (s.live+1)*10 <= len(s.lines)*ways*7 }

// place puts a partition that is not there yet where the search for it will find it.
func (s *shard) place(key partition, tat int64) {
	for at := s.home(key.lo); ; at = s.after(at) {
		l := &s.lines[at]
		for way := range l.tat {
			if l.tat[way] == 0 {
				l.tat[way], l.lo[way], l.hi[way] = tat, key.lo, key.hi
				return
			}
		}
		l.spilled = true
	}
}

// smallest is how many lines a shard has at least, once it has a partition.
const smallest = 4

// linesFor is how many lines suit so many partitions and some more: half of the places are
// taken then, or three fifths at the limit, where there will be no more.
func (s *shard) linesFor(live int) int {
	return max(smallest, min(live*2, s.limit*5/3)/ways+2)
}

// rebuild moves all partitions to as many lines as suit them.
func (s *shard) rebuild() {
	before := s.lines
	lines := make([]line, s.linesFor(s.live))
	if s.lines = lines; s.head != nil {
		s.head.Store(&lines)
	}
	for i := range before {
		l := &before[i]
		for way := range l.tat {
			if l.tat[way] != 0 {
				s.place(partition{l.lo[way], l.hi[way]}, l.tat[way])
			}
		}
	}
	s.moves++
}

// forget removes a partition that find has found.
func (s *shard) forget(tat *int64) {
	*tat = 0
	s.live--
}
