package exchange

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"time"
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
// from a trusted proxy and only if it is short and plain: it ends up in logs.
func requestID(r *http.Request, trusted bool, now time.Time) string {
	if trusted {
		if ids := r.Header[RequestIDHeader]; len(ids) == 1 && plain(ids[0]) {
			return ids[0]
		}
	}
	return newID(now)
}

// newID returns a UUIDv7 (RFC 9562 §5.7) as text. It sorts by time, to a quarter of a
// microsecond (§6.2, method 3). The rest is random, but need not be secret.
func newID(now time.Time) string {
	ns := now.UnixNano()
	fraction := ns % 1e6 * (1 << 12) / 1e6 // of the millisecond
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(ns/1e6)<<16|7<<12|uint64(fraction))
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()>>2|2<<62)
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	text[8] = '-'
	hex.Encode(text[9:13], id[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], id[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], id[8:10])
	text[23] = '-'
	hex.Encode(text[24:], id[10:])
	return string(text[:])
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
