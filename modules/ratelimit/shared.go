package ratelimit

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"go.uber.org/zap"

	"gateway/internal/redis"
)

//go:embed charge.lua
var chargeSource string

// chargeScript charges claims in the shared store.
var chargeScript = redis.NewScript(chargeSource)

// chargeArguments is how many arguments the script takes for each key.
const chargeArguments = 5

// shared is where a policy is counted together with other gateways.
type shared struct {
	store   *redis.Store
	prefix  string // of keys
	onError OnError
	logger  *zap.Logger
	foreign atomic.Bool // it was logged that a key holds something else
}

// remote is a limit as the shared store counts it. Its clock has microseconds, and its
// numbers are whole up to 2^53.
type remote struct {
	limit limit // in ticks
	// tick is how many nanoseconds a tick has: 1, or 1000 where a burst takes more
	// than 52 days to come back.
	tick int64
	// interval, offset and rate are arguments of the script.
	interval, offset, rate string
}

// exactly bounds the times that the shared store has to add up, in ticks.
const exactly = 1 << 52

func (l limit) remote() remote {
	r := remote{limit: l, tick: 1}
	if l.offset >= exactly {
		burst := l.offset / l.interval
		r.tick = 1000
		r.limit.interval = (l.interval + r.tick - 1) / r.tick
		r.limit.offset = burst * r.limit.interval
	}
	r.interval = strconv.FormatInt(r.limit.interval, 10)
	r.offset = strconv.FormatInt(r.limit.offset, 10)
	r.rate = strconv.FormatInt(1e9/r.tick, 10)
	return r
}

// decide is what the script decides about a partition that is ahead of the clock by
// that many ticks. Times come back in nanoseconds of this gateway's clock.
func (r *remote) decide(ahead, now, cost int64) decision {
	d := decide(r.limit, ahead, 0, cost)
	d.tat = d.tat*r.tick + now
	d.retryAfter *= r.tick
	return d
}

// granted is how many units the script charges where cost is allowed.
func (r *remote) granted(ahead, want int64) int64 {
	return min(want, (r.limit.offset-ahead)/r.limit.interval)
}

// append appends the script's arguments for a claim of cost up to want units.
func (r *remote) append(args []string, cost, want int64) []string {
	return append(args, strconv.FormatInt(cost, 10), strconv.FormatInt(want, 10), r.interval, r.offset, r.rate)
}

// decideRemote is what the script decides about a claim.
func (c *claim) decideRemote(ahead, now, cost int64) decision {
	if c.end != 0 {
		return decideWindow(c.terms.limit.offset, pack(c.end, ahead), c.end, c.left, cost)
	}
	return c.terms.remote.decide(ahead, now, cost)
}

// arguments appends those of the script for a claim of cost up to want units.
func (c *claim) arguments(args []string, cost, want int64) []string {
	if c.end != 0 {
		return append(args, strconv.FormatInt(cost, 10), strconv.FormatInt(want, 10), strconv.FormatInt(c.end, 10), c.terms.remote.offset, "0")
	}
	return c.terms.remote.append(args, cost, want)
}

// keyOf is the name of a claim's partition in the shared store.
func (c *claim) keyOf(s *shared) string {
	if c.end != 0 {
		return s.keyOf(c.digest) + ":" + strconv.FormatInt(c.end, 36)
	}
	return s.keyOf(c.digest)
}

// digest names a partition in the shared store: the same on all gateways, and without
// what the client calls itself.
type digest [16]byte

func digestOf(key []byte) (d digest) {
	sum := sha256.Sum256(key)
	copy(d[:], sum[:])
	return d
}

// prefixOf is what the keys of a policy begin with.
func prefixOf(store *redis.Store, id identity) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d %q", id.name, id.scope, id.key, id.network.v4, id.network.v6, id.calendar))
	return store.Key("limit", base64.RawURLEncoding.EncodeToString(sum[:9])) + ":"
}

// keyOf is the name of a partition in the shared store.
func (s *shared) keyOf(d digest) string {
	var text [22]byte
	base64.RawURLEncoding.Encode(text[:], d[:])
	return s.prefix + string(text[:])
}

// errForeign says that a key holds something else than a time.
var errForeign = errors.New("a key of the rate limits holds something else")

// charge runs the script and returns how far ahead each partition was.
func (s *shared) charge(keys, args []string) ([]int64, error) {
	value, err := s.store.Eval(chargeScript, keys, args)
	if err != nil {
		return nil, err
	}
	ahead, err := value.Ints()
	if err == nil && len(ahead) != len(keys) {
		return nil, fmt.Errorf("the shared store answers %d claims with %d numbers", len(keys), len(ahead))
	}
	if err == nil && slices.Contains(ahead, -1) {
		err = errForeign
		if s.foreign.CompareAndSwap(false, true) {
			s.logger.Error("a key of the rate limits holds something else; its client is limited as if the shared store was down",
				zap.String("key", keys[slices.Index(ahead, -1)]))
		}
	}
	return ahead, err
}
