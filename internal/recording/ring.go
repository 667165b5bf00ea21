package recording

import (
	"slices"
	"sort"
)

// shut takes a stream that has ended off the open ones. Whoever calls holds mu.
func (rec *Recording) shut(c *capture) {
	if !c.opened {
		return
	}
	for i, o := range rec.open {
		if o.capture == c {
			rec.bytes -= o.entry.size
			rec.open = slices.Delete(rec.open, i, i+1)
			return
		}
	}
}

// push puts a capture behind the newest item. It returns the one that has left for it,
// or nil. Whoever calls holds mu.
func (rec *Recording) push(c *capture, size int64) (left *capture) {
	if rec.count == Capacity {
		left = rec.drop()
	}
	rec.seq++
	rec.items[(rec.first+rec.count)%Capacity] = item{seq: rec.seq, raw: c, size: size}
	rec.count++
	rec.bytes += size
	return left
}

// evict drops the oldest items until all fit. Whoever calls holds mu.
func (rec *Recording) evict() {
	for rec.bytes > maxRemembered && rec.count > 1 {
		if c := rec.drop(); c != nil {
			rec.recycle(c)
		}
	}
}

// drop forgets the oldest item. It returns its capture, if it still is one.
func (rec *Recording) drop() (left *capture) {
	oldest := &rec.items[rec.first]
	left = oldest.raw
	rec.bytes -= oldest.size
	rec.dropped = oldest.seq
	*oldest = item{}
	rec.first = (rec.first + 1) % Capacity
	rec.count--
	return left
}

// recycle makes a capture ready for another request, unless it has grown.
func (rec *Recording) recycle(c *capture) {
	if c.reset() {
		rec.pool.Put(c)
	}
}

// at returns the i-th item, oldest first.
func (rec *Recording) at(i int) *item { return &rec.items[(rec.first+i)%Capacity] }

// after returns the index of the oldest item with a higher number.
func (rec *Recording) after(seq uint64) int {
	return sort.Search(rec.count, func(i int) bool { return rec.at(i).seq > seq })
}

// State is what there is.
type State struct {
	Capacity int    `json:"capacity"`
	Held     int    `json:"held"`
	Seen     uint64 `json:"seen"`
	Bytes    int64  `json:"bytes"`
}

// State tells how much is held and how many requests there have been.
func (rec *Recording) State() State {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return State{Capacity, rec.count + len(rec.open), rec.seen, rec.bytes + max(rec.inFlight.Load(), 0)}
}

// Entries returns what is remembered, newest first, settled.
func (rec *Recording) Entries() []*Entry {
	rec.settle()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	all := make([]*Entry, 0, rec.count+len(rec.open))
	for i := range rec.count {
		if entry := rec.at(i).entry; entry != nil {
			all = append(all, entry)
		}
	}
	for _, o := range rec.open {
		all = append(all, o.entry)
	}
	slices.SortFunc(all, func(a, b *Entry) int { return int(int64(b.Seq) - int64(a.Seq)) })
	return all
}

// Find returns the newest entry with a request id, or nil.
func (rec *Recording) Find(id string) *Entry {
	for _, entry := range rec.Entries() {
		if entry.ID == id {
			return entry
		}
	}
	return nil
}
