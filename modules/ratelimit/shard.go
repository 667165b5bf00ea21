package ratelimit

import "sync"

// partition is a hashed partition key. The hash is seeded afresh in every process,
// see hashKey.
type partition struct{ hi, lo uint64 }

// entry is the state of one partition: 32 bytes, without pointers, so that a million
// of them cost the garbage collector nothing.
type entry struct {
	key partition
	// tat is the theoretical arrival time.
	tat int64
	// due is the tat that the entry has in the heap. It may lag behind tat, because
	// a charge does not move the entry in the heap.
	due int64
}

// shard holds a part of a store's partitions. Its methods want mu held.
//
// The table finds an entry by key: open addressing with linear probing over entry
// numbers. The heap orders entry numbers by due, the earliest first; it is put right
// only when somebody asks for the earliest. A charge thus touches one table slot and
// one entry.
type shard struct {
	mu      sync.Mutex
	limit   int      // how many entries there may be
	table   []uint32 // entry number + 1; 0 is empty. The length is a power of two.
	entries []entry
	free    []uint32 // numbers of unused entries
	heap    []uint32
	evicted uint64 // how many entries left before they had drained
	moves   uint64 // how often entries changed their numbers. To here it is 128 bytes: shards of one store do not share cache lines.
}

const smallestTable = 16

// find returns the number of the entry of key, or -1.
func (s *shard) find(key partition) int {
	if len(s.table) == 0 {
		return -1
	}
	mask := uint64(len(s.table) - 1)
	for i := key.lo & mask; s.table[i] != 0; i = (i + 1) & mask {
		if n := s.table[i] - 1; s.entries[n].key == key {
			return int(n)
		}
	}
	return -1
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
	n := s.take()
	s.entries[n] = entry{key: key, tat: tat, due: tat}
	s.index(n)
	s.heap = append(s.heap, n)
	s.up(len(s.heap) - 1)
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

// removeRoot removes the entry at the root of the heap.
func (s *shard) removeRoot() {
	n := s.heap[0]
	last := len(s.heap) - 1
	s.heap[0] = s.heap[last]
	s.heap = s.heap[:last]
	s.down(0)
	s.unindex(s.entries[n].key)
	s.entries[n] = entry{}
	s.free = append(s.free, n)
}

// index enters entry n into the table, which has room.
func (s *shard) index(n uint32) {
	mask := uint64(len(s.table) - 1)
	i := s.entries[n].key.lo & mask
	for s.table[i] != 0 {
		i = (i + 1) & mask
	}
	s.table[i] = n + 1
}

// unindex takes key, which is there, out of the table and closes the gap, so that no
// tombstones pile up (Knuth, The Art of Computer Programming, 6.4, algorithm R).
func (s *shard) unindex(key partition) {
	mask := uint64(len(s.table) - 1)
	i := key.lo & mask
	for s.entries[s.table[i]-1].key != key {
		i = (i + 1) & mask
	}
	for j := (i + 1) & mask; s.table[j] != 0; j = (j + 1) & mask {
		home := s.entries[s.table[j]-1].key.lo & mask
		if (j-home)&mask >= (j-i)&mask {
			s.table[i] = s.table[j]
			i = j
		}
	}
	s.table[i] = 0
}

// take returns the number of an unused entry.
func (s *shard) take() uint32 {
	if last := len(s.free) - 1; last >= 0 {
		n := s.free[last]
		s.free = s.free[:last]
		return n
	}
	s.entries = append(s.entries, entry{})
	return uint32(len(s.entries) - 1)
}

// makeRoom lets one more entry in: the table stays at most 3/4 full, and the entries
// grow by a quarter, which bounds the slack.
func (s *shard) makeRoom() {
	if len(s.table) == 0 || (len(s.heap)+1)*4 > len(s.table)*3 {
		s.rehash(max(smallestTable, len(s.table)*2))
	}
	if n := len(s.entries); n == cap(s.entries) && len(s.free) == 0 {
		s.entries = append(make([]entry, 0, s.room(n)), s.entries...)
		s.heap = append(make([]uint32, 0, s.room(n)), s.heap...)
	}
}

// room is the capacity for more than n entries.
func (s *shard) room(n int) int {
	return max(n+1, min(n+n/4+8, s.limit))
}

func (s *shard) rehash(size int) {
	s.table = make([]uint32, size)
	for _, n := range s.heap {
		s.index(n)
	}
}

// shrink gives memory back once three quarters of the entries are unused.
func (s *shard) shrink() {
	live := len(s.heap)
	if len(s.entries) < 4*smallestTable || live > len(s.entries)/4 {
		return
	}
	entries := make([]entry, live, s.room(live))
	heap := make([]uint32, live, s.room(live))
	for i, n := range s.heap { // the order of the heap stays as it is
		entries[i], heap[i] = s.entries[n], uint32(i)
	}
	s.entries, s.heap, s.free = entries, heap, nil
	s.moves++
	size := smallestTable
	for live*4 > size*3 {
		size *= 2
	}
	s.rehash(size)
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
