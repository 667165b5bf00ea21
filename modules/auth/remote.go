package auth

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// remoteKeys keeps the key set of an issuer at hand. One goroutine fetches: at
// start, before the set grows old, and, at most once per cooldown, when a token
// names a key that the set does not have. Requests never fetch; they wait, for a
// bounded time and in bounded number, for a fetch that is under way.
//
// When the issuer is down the last good set serves on until it is as old as
// schedule.stale, also after a restart: it is kept in a store.
type remoteKeys struct {
	schedule schedule
	fetch    func(context.Context) (document, error)
	store    keyStore
	log      keyLog

	state   atomic.Pointer[keyState]
	waiting atomic.Int32
	stats   keyStats

	wake chan struct{}
	mu   sync.Mutex
	// flight is closed when the fetch under way has ended; nil if there is none.
	flight chan struct{}
	// began is when the last fetch was asked for, and due when the next will be.
	began, due time.Time
	closed     bool
	// absent remembers for a while which kids a fresh set did not have, by hash.
	absent map[uint64]time.Time
}

// schedule holds the times of a remoteKeys.
type schedule struct {
	// refresh is the longest time between two fetches.
	refresh time.Duration
	// stale is how long a set serves on after it was fetched.
	stale time.Duration
	// cooldown is the shortest time between two fetches that tokens ask for.
	cooldown time.Duration
	// wait is how long a request waits for a fetch at most.
	wait time.Duration
}

// document is a fetched key set.
type document struct {
	body []byte
	// lifetime is how long the issuer says that it is fresh; 0 if it does not say.
	lifetime time.Duration
}

// keyStore keeps the last good document of a source over a restart.
type keyStore interface {
	load(ctx context.Context) (body []byte, at time.Time, err error)
	save(ctx context.Context, body []byte, at time.Time) error
}

// keyLog is told what becomes of a source.
type keyLog interface {
	fetched(set *keySet, changed bool)
	failed(err error, usable bool)
	restored(set *keySet, age time.Duration)
	notSaved(err error)
}

// trouble says why the last fetch failed, or "". It holds nothing of what was fetched.
func (r *remoteKeys) trouble() string {
	if text := r.stats.trouble.Load(); text != nil {
		return *text
	}
	return ""
}

// keyStats are counted for the metrics.
type keyStats struct {
	fetches, failures atomic.Uint64
	// trouble is why the last fetch failed; nil if it did not.
	trouble atomic.Pointer[string]
}

const (
	// minRefresh and plainRefresh bound and replace what the issuer's cache headers say.
	minRefresh   = time.Minute
	plainRefresh = 15 * time.Minute
	// firstRetry is the pause after the first failure while there are no keys at all.
	firstRetry = time.Second
	// maxWaiting bounds the requests that wait for a fetch; more are answered at once.
	maxWaiting = 256
	// maxAbsent bounds the memory of absent kids. At the bound it is forgotten.
	maxAbsent = 1024
)

func newRemoteKeys(s schedule, fetch func(context.Context) (document, error), store keyStore, log keyLog) *remoteKeys {
	return &remoteKeys{
		schedule: s, fetch: fetch, store: store, log: log,
		wake:   make(chan struct{}, 1),
		flight: make(chan struct{}), // the first requests wait for the first fetch
		absent: make(map[uint64]time.Time),
	}
}

// run fetches until ctx ends.
func (r *remoteKeys) run(ctx context.Context) {
	defer r.close()
	r.restore(ctx)
	for failures := 0; ; {
		r.takeOff(time.Now())
		lifetime, err := r.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		failures++
		pause := r.pauseAfterFailure(failures, time.Now())
		if err == nil {
			failures = 0
			pause = r.pauseAfterSuccess(lifetime)
		}
		if !r.sleep(ctx, pause) {
			return
		}
	}
}

// takeOff marks the beginning of a fetch.
func (r *remoteKeys) takeOff(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = now
	if r.flight == nil {
		r.flight = make(chan struct{})
	}
	select {
	case <-r.wake: // this fetch is the one that was asked for
	default:
	}
}

// land marks the end of a fetch and sets the requests that wait for it free.
func (r *remoteKeys) land() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		close(r.flight)
		r.flight = nil
	}
}

func (r *remoteKeys) close() {
	r.land()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
}

// attempt fetches once. Whatever goes wrong leaves the keys as they are.
func (r *remoteKeys) attempt(ctx context.Context) (time.Duration, error) {
	defer r.land()
	fetched, err := r.fetch(ctx)
	var set *keySet
	if err == nil {
		set, err = readKeySet(fetched.body, false)
	}
	now := time.Now()
	r.stats.fetches.Add(1)
	if err != nil {
		r.stats.failures.Add(1)
		text := err.Error()
		r.stats.trouble.Store(&text)
		if ctx.Err() == nil {
			r.log.failed(err, r.current(now) != nil)
		}
		return 0, err
	}
	r.stats.trouble.Store(nil)
	before := r.state.Load()
	state := before.next(set, now)
	r.state.Store(state)
	changed := before == nil || before.set != state.set
	if changed {
		r.forgetAbsent()
	}
	r.log.fetched(state.set, changed)
	if err := r.store.save(ctx, fetched.body, now); err != nil {
		r.log.notSaved(err)
	}
	return fetched.lifetime, nil
}

// restore takes the last good set out of the store, so that a restart while the
// issuer is down changes nothing.
func (r *remoteKeys) restore(ctx context.Context) {
	body, at, err := r.store.load(ctx)
	if err != nil {
		return // nothing was kept, or it cannot be had: the fetch comes next anyway
	}
	age := time.Since(at)
	if age < 0 || age >= r.schedule.stale {
		return
	}
	set, err := readKeySet(body, false)
	if err != nil {
		return
	}
	var nothing *keyState
	r.state.Store(nothing.next(set, at))
	r.log.restored(set, age)
	r.land()
}

// pauseAfterSuccess keeps to the issuer's cache headers within bounds. The jitter
// keeps many gateways from asking at the same moment.
func (r *remoteKeys) pauseAfterSuccess(lifetime time.Duration) time.Duration {
	if lifetime == 0 {
		lifetime = plainRefresh
	}
	lifetime = min(max(lifetime, minRefresh), r.schedule.refresh)
	return lifetime - rand.N(lifetime/5+1)
}

// pauseAfterFailure doubles from failure to failure. Without keys every request is
// refused, so it begins short; with keys there is time, and the pause is never shorter
// than the cooldown.
func (r *remoteKeys) pauseAfterFailure(failures int, now time.Time) time.Duration {
	first := r.schedule.cooldown
	if r.current(now) == nil {
		first = firstRetry
	}
	pause := min(first<<min(failures-1, 10), 2*r.schedule.cooldown)
	return pause + rand.N(pause/5+1)
}

// sleep waits for the next fetch, and tells whether there is to be one.
func (r *remoteKeys) sleep(ctx context.Context, pause time.Duration) bool {
	r.mu.Lock()
	r.due = time.Now().Add(pause)
	r.mu.Unlock()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-r.wake:
	}
	return true
}

// current implements keySource.
func (r *remoteKeys) current(now time.Time) *keyState {
	state := r.state.Load()
	if state == nil || now.Sub(state.at) >= r.schedule.stale {
		return nil
	}
	return state
}
