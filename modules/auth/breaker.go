package auth

import (
	"math/rand/v2"
	"sync"
	"time"
)

// breaker keeps an endpoint that does not answer from being asked for every request.
// After a number of failures in a row it pauses; then a single question is let
// through, and only its answer ends the pause. Each pause is twice as long as the one
// before, within a bound.
type breaker struct {
	mu sync.Mutex
	// failures counts those in a row.
	failures int
	// pause is the current one, and until its end.
	pause time.Duration
	until time.Time
	// probing says that the question that was let through has no answer yet.
	probing bool
}

const (
	// breakerPatience is how many failures in a row begin the first pause.
	breakerPatience = 5
	firstPause      = time.Second
	longestPause    = 30 * time.Second
)

// allow tells whether the endpoint may be asked, and whether that is the question on
// which the end of the pause depends. Whoever was allowed has to report what came of it.
func (b *breaker) allow(now time.Time) (ok, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failures < breakerPatience:
		return true, false
	case b.probing || now.Before(b.until):
		return false, false
	}
	b.probing = true
	return true, true
}

// failed reports a failure, and tells whether a pause begins with it. Questions that
// were asked before the pause fail in its course, and do not make it longer.
func (b *breaker) failed(now time.Time, probe bool) (paused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures >= breakerPatience && !probe {
		return false
	}
	b.failures++
	if b.failures < breakerPatience {
		return false
	}
	b.probing = false
	b.pause = min(max(2*b.pause, firstPause), longestPause)
	// Not all gateways come back at the same moment.
	b.until = now.Add(b.pause - rand.N(b.pause/5+1))
	return true
}

// succeeded reports an answer, whatever it says, and tells whether a pause ends with it.
func (b *breaker) succeeded() (resumed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	resumed = b.failures >= breakerPatience
	b.failures, b.pause, b.until, b.probing = 0, 0, time.Time{}, false
	return resumed
}

// wait tells how long it is until it is worth asking again.
func (b *breaker) wait(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.until.Sub(now), time.Second)
}

// paused tells whether the endpoint is left alone, but for one question after a pause.
func (b *breaker) paused() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= breakerPatience
}
