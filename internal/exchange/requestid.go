package exchange

import (
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"time"
	"unsafe"
)

// RequestIDHeader carries the request id, in and out.
const RequestIDHeader = "X-Request-Id"

// maxRequestID bounds an id taken over from a trusted proxy, in bytes.
const maxRequestID = 128

// RequestIDOf returns the id of a request, or "" if no gateway handler has seen it.
func RequestIDOf(r *http.Request) string {
	if x := From(r); x != nil {
		return x.RequestID
	}
	return ""
}

// requestID returns the id of the request. An id from outside is taken over only
// from a trusted proxy and only if it is short and plain: it ends up in logs. If it is
// a new one, it is written into text, and lives as long as that.
func requestID(r *http.Request, trusted bool, now time.Time, text *[idSize]byte) string {
	if trusted {
		if ids := r.Header[RequestIDHeader]; len(ids) == 1 && plain(ids[0]) {
			return ids[0]
		}
	}
	newID(now, text)
	return unsafe.String(&text[0], idSize) // nobody writes to it any more
}

// idSize is the length of a UUID as text.
const idSize = 36

// newID writes a UUIDv7 (RFC 9562 §5.7) as text. It sorts by time, to a quarter of a
// microsecond (§6.2, method 3). The rest is random, but need not be secret.
func newID(now time.Time, text *[idSize]byte) {
	ns := now.UnixNano()
	fraction := ns % 1e6 * (1 << 12) / 1e6 // of the millisecond
	high := uint64(ns/1e6)<<16 | 7<<12 | uint64(fraction)
	low := rand.Uint64()>>2 | 2<<62
	order := binary.BigEndian
	order.PutUint64(text[:8], hexDigits(uint32(high>>32)))
	digits := hexDigits(uint32(high))
	order.PutUint32(text[9:13], uint32(digits>>32))
	order.PutUint32(text[14:18], uint32(digits))
	digits = hexDigits(uint32(low >> 32))
	order.PutUint32(text[19:23], uint32(digits>>32))
	order.PutUint32(text[24:28], uint32(digits))
	order.PutUint64(text[28:], hexDigits(uint32(low)))
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
}

// hexDigits returns the eight digits of v, the first one in the highest byte. All are
// made at once: each half, quarter and eighth of v moves to its place, and then each
// byte becomes the letter of its digit.
func hexDigits(v uint32) uint64 {
	const ones = 0x0101010101010101
	d := uint64(v)
	d = d&0xffff0000<<16 | d&0xffff
	d = d&0x0000ff000000ff00<<8 | d&0x000000ff000000ff
	d = d&0x00f000f000f000f0<<4 | d&0x000f000f000f000f
	letters := (d + 6*ones) >> 4 & ones // a one for each digit above 9
	return d + '0'*ones + letters*('a'-'0'-10)
}

func plain(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}
