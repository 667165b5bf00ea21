package history

import (
	"encoding/binary"
	"sync/atomic"
)

// interval is five seconds that are over. Nobody writes to packed again.
//
// packed holds, as unsigned varints, for each operation: its id, the counts of requests,
// errors and mistakes, and five lists (refusals, reports, total, own, upstream). A list
// is its length, and pairs of the distance from the place before and the count.
type interval struct {
	number   int64
	inFlight int64 // the most during the interval
	level    int64 // at its end
	streams  int64 // at its end
	packed   []byte
	used     bool
}

// advance closes the open interval if a later one has begun. mu is held.
func (h *History) advance(number int64) {
	if number <= h.number {
		return
	}
	level := h.inFlight.Load()
	closed := interval{number: h.number, inFlight: max(h.peak.Swap(level), level), level: level, streams: h.streams.Load(), used: true}
	for id, c := range h.byID {
		if c == nil {
			continue
		}
		closed.packed = c.pack(closed.packed)
		*c = cell{}
		h.byID[id] = nil
		h.spare = append(h.spare, c)
	}
	clear(h.cells)
	h.keep(closed)
	h.number = number
	h.forget(number - Kept)
}

// keep puts an interval into the ring; the oldest leave while there are too many bytes.
func (h *History) keep(closed interval) {
	slot := &h.past[closed.number%Kept]
	h.bytes += len(closed.packed) - len(slot.packed)
	*slot = closed
	for number := h.oldest; h.bytes > h.maxBytes && number < closed.number; number++ {
		h.forget(number + 1)
	}
}

// forget drops what is older than an interval.
func (h *History) forget(oldest int64) {
	for n := max(h.oldest, oldest-Kept); n < oldest; n++ {
		if slot := &h.past[n%Kept]; slot.used && slot.number < oldest {
			h.bytes -= len(slot.packed)
			*slot = interval{}
		}
	}
	h.oldest = max(h.oldest, oldest)
}

// pack appends the counts of a cell.
func (c *cell) pack(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(c.id))
	for _, counter := range []*atomic.Uint32{&c.requests, &c.errors, &c.mistaken} {
		to = binary.AppendUvarint(to, uint64(counter.Load()))
	}
	for _, list := range [...][]atomic.Uint32{c.refused[:], c.reported[:], c.total[:], c.own[:], c.upstream[:]} {
		to = packList(to, list)
	}
	return to
}

func packList(to []byte, list []atomic.Uint32) []byte {
	n := uint64(0)
	for i := range list {
		if list[i].Load() > 0 {
			n++
		}
	}
	to = binary.AppendUvarint(to, n)
	before := 0
	for i := range list {
		if count := list[i].Load(); count > 0 {
			to = binary.AppendUvarint(binary.AppendUvarint(to, uint64(i-before)), uint64(count))
			before = i
		}
	}
	return to
}

// reader reads what pack has written.
type reader struct{ rest []byte }

func (r *reader) next() uint64 {
	value, n := binary.Uvarint(r.rest)
	r.rest = r.rest[max(n, 0):]
	return value
}

// list calls do with the places and counts of a list.
func (r *reader) list(do func(place int, n uint64)) {
	place := 0
	for range r.next() {
		place += int(r.next())
		do(place, r.next())
	}
}
