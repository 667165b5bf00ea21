package auth

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// frame is an unmasked text frame.
func frame(size int) []byte {
	head := []byte{0x81, byte(size)}
	switch {
	case size > 65535:
		head = binary.BigEndian.AppendUint64([]byte{0x81, 127}, uint64(size))
	case size > 125:
		head = binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(size))
	}
	return append(head, bytes.Repeat([]byte{0x88}, size)...)
}

// However the bytes are cut, the ends of frames are found where they are.
func TestFrames(t *testing.T) {
	t.Parallel()
	var wire []byte
	ends := map[int]bool{0: true}
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 0, 3} {
		wire = append(wire, frame(size)...)
		ends[len(wire)] = true
	}
	for _, step := range []int{1, 2, 3, 7, 100, 4096, len(wire)} {
		var f frames
		for at := 0; at < len(wire); {
			if f.between() != ends[at] {
				t.Fatalf("in steps of %d: between is %v at %d", step, f.between(), at)
			}
			n := f.feedOne(wire[at:min(at+step, len(wire))])
			for past := at + 1; past < at+n; past++ {
				if ends[past] {
					t.Fatalf("in steps of %d: the end at %d is skipped", step, past)
				}
			}
			at += n
		}
		if !f.between() {
			t.Errorf("in steps of %d: the last frame has no end", step)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x81, 126, 0, 1, 7}, uint8(2))
	f.Add([]byte{0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1}, uint8(1))
	f.Fuzz(func(t *testing.T, wire []byte, step uint8) {
		var whole, cut frames
		whole.feed(wire)
		for rest := wire; len(rest) > 0; {
			n := min(len(rest), int(step)+1)
			cut.feed(rest[:n])
			rest = rest[n:]
		}
		if whole != cut {
			t.Errorf("cut differently: %+v and %+v", whole, cut)
		}
	})
}
