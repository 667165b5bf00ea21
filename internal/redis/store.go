// Package redis is the store that several gateways share: Redis from 6, or Valkey,
// alone, behind Sentinels, or as a Cluster.
//
// A call has a budget of time and never more than that. A store that does not answer
// is asked by one probe until it does; meanwhile every call is told so at once, and
// the caller decides what that means for a request.
//
//	store.go    calls
//	options.go  where the store is, and how to reach it
//	health.go   up or down, the probe
//	value.go    replies
//	nodes.go    how many gateways there are
//	metrics.go  what Prometheus sees
package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/zap"
)

// ErrUnavailable says that the store did not answer, or cannot do its work now. The
// call may have had its effect all the same if it ran out of time.
var ErrUnavailable = errors.New("the shared store is not available")

// Provider is the app of the gateway as modules see it.
type Provider interface {
	// SharedStore returns the store of the configuration, nil if there is none.
	SharedStore() *Store
}

// Store is a shared store. It may be used by many goroutines at once.
type Store struct {
	options Options
	logger  *zap.Logger
	client  atomic.Pointer[rueidis.Client] // nil until it was reached once
	health  health
	stop    context.CancelFunc
	stopped chan struct{} // closed when supervise has ended
	nodes   atomic.Int64  // as of the last heartbeat, 0 before the first
	counted time.Time     // when nodes was last as many or more; keepCounted alone has it
	left    chan struct{} // closed when keepCounted has ended
}

// Open returns a store and begins to connect to it. It never waits for the network:
// until the store is reached, calls fail with ErrUnavailable.
func Open(options Options, logger *zap.Logger) *Store {
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		options: options, logger: logger.With(zap.Strings("redis", options.Addresses)),
		health: newHealth(), stop: stop, stopped: make(chan struct{}), left: make(chan struct{}),
	}
	openStores.Store(s, struct{}{})
	go s.supervise(ctx)
	go s.keepCounted(ctx)
	return s
}

// Destruct implements caddy.Destructor. Requests that are still under way are told
// that the store is not available.
func (s *Store) Destruct() error {
	openStores.Delete(s)
	s.stop()
	<-s.left
	<-s.stopped
	s.health.lose(errors.New("closed"))
	if client := s.client.Load(); client != nil {
		(*client).Close()
	}
	return nil
}

// Key returns the name under which the gateways keep something: the prefix of the
// configuration and the parts, with ":" between.
func (s *Store) Key(parts ...string) string {
	key := s.options.Prefix
	for i, part := range parts {
		if i > 0 {
			key += ":"
		}
		key += part
	}
	return key
}

// OnError is what rate limits do while the store is down, unless they say otherwise
// themselves: "local", "open" or "closed".
func (s *Store) OnError() string { return s.options.OnError }

// Clustered tells whether the keys of one script have to share a hash tag. It is
// unknown, and false, before the store was reached for the first time.
func (s *Store) Clustered() bool {
	client := s.client.Load()
	return client != nil && (*client).Mode() == rueidis.ClientModeCluster
}

// Script is a Lua script. It is sent once and called by its hash from then on.
type Script struct{ lua *rueidis.Lua }

// NewScript returns a script with the given source.
func NewScript(source string) *Script { return &Script{lua: rueidis.NewLuaScript(source)} }

// Eval runs a script. Calls of several goroutines travel together.
func (s *Store) Eval(script *Script, keys, args []string) (Value, error) {
	return s.call(func(ctx context.Context, client rueidis.Client) rueidis.RedisResult {
		return script.lua.Exec(ctx, client, keys, args)
	})
}

// Do runs one command about one key.
func (s *Store) Do(command, key string, args ...string) (Value, error) {
	return s.call(func(ctx context.Context, client rueidis.Client) rueidis.RedisResult {
		return client.Do(ctx, client.B().Arbitrary(command).Keys(key).Args(args...).Build())
	})
}

// Get returns the text of a key and whether there is one. It is remembered here for
// as long as life says; the store tells when it changes before that.
func (s *Store) Get(key string, life time.Duration) (text string, found bool, err error) {
	value, err := s.call(func(ctx context.Context, client rueidis.Client) rueidis.RedisResult {
		return client.DoCache(ctx, client.B().Get().Key(key).Cache(), life)
	})
	if err != nil || value.message.IsNil() {
		return "", false, err
	}
	text, err = value.message.ToString()
	return text, err == nil, err
}

// call runs one call within its budget. A client that goes away does not end it: what
// a request is charged must not depend on when its sender hangs up.
func (s *Store) call(run func(context.Context, rueidis.Client) rueidis.RedisResult) (Value, error) {
	if !s.health.up.Load() {
		calls.down.Inc()
		return Value{}, s.health.unavailable()
	}
	ctx, cancel := context.WithTimeout(impatient, s.options.Timeout)
	defer cancel()
	begin := time.Now()
	result := run(ctx, *s.client.Load())
	calls.duration.Observe(time.Since(begin).Seconds())
	return s.judge(result)
}

// judge tells a store that cannot work from a call that was wrong.
func (s *Store) judge(result rueidis.RedisResult) (Value, error) {
	message, err := result.ToMessage()
	switch {
	case err == nil || rueidis.IsRedisNil(err):
		s.health.succeed()
		calls.ok.Inc()
		return Value{message}, nil
	case broken(err):
		s.health.fail(err)
		if errors.Is(err, context.DeadlineExceeded) {
			calls.timeout.Inc()
		} else {
			calls.failed.Inc()
		}
		return Value{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	default:
		s.health.succeed() // it works, and says no
		calls.failed.Inc()
		return Value{}, err
	}
}
