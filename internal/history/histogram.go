package history

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Durations are counted in buckets whose bounds are fixed: each octave from 8 µs on is
// cut into 8 of equal width, what is below into 1 µs each. The middle of a bucket is
// therefore at most 1/16 off what is in it, which bounds the error of quantiles to 6.25 %
// between 8 µs and 67 s. What is longer counts as 67 s.
const (
	perOctave   = 8
	octaveBits  = 3 // log2 of perOctave
	maxMicro    = 1<<26 - 1
	bucketCount = (26 - octaveBits + 1) * perOctave
)

// bucketOf returns the bucket of a duration.
func bucketOf(d time.Duration) int {
	micro := uint64(min(max(d.Microseconds(), 0), maxMicro))
	octave := bits.Len64(micro) - octaveBits - 1
	if octave <= 0 {
		return int(micro)
	}
	return octave*perOctave + int(micro>>octave)
}

// middle returns the middle of a bucket, in milliseconds.
func middle(bucket int) float64 {
	octave := bucket/perOctave - 1
	if octave <= 0 {
		return (float64(bucket) + .5) / 1e3
	}
	low := uint64(bucket%perOctave+perOctave) << octave
	return (float64(low) + float64(uint64(1)<<octave)/2) / 1e3
}

// counting is a histogram that requests count into.
type counting [bucketCount]atomic.Uint32

// counted is a histogram that stands still, and how many are in it.
type counted struct {
	buckets [bucketCount]uint64
	sum     uint64
}

func (c *counted) add(bucket int, n uint64) {
	c.buckets[bucket] += n
	c.sum += n
}

// quantile returns the q-quantile in milliseconds: the middle of the bucket that holds
// the value of rank ⌈q·n⌉. ok is false if the histogram is empty.
func (c *counted) quantile(q float64) (ms float64, ok bool) {
	if c.sum == 0 {
		return 0, false
	}
	rank := uint64(q * float64(c.sum))
	if float64(rank) < q*float64(c.sum) || rank == 0 {
		rank++
	}
	for i, n := range c.buckets {
		if n >= rank {
			return middle(i), true
		}
		rank -= n
	}
	return middle(bucketCount - 1), true
}
