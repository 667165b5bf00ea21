package auth

import "encoding/binary"

// frames follows the frames of a WebSocket that a service sends (RFC 6455 §5.2), so
// that a close frame never lands inside another one.
type frames struct {
	head [14]byte
	have int    // bytes of the head so far
	left uint64 // bytes of the payload to come
}

// between tells whether no frame has begun.
func (f *frames) between() bool { return f.have == 0 && f.left == 0 }

func (f *frames) feed(p []byte) {
	for len(p) > 0 {
		p = p[f.feedOne(p):]
	}
}

// feedOne takes bytes up to the end of one frame at most, and says how many.
func (f *frames) feedOne(p []byte) (n int) {
	for n < len(p) {
		if f.left > 0 {
			step := min(f.left, uint64(len(p)-n))
			n += int(step)
			if f.left -= step; f.left == 0 {
				return n
			}
			continue
		}
		f.head[f.have] = p[n]
		f.have++
		n++
		if size, ok := headSize(f.head[:f.have]); ok && f.have == size {
			f.left, f.have = payload(f.head[:size]), 0
			if f.left == 0 {
				return n
			}
		}
	}
	return n
}

// headSize is the length of a frame's head, once enough of it is there.
func headSize(head []byte) (int, bool) {
	if len(head) < 2 {
		return 0, false
	}
	size := 2
	switch head[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if head[1]&0x80 != 0 {
		size += 4 // a mask, which a service does not send
	}
	return size, true
}

func payload(head []byte) uint64 {
	switch length := head[1] & 0x7f; length {
	case 126:
		return uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		return binary.BigEndian.Uint64(head[2:])
	default:
		return uint64(length)
	}
}
