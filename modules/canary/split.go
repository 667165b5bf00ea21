package canary

import (
	"math"
	"math/rand/v2"

	"gateway/internal/exchange"
)

// wholeShare stands for all consumers: a share is so many of ten thousand.
const wholeShare = 10_000

// What decides about a request.
const (
	byConsumer = "consumer"
	byRequest  = "request"
)

// keyKind is what decides about a request, compiled.
type keyKind uint8

const (
	keyConsumer keyKind = iota
	keyRequest
	keyPlaceholder
)

// split divides requests. Where a key decides, it depends on nothing else than the
// key, the share and the salt: it is the same for every request of a consumer, on
// every gateway, after every restart. A place on a line of ten thousand belongs to each
// key, and the canary has the places below its share; so a larger share adds consumers
// and takes none away, and moves as many as it grows by.
type split struct {
	share uint64
	by    keyKind
	salt  uint64
}

func newSplit(percent float64, by, salt string) split {
	s := split{share: uint64(math.Round(percent * wholeShare / 100)), salt: hash(offset, salt)}
	switch by {
	case "", byConsumer:
	case byRequest:
		s.by = keyRequest
	default:
		s.by = keyPlaceholder
	}
	return s
}

// group returns the group of a key. Without a key, which is a gap in what the
// configuration counts on, a request is stable.
func (s *split) group(key string, ok bool) exchange.Group {
	place := s.place(key)
	switch {
	case !ok:
		return exchange.Stable
	case s.by == keyRequest:
		place = rand.Uint64N(wholeShare)
	}
	if place < s.share {
		return exchange.Canary
	}
	return exchange.Stable
}

// place returns where on the line of ten thousand a key has its place.
func (s *split) place(key string) uint64 { return mix(hash(s.salt, key)) % wholeShare }

const offset = 14695981039346656037 // of FNV-1a

// hash is FNV-1a, begun at some state. Nobody gains from a collision: whoever can choose
// a key could as well choose one that has the place that he wants.
func hash(state uint64, text string) uint64 {
	for i := 0; i < len(text); i++ {
		state = (state ^ uint64(text[i])) * 1099511628211
	}
	return state
}

// mix spreads what differs in few bits over all of them (the end of MurmurHash3).
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
