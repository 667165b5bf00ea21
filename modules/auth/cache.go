package auth

import (
	"crypto/sha256"
	"sync"
)

// tokenCache remembers the verified tokens of one key set by the SHA-256 of the
// whole token, never the token itself. It holds what the signature check found out,
// not a verdict: times, audience and rules are judged on every request.
//
// It is bounded by weight. Each shard has a young and an old generation; when the
// young one is full it becomes the old one, and what was not asked for since the
// last time is forgotten. A forgotten token is verified again, nothing worse.
type tokenCache struct {
	shards [cacheShards]cacheShard
}

const (
	cacheShards = 16
	// cacheWeight is about how many bytes the tokens of one key set take up at most.
	cacheWeight = 64 << 20
)

type cacheShard struct {
	sync.RWMutex
	young, old map[tokenSum]*verified
	// weight is that of young, and limit what a generation may weigh.
	weight, limit int
}

// newTokenCache makes a cache for tokens of a weight in bytes.
func newTokenCache(weight int) *tokenCache {
	c := new(tokenCache)
	for i := range c.shards {
		c.shards[i].limit = weight / cacheShards / 2
	}
	return c
}

// tokenSum is the SHA-256 of a token.
type tokenSum [sha256.Size]byte

// sumOf hashes a token without copying it to the heap.
func sumOf(token string) tokenSum {
	if len(token) > maxToken {
		return sha256.Sum256([]byte(token))
	}
	var buffer [2048]byte
	if len(token) <= len(buffer) {
		return sha256.Sum256(buffer[:copy(buffer[:], token)])
	}
	return sumOfLong(token)
}

func sumOfLong(token string) tokenSum {
	var buffer [maxToken]byte
	return sha256.Sum256(buffer[:copy(buffer[:], token)])
}

func (c *tokenCache) shard(sum *tokenSum) *cacheShard {
	return &c.shards[sum[0]%cacheShards]
}

// get returns the verified token with the given sum, or nil.
func (c *tokenCache) get(sum *tokenSum) *verified {
	s := c.shard(sum)
	s.RLock()
	v, young := s.young[*sum]
	if !young {
		v = s.old[*sum]
	}
	s.RUnlock()
	if v != nil && !young {
		s.put(sum, v)
	}
	return v
}

// put remembers a verified token.
func (c *tokenCache) put(sum *tokenSum, v *verified) { c.shard(sum).put(sum, v) }

func (s *cacheShard) put(sum *tokenSum, v *verified) {
	s.Lock()
	defer s.Unlock()
	if known, has := s.young[*sum]; has {
		if known.until >= v.until {
			return
		}
		s.weight -= known.weight // an answer that is asked for anew
	}
	if s.weight += v.weight; s.weight > s.limit || s.young == nil {
		s.old, s.young = s.young, make(map[tokenSum]*verified)
		s.weight = v.weight
	}
	s.young[*sum] = v
}

// len counts the tokens; one that is in both generations counts twice.
func (c *tokenCache) len() (n int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.RLock()
		n += len(s.young) + len(s.old)
		s.RUnlock()
	}
	return n
}
