package ratelimit

import (
	"math/bits"
	"sync"
	"time"
)

// partition is a hashed partition key. The hash is seeded afresh in every process,
// see hashKey.
type partition struct{ hi, lo uint64 }

// entry is the state of one partition: 32 bytes, without pointers, so that a million
// of them cost the garbage collector nothing.
type entry struct {
	key partition
	// tat is the theoretical arrival time.
	tat int64
	// due is the tat that the entry has in the heap. It may lag behind tat, because a
	// charge does not move the entry in the heap. Where it is unused there is no entry,
	// and where it is removed there was one.
	due int64
}

const (
	unused  = 0
	removed = -1
)

// shard holds a part of a store's partitions. Its methods want mu held.
//
// The entries are a hash table themselves: open addressing with linear probing. The heap
// orders their numbers by due, the earliest first; it is put right only when somebody asks
// for the earliest. A charge thus touches one cache line of the shard and one or two
// neighbours of the entries: with a million keys each of these is a wait for memory, and
// nothing else takes as long. Shards do not share cache lines.
type shard struct {
	mu      sync.Mutex
	entries []entry
	clock   int64 // the latest time of a charge, see tick

	passed, refused, reported uint64 // decisions, of handlers that have nothing but memory

	// To here it is one cache line. What follows is for keys that come and go.
	limit   int // how many entries there may be
	filled  int // places that are not unused
	heap    []uint32
	evicted uint64 // how many entries left before they had drained
	moves   uint64 // how often entries changed their numbers
	_       [72]byte
}

// home returns the place where the search for a key begins: its hash, scaled down.
func (s *shard) home(key partition) int {
	place, _ := bits.Mul64(key.lo, uint64(len(s.entries)))
	return int(place)
}

// after returns the place behind another one.
func (s *shard) after(place int) int {
	if place++; place < len(s.entries) {
		return place
	}
	return 0
}

// find returns the number of the entry of key, or -1.
func (s *shard) find(key partition) int {
	if len(s.entries) == 0 {
		return -1
	}
	for i := s.home(key); ; i = s.after(i) {
		if e := &s.entries[i]; e.due == unused {
			return -1
		} else if e.key == key && e.due != removed {
			return i
		}
	}
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

// insert adds a partition that is not there yet. At the limit the entry with the
// earliest tat leaves: first those that have drained, whose absence changes nothing,
// then the one that has the least left to drain. Who has spent a burst thus stays
// refused, however many new keys arrive.
func (s *shard) insert(key partition, tat, now int64) {
	// Two, so that a limit that was lowered is reached without one long pause.
	for range 2 {
		if len(s.heap) >= s.limit {
			s.removeEarliest(now)
		}
	}
	s.makeRoom()
	s.heap = append(s.heap, s.place(entry{key: key, tat: tat, due: max(1, tat)}))
	s.up(len(s.heap) - 1)
}

// place puts an entry that is not there yet where the search for it will find it.
func (s *shard) place(e entry) uint32 {
	i := s.home(e.key)
	for s.entries[i].due > unused {
		i = s.after(i)
	}
	if s.entries[i].due == unused {
		s.filled++
	}
	s.entries[i] = e
	return uint32(i)
}

// removeEarliest removes the entry with the earliest tat.
func (s *shard) removeEarliest(now int64) {
	for s.refresh() {
	}
	if s.entries[s.heap[0]].tat > now {
		s.evicted++
	}
	s.removeRoot()
}

// refresh brings the heap one step closer to the truth: if the root has been charged
// since it was filed, it is filed anew and refresh returns true.
func (s *shard) refresh() bool {
	e := &s.entries[s.heap[0]]
	if e.tat <= e.due {
		return false
	}
	e.due = e.tat
	s.down(0)
	return true
}

// sweep removes drained entries, and what exceeds a lowered limit, in at most budget
// steps. It returns false if there may be more to do.
func (s *shard) sweep(now int64, budget int) bool {
	for ; budget > 0; budget-- {
		if len(s.heap) == 0 || (s.entries[s.heap[0]].due > now && len(s.heap) <= s.limit) {
			s.shrink()
			return true
		}
		if !s.refresh() {
			if s.entries[s.heap[0]].tat > now {
				s.evicted++
			}
			s.removeRoot()
		}
	}
	return false
}

// removeRoot removes the entry at the root of the heap. Its place stays taken for the
// searches that go on behind it, unless none does.
func (s *shard) removeRoot() {
	n := int(s.heap[0])
	last := len(s.heap) - 1
	s.heap[0] = s.heap[last]
	s.heap = s.heap[:last]
	s.down(0)
	s.entries[n] = entry{due: removed}
	if s.entries[s.after(n)].due == unused {
		s.entries[n].due = unused
		s.filled--
	}
}

const smallestShard = 16 // entries

// makeRoom lets one more entry in. At most four fifths of the places are filled, and
// after a rebuild five eighths, which bounds the slack.
func (s *shard) makeRoom() {
	if (s.filled+1)*5 > len(s.entries)*4 {
		s.rebuild()
	}
	if n := len(s.heap); n == cap(s.heap) {
		s.heap = append(make([]uint32, 0, s.room(n)), s.heap...)
	}
}

// room is the capacity for more than n entries.
func (s *shard) room(n int) int {
	return max(n+1, min(n+n/4+8, s.limit))
}

// rebuild moves the entries to where nothing was removed, with room for some more.
func (s *shard) rebuild() {
	before := s.entries
	s.entries, s.filled = make([]entry, smallestShard+len(s.heap)*8/5), 0
	for i, n := range s.heap { // the order of the heap stays as it is
		s.heap[i] = s.place(before[n])
	}
	s.moves++
}

// shrink gives memory back once five sixths of the entries are unused.
func (s *shard) shrink() {
	if live := len(s.heap); len(s.entries) > 4*smallestShard && live*6 < len(s.entries) {
		s.heap = append(make([]uint32, 0, s.room(live)), s.heap...)
		s.rebuild()
	}
}

func (s *shard) earlier(i, j int) bool {
	return s.entries[s.heap[i]].due < s.entries[s.heap[j]].due
}

func (s *shard) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !s.earlier(i, parent) {
			return
		}
		s.heap[i], s.heap[parent] = s.heap[parent], s.heap[i]
		i = parent
	}
}

func (s *shard) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(s.heap) {
			return
		}
		if child+1 < len(s.heap) && s.earlier(child+1, child) {
			child++
		}
		if !s.earlier(child, i) {
			return
		}
		s.heap[i], s.heap[child] = s.heap[child], s.heap[i]
		i = child
	}
}
