package auth

import (
	"context"
	"hash/maphash"
	"time"
)

// retryAfter implements keySource.
func (r *remoteKeys) retryAfter(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.due.Sub(now), time.Second)
}

// renew implements keySource.
func (r *remoteKeys) renew(ctx context.Context, have *keyState, kid string, now time.Time) *keyState {
	flight := r.ask(have, kid, now)
	if flight == nil {
		return r.current(now)
	}
	if r.waiting.Add(1) > maxWaiting {
		r.waiting.Add(-1)
		return r.current(now)
	}
	defer r.waiting.Add(-1)
	timer := time.NewTimer(r.schedule.wait)
	defer timer.Stop()
	select {
	case <-flight:
	case <-timer.C:
	case <-ctx.Done():
	}
	state := r.current(time.Now())
	if state != nil && !state.at.Before(now) && state.set.named[kid] == nil {
		r.rememberAbsent(kid)
	}
	return state
}

// ask returns a fetch to wait for: the one under way, or a new one if the cooldown
// is over and kid was not looked for in vain a moment ago. Without keys the
// schedule alone decides, which then fetches often enough.
func (r *remoteKeys) ask(have *keyState, kid string, now time.Time) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil
	case have != nil && now.Before(r.absent[hashKid(kid)]):
		return nil
	case r.flight != nil:
		return r.flight
	case have == nil, now.Before(r.began.Add(r.schedule.cooldown)):
		return nil
	}
	return r.order(now)
}

// refresh fetches now, cooldown or not, and waits for the end of the fetch. A fetch
// that is under way is good enough.
func (r *remoteKeys) refresh(ctx context.Context) {
	flight := r.demand(time.Now())
	if flight == nil {
		return
	}
	select {
	case <-flight:
	case <-ctx.Done():
	}
}

func (r *remoteKeys) demand(now time.Time) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil || r.closed {
		return r.flight
	}
	return r.order(now)
}

// order asks run for a fetch. The caller holds the lock and knows of no flight.
func (r *remoteKeys) order(now time.Time) <-chan struct{} {
	r.flight = make(chan struct{})
	r.began = now
	r.wake <- struct{}{} // has room: there was no flight
	return r.flight
}

// isStale tells whether keys serve on although they could not be fetched anew.
func (r *remoteKeys) isStale(now time.Time) bool {
	return r.trouble() != "" && r.current(now) != nil
}

var kidSeed = maphash.MakeSeed()

func hashKid(kid string) uint64 { return maphash.String(kidSeed, kid) }

// rememberAbsent counts from the beginning of the last fetch: whoever guesses the id of
// a key that is not published yet cannot delay its discovery for longer than that.
func (r *remoteKeys) rememberAbsent(kid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.absent) >= maxAbsent {
		clear(r.absent)
	}
	r.absent[hashKid(kid)] = r.began.Add(2 * r.schedule.cooldown)
}

func (r *remoteKeys) forgetAbsent() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.absent)
}
