package ratelimit

import (
	"math"
	"math/bits"
)

// To find out who has drained, or has least left to drain, all of a shard have to be looked
// at. So that this costs a new key next to nothing there has to be room for many
// afterwards.
const (
	// drainedShare is which part of a full shard is enough if it has drained.
	drainedShare = 64
	// evictedShare is which part is forgotten if less has; where it holds less than 256
	// partitions it is one.
	evictedShare = 16
)

// The loops below are as free of branches as they can be: nobody can predict which places
// are free, and to guess wrong takes longer than all the rest. A free place has time 0,
// which less 1 is the largest number without a sign there is.

// tidy forgets the partitions that have drained, whose absence changes nothing. If then
// there are more than enough, it also forgets those that have least left to drain, until
// there are about most. Who has spent a burst thus stays refused, however many new keys
// arrive.
func (s *shard) tidy(now int64, enough, most int) {
	before := s.live
	c := cut{from: now + 1, of: 1}
	if surplus := s.live - most; s.live > enough && surplus > 0 {
		sample := s.sample(now)
		if sample.drained*sample.stride < s.live-enough {
			c = sample.quantile(max(1, surplus/sample.stride))
		}
	}
	s.drop(now, c)
	if s.live < before {
		s.compact()
	}
}

// sample is a part of a shard from which is guessed where the rest has its times. Which
// partitions are forgotten depends on their times alone; how many depends on the guess.
type sample struct {
	lines            []line
	stride           int // each so many lines one is looked at
	drained          int
	earliest, latest int64
}

// sampled is how many lines are looked at. Shards that have less than twice as many are
// looked at as a whole.
const sampled = 512

func (s *shard) sample(now int64) sample {
	p := sample{lines: s.lines, stride: max(1, len(s.lines)/sampled)}
	earliest := uint64(math.MaxInt64 - 1)
	for i := 0; i < len(p.lines); i += p.stride {
		l := &p.lines[i]
		for way := range l.tat {
			tat := l.tat[way]
			earliest, p.latest = min(earliest, uint64(tat)-1), max(p.latest, tat)
			if uint64(tat)-1 < uint64(now) {
				p.drained++
			}
		}
	}
	p.earliest = int64(earliest) + 1
	return p
}

// cut is a span of time. Partitions whose times are before it are forgotten, and of those
// in it some.
type cut struct {
	from, width int64
	missing, of int // as many of so many
}

// classes is into how many classes of time partitions are sorted in one go.
const classes = 256

// quantile finds the span in which the n-th of the sample is, in the order of the times.
// It holds few others, unless they have all the same time.
func (p *sample) quantile(n int) cut {
	from, few := p.earliest, n/8
	shift := max(0, bits.Len64(uint64(p.latest-from))-bits.Len(classes-1))
	for {
		var count [classes + 1]int
		p.classify(&count, from, shift)
		class := 0
		for ; class < classes-1 && n > count[class]; class++ {
			n -= count[class]
		}
		from += int64(class) << shift
		if shift == 0 || count[class]-n <= few {
			return cut{from, 1 << shift, n, max(1, count[class])}
		}
		shift = max(0, shift-bits.Len(classes-1))
	}
}

// classify counts the partitions in each class of time, of which the first begins at from
// and each is 1<<shift long, and behind the classes those that are in none.
func (p *sample) classify(count *[classes + 1]int, from int64, shift int) {
	for i := 0; i < len(p.lines); i += p.stride {
		l := &p.lines[i]
		for way := range l.tat {
			count[min(uint64(l.tat[way]-from)>>(shift&63), classes)]++
		}
	}
}

// drop forgets the partitions that have drained or are before a span, and some of those in
// it. These are taken from everywhere, so that no part of the table gets emptier than
// another.
func (s *shard) drop(now int64, c cut) {
	end, due := uint64(max(now+1, c.from+c.width)), 0
	earliest := uint64(math.MaxInt64 - 1)
	for i := range s.lines {
		l := &s.lines[i]
		for way := range l.tat {
			tat := l.tat[way]
			if uint64(tat)-1 >= end-1 {
				earliest = min(earliest, uint64(tat)-1)
				continue
			}
			if tat > now {
				if tat >= c.from {
					if due += c.missing; due < c.of {
						earliest = min(earliest, uint64(tat)-1)
						continue
					}
					due -= c.of
				}
				s.evicted++
			}
			s.forget(&l.tat[way])
		}
	}
	s.earliest = int64(earliest) + 1
}

// compact moves partitions to where the search for them begins, or as near as there is
// room since others were forgotten, and finds out behind which lines it has to go on.
func (s *shard) compact() {
	for i := range s.lines {
		s.lines[i].spilled = false
	}
	for i := range s.lines {
		l := &s.lines[i]
		for way := range l.tat {
			if s.home(l.lo[way]) == i { // or was, if the place is free
				continue
			}
			if tat := l.tat[way]; tat != 0 {
				l.tat[way] = 0
				s.place(partition{l.lo[way], l.hi[way]}, tat)
			}
		}
	}
	s.moves++
}

// sweep forgets what has drained, and what exceeds a lowered limit, and gives memory back
// once five sixths of the places are free.
func (s *shard) sweep(now int64) {
	if s.earliest <= now || s.live > s.limit {
		s.tidy(now, s.limit, s.limit)
	}
	if len(s.lines) > 2*smallest && s.live*6 < len(s.lines)*ways {
		s.rebuild()
	}
}
