package auth

import (
	"context"
	"sync/atomic"
	"time"
)

// keySource gives the keys of one issuer. Static and remote keys
// are the only kinds, besides none at all.
type keySource interface {
	// current returns the keys that may be used at a time, or nil.
	current(now time.Time) *keyState
	// renew is asked for when current has no keys, or none for kid. It returns what
	// there is after a fetch that it waited for, if one was allowed at all.
	renew(ctx context.Context, have *keyState, kid string, now time.Time) *keyState
	// retryAfter says when it is worth asking again.
	retryAfter(now time.Time) time.Duration
}

// keyState is a key set as it was had at a time, with the tokens that it verified.
// A set of other content gets a new cache, so a key that its issuer removed takes
// its tokens with it.
type keyState struct {
	set   *keySet
	cache *tokenCache
	at    time.Time
}

// keys is the state's set; no state has none.
func (s *keyState) keys() *keySet {
	if s == nil {
		return nil
	}
	return s.set
}

// next makes the state for a set that was had at a time. It keeps set and tokens of
// the state before if nothing has changed.
func (s *keyState) next(set *keySet, at time.Time) *keyState {
	if s != nil && s.set.sum == set.sum {
		return &keyState{set: s.set, cache: s.cache, at: at}
	}
	return &keyState{set: set, cache: newTokenCache(cacheWeight), at: at}
}

// staticKeys are keys from the configuration or a file. A changed file is put in
// its place while requests are served.
type staticKeys struct {
	state atomic.Pointer[keyState]
}

func newStaticKeys(set *keySet) *staticKeys {
	s := new(staticKeys)
	s.replace(set)
	return s
}

func (s *staticKeys) replace(set *keySet) {
	s.state.Store(s.state.Load().next(set, time.Time{}))
}

func (s *staticKeys) current(time.Time) *keyState { return s.state.Load() }

func (s *staticKeys) renew(context.Context, *keyState, string, time.Time) *keyState {
	return s.state.Load()
}

func (s *staticKeys) retryAfter(time.Time) time.Duration { return time.Second }

// noKeys are the keys of an issuer whose tokens are introspected.
type noKeys struct{}

func (noKeys) current(time.Time) *keyState { return nil }

func (noKeys) renew(context.Context, *keyState, string, time.Time) *keyState { return nil }

func (noKeys) retryAfter(time.Time) time.Duration { return time.Second }

var (
	_ keySource = noKeys{}
	_ keySource = (*staticKeys)(nil)
	_ keySource = (*remoteKeys)(nil)
)
