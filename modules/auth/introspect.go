package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// introspector asks an issuer about its tokens (RFC 7662), and remembers for a short
// while what it said. Requests with one token ask once, those with many tokens in
// bounded number, and an endpoint that is down is left alone for a while. What cannot
// be found out is answered with 503: neither is the token at fault, nor is it believed.
type introspector struct {
	// ask puts the question. Without token and error the token is not active.
	ask func(ctx context.Context, token string) (*verified, error)
	// timeout bounds the time that one question takes, the wait for its turn included.
	timeout time.Duration
	// life is how long an answer counts at most. 0 asks for every request.
	life time.Duration
	log  introspectionLog

	active   *tokenCache
	inactive inactiveTokens
	health   breaker
	slots    chan struct{}
	stats    introspectionStats

	mu      sync.Mutex
	flights map[tokenSum]*flight
}

// introspectionLog is told what becomes of an endpoint.
type introspectionLog interface {
	failed(err error, paused bool)
	resumed()
}

// introspectionStats are counted for the metrics.
type introspectionStats struct {
	active, inactive, failed, turnedAway atomic.Uint64
	// logged is when a failure was last told, in microseconds since the epoch.
	logged atomic.Int64
	// trouble is why the last question failed; nil if it did not.
	trouble atomic.Pointer[string]
}

// flight is a question under way. What it found out is there when done is closed.
type flight struct {
	done     chan struct{}
	verified *verified
	fault    fault
	probe    bool
}

const (
	// maxAsking bounds the questions to one endpoint at a time, and maxFlights those
	// and the ones that wait for their turn. Tokens beyond are answered with 503.
	maxAsking  = 64
	maxFlights = 256
	// introspectionWeight is about how many bytes the answers of one endpoint take up
	// at most.
	introspectionWeight = 16 << 20
	// inactiveLife is how long a token that is not active is remembered at most.
	inactiveLife = 5 * time.Second
	// logInterval keeps one failure per request from being one line per request.
	logInterval = 10 * time.Second
)

func newIntrospector(ask func(context.Context, string) (*verified, error), life, timeout time.Duration, log introspectionLog) *introspector {
	return &introspector{
		ask: ask, life: life, timeout: timeout, log: log,
		active: newTokenCache(introspectionWeight),
		slots:  make(chan struct{}, maxAsking), flights: make(map[tokenSum]*flight),
	}
}

// find tells what the issuer says about a token, now or a moment ago.
func (i *introspector) find(ctx context.Context, sum *tokenSum, token string, now time.Time) (*verified, fault) {
	if v, f := i.recall(sum, now); v != nil || f != none {
		return v, f
	}
	if !isAccessToken(token) {
		return nil, notOpaque
	}
	asked := i.join(ctx, sum, token, now)
	if asked == nil {
		i.stats.turnedAway.Add(1)
		return nil, notAsked
	}
	select {
	case <-asked.done:
		return asked.verified, asked.fault
	case <-ctx.Done():
		return nil, notAsked // the client has gone
	}
}

// recall looks for an answer that still counts.
func (i *introspector) recall(sum *tokenSum, now time.Time) (*verified, fault) {
	if v := i.active.get(sum); v != nil && now.UnixMicro() < v.until {
		return v, none
	}
	if i.inactive.has(sum, now) {
		return nil, tokenInactive
	}
	return nil, none
}

// join returns the question about a token that is under way, or begins one. nil means
// that there are too many, or that the endpoint is left alone.
func (i *introspector) join(ctx context.Context, sum *tokenSum, token string, now time.Time) *flight {
	i.mu.Lock()
	defer i.mu.Unlock()
	if asked := i.flights[*sum]; asked != nil {
		return asked
	}
	// The answer may have come in since the first look.
	if v, f := i.recall(sum, now); v != nil || f != none {
		return &flight{done: landed, verified: v, fault: f}
	}
	if len(i.flights) >= maxFlights {
		return nil
	}
	ok, probe := i.health.allow(now)
	if !ok {
		return nil
	}
	asked := &flight{done: make(chan struct{}), probe: probe}
	i.flights[*sum] = asked
	// Others wait for the answer, too: it does not end with the request that asked.
	go i.fly(context.WithoutCancel(ctx), asked, *sum, token)
	return asked
}

// landed is the end of a question that did not have to be asked.
var landed = func() chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}()

// fly asks, and remembers the answer before it lets go of the question.
func (i *introspector) fly(ctx context.Context, asked *flight, sum tokenSum, token string) {
	ctx, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	v, err := i.takeTurn(ctx, token)
	now := time.Now()
	switch {
	case err != nil:
		asked.fault = notAsked
		i.fail(err, asked.probe, now)
	case v == nil:
		asked.fault = tokenInactive
		i.stats.inactive.Add(1)
		i.inactive.add(&sum, now, now.Add(min(i.life, inactiveLife)))
	default:
		asked.verified = v
		i.stats.active.Add(1)
		i.remember(&sum, v, now)
	}
	if err == nil {
		i.stats.trouble.Store(nil)
		i.answered()
	}
	i.mu.Lock()
	delete(i.flights, sum)
	i.mu.Unlock()
	close(asked.done)
}

var errNoTurn = errors.New("it was busy with other questions for the whole timeout")

// takeTurn asks when it is this question's turn.
func (i *introspector) takeTurn(ctx context.Context, token string) (*verified, error) {
	select {
	case i.slots <- struct{}{}:
		defer func() { <-i.slots }()
		return i.ask(ctx, token)
	case <-ctx.Done():
		return nil, errNoTurn
	}
}

// remember keeps an answer until its time or that of the token is over.
func (i *introspector) remember(sum *tokenSum, v *verified, now time.Time) {
	v.until = now.Add(i.life).UnixMicro()
	if v.hasExpires {
		v.until = min(v.until, v.expires)
	}
	if v.until > now.UnixMicro() {
		i.active.put(sum, v)
	}
}

// aboutToken is a failure that may lie in the token that was asked about. Whoever sends
// such tokens does not bring about a pause for everybody.
type aboutToken struct{ error }

func (i *introspector) fail(err error, probe bool, now time.Time) {
	i.stats.failed.Add(1)
	text := err.Error()
	i.stats.trouble.Store(&text)
	paused := false
	if _, ok := errors.AsType[aboutToken](err); ok {
		i.answered()
	} else {
		paused = i.health.failed(now, probe)
	}
	last := i.stats.logged.Load()
	due := now.UnixMicro()-last >= logInterval.Microseconds()
	if (due || paused) && i.stats.logged.CompareAndSwap(last, now.UnixMicro()) {
		i.log.failed(err, paused)
	}
}

// answered notes that the endpoint is there.
func (i *introspector) answered() {
	if i.health.succeeded() {
		i.log.resumed()
	}
}

// isAccessToken tells whether text has the form of any access token (RFC 6750 §2.1,
// b64token). Nothing else is passed on to an issuer.
func isAccessToken(text string) bool {
	text = strings.TrimRight(text, "=")
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("-._~+/", c) < 0:
			return false
		}
	}
	return text != ""
}

// maxInactive bounds the tokens of one endpoint that are remembered as not active,
// about 100 bytes each. At the bound the older half is forgotten.
const maxInactive = 1024

// inactiveTokens remembers until when tokens count as not active, by their SHA-256.
type inactiveTokens struct {
	mu         sync.Mutex
	young, old map[tokenSum]time.Time
}

func (t *inactiveTokens) has(sum *tokenSum, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.young[*sum]) || now.Before(t.old[*sum])
}

func (t *inactiveTokens) add(sum *tokenSum, now, until time.Time) {
	if !now.Before(until) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.young == nil || len(t.young) >= maxInactive/2 {
		t.old, t.young = t.young, make(map[tokenSum]time.Time)
	}
	t.young[*sum] = until
}
