package prefetch_test

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"gateway/internal/prefetch"
)

type line [8]uint64

// Line changes nothing, and takes addresses that cannot be read.
func TestLine(t *testing.T) {
	l := line{1, 2, 3}
	prefetch.Line(unsafe.Pointer(&l))
	prefetch.Line(nil)
	if l != (line{1, 2, 3}) {
		t.Errorf("the line is %v", l)
	}
	if n := testing.AllocsPerRun(100, func() { prefetch.Line(unsafe.Pointer(&l)) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkLine reads a line of a large table a while after it is known which: with the
// memory asked for in time, and without.
func BenchmarkLine(b *testing.B) {
	table := make([]line, 4<<20)
	for i := range table {
		table[i][0] = uint64(i) // or all of it would be one page
	}
	for _, ahead := range []bool{false, true} {
		name := "late"
		if ahead {
			name = "ahead"
		}
		b.Run(name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			sum := uint64(0)
			for b.Loop() {
				l := &table[random.Uint64()%uint64(len(table))]
				if ahead {
					prefetch.Line(unsafe.Pointer(l))
				}
				for range 100 { // each step needs the one before it
					sum = sum*6364136223846793005 + 1
				}
				sum ^= l[sum&7]
			}
		})
	}
}
