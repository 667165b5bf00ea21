package redis

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"
)

const (
	// beatInterval is how often a gateway says that it is there, and beatLife for how
	// many seconds that is believed.
	beatInterval = time.Second
	beatLife     = 5
	// nodesLife is how long the list is kept, in seconds, when nobody is there any more. It
	// is not among the first to go when a store evicts what would expire soonest.
	nodesLife = 3600
	// firstBeat is how often it is tried until it worked once.
	firstBeat = 50 * time.Millisecond
)

// beat enters a gateway into the list of those that use the store, by the store's
// clock, and returns how many there are.
var beat = NewScript(`
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return redis.call('ZCARD', KEYS[1])`)

// Nodes returns how many gateways used the store when it was last asked, this one
// included; 1 before that. It goes on telling so while the store is down.
func (s *Store) Nodes() int { return max(1, int(s.nodes.Load())) }

// keepCounted says that this gateway is there, until ctx ends.
func (s *Store) keepCounted(ctx context.Context) {
	defer close(s.left)
	id, key := rand.Text(), s.Key("nodes")
	for ctx.Err() == nil {
		if s.Up() {
			s.count(id, key)
		}
		wait := beatInterval
		if s.nodes.Load() == 0 {
			wait = firstBeat
		}
		pause(ctx, wait)
	}
	if s.Up() {
		_, _ = s.Do("ZREM", key, id) // or the others notice when it is no longer believed
	}
}

func (s *Store) count(id, key string) {
	value, err := s.Eval(beat, []string{key}, []string{id, strconv.Itoa(beatLife), strconv.Itoa(nodesLife)})
	if err != nil {
		return // the call has told whoever has to know
	}
	n, err := value.Int()
	// A store that has lost its data knows only who has spoken since: the number falls
	// once it has been low for three heartbeats.
	now := time.Now()
	if err == nil && (n >= s.nodes.Load() || now.Sub(s.counted) > 3*beatInterval) {
		s.nodes.Store(n)
		s.counted = now
	}
}
