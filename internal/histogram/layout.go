package histogram

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// schema is the resolution of the native buckets: 2^schema of them from a power of two
// to the next, each 9 % wider than the one below.
const schema = 3

// Cells are found by the position of the highest bit of a duration in nanoseconds and
// the fineBits bits after it. Durations below 2^lowBit nanoseconds share one place.
const (
	fineBits = 3
	lowBit   = 9
	places   = (63 - lowBit) << fineBits
)

// Layout says which durations a histogram tells apart. It cuts the time into cells at
// the bounds of the classic buckets and at those of the native ones, so that one
// counter for each cell holds both.
type Layout struct {
	bounds []float64 // of the classic buckets, in seconds, ascending, without +Inf
	zero   float64   // end of the native zero bucket, in seconds
	cells  []cell
	first  [places]uint16 // the lowest cell of a place
}

// cell is a part of the time: what is longer than the end of the one before, and not
// longer than its own.
type cell struct {
	end     int64 // in nanoseconds
	classic int32 // index among the bounds; len(bounds) is +Inf
	native  int32 // index of the native bucket; zeroBucket for that of zero
}

const zeroBucket = math.MinInt32

// NewLayout returns the layout for classic buckets with these bounds, in seconds and
// ascending, and for native buckets from 2^low to 2^high seconds. What is shorter is
// in the native zero bucket, what is longer in the highest native one; the sum and the
// classic buckets have no such ends.
func NewLayout(bounds []float64, low, high int) *Layout {
	l := &Layout{bounds: bounds, zero: math.Ldexp(1, low)}
	ends := make([]int64, 0, len(bounds)+(high-low)<<schema+1)
	for _, bound := range bounds {
		ends = append(ends, nanoseconds(bound))
	}
	for i := low << schema; i <= high<<schema; i++ {
		ends = append(ends, nanoseconds(nativeEnd(i)))
	}
	ends = append(ends, math.MaxInt64)
	slices.Sort(ends)
	for _, end := range slices.Compact(ends) {
		l.cells = append(l.cells, cell{end, l.classicOf(end), nativeOf(end, low, high)})
	}
	for place := range l.first {
		l.first[place] = uint16(l.search(leastOf(place)))
	}
	return l
}

// nativeEnd returns the end of a native bucket in seconds.
func nativeEnd(i int) float64 { return math.Exp2(float64(i) / (1 << schema)) }

// nanoseconds returns the longest duration that is not longer than a number of seconds.
func nanoseconds(seconds float64) int64 {
	n := int64(seconds * 1e9)
	for time.Duration(n+1).Seconds() <= seconds {
		n++
	}
	for time.Duration(n).Seconds() > seconds {
		n--
	}
	return n
}

func (l *Layout) classicOf(end int64) int32 {
	for i, bound := range l.bounds {
		if end <= nanoseconds(bound) {
			return int32(i)
		}
	}
	return int32(len(l.bounds))
}

func nativeOf(end int64, low, high int) int32 {
	if end <= nanoseconds(nativeEnd(low<<schema)) {
		return zeroBucket
	}
	for i := low<<schema + 1; i < high<<schema; i++ {
		if end <= nanoseconds(nativeEnd(i)) {
			return int32(i)
		}
	}
	return int32(high << schema)
}

// find returns the cell of a duration. Negative ones count as zero.
func (l *Layout) find(d time.Duration) int {
	i := int(l.first[placeOf(int64(d))])
	for int64(d) > l.cells[i].end {
		i++
	}
	return i
}

// placeOf returns where to begin to look for a duration.
func placeOf(ns int64) int {
	if ns < 1<<lowBit {
		return 0
	}
	high := bits.Len64(uint64(ns)) - 1
	return (high-lowBit)<<fineBits + int(ns>>(high-fineBits))&(1<<fineBits-1)
}

// leastOf returns the shortest duration of a place.
func leastOf(place int) int64 {
	if place == 0 {
		return 0
	}
	high := place>>fineBits + lowBit
	return (1<<fineBits + int64(place&(1<<fineBits-1))) << (high - fineBits)
}

// search returns the cell of a duration the slow way.
func (l *Layout) search(ns int64) int {
	return slices.IndexFunc(l.cells, func(c cell) bool { return ns <= c.end })
}
