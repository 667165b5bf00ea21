package ratelimit

import (
	"fmt"
	"sync/atomic"
	"time"

	"gateway/internal/problem"
)

// OnError says what happens while the shared store is down.
type OnError string

// What happens while the shared store is down.
const (
	OnErrorLocal  OnError = "local"
	OnErrorOpen   OnError = "open"
	OnErrorClosed OnError = "closed"
)

func (o OnError) check() error {
	switch o {
	case "", OnErrorLocal, OnErrorOpen, OnErrorClosed:
		return nil
	}
	return fmt.Errorf("on_error %q must be local, open or closed", string(o))
}

// alone counts the decisions that were made without the shared store.
type alone struct{ local, open, closed counter }

type counter struct{ n atomic.Uint64 }

func (c *counter) get() float64 { return float64(c.n.Load()) }

func (a *alone) count(o OnError) {
	switch o {
	case OnErrorOpen:
		a.open.n.Add(1)
	case OnErrorClosed:
		a.closed.n.Add(1)
	default:
		a.local.n.Add(1)
	}
}

// chargeAlone does without the shared store what the policies say.
func (h *Handler) chargeAlone(claims []claim, now, cost int64) verdict {
	v := allowed
	for _, i := range h.remoteOrder {
		if p := &h.policies[i]; claims[i].want > 0 {
			p.store.alone.count(p.shared.onError)
			if p.shared.onError == OnErrorClosed {
				v = uncertain
			}
		}
	}
	if v == uncertain {
		return v
	}
	for _, i := range h.remoteOrder {
		c, p := &claims[i], &h.policies[i]
		switch {
		case c.want == 0:
		case p.shared.onError == OnErrorOpen:
			c.terms = nil
		default:
			c.store, c.limit = p.store, c.part(int64(p.shared.store.Nodes()))
			cost = min(cost, c.limit.offset/c.limit.interval)
		}
	}
	if !chargeMemory(claims, h.remoteOrder, now, cost) {
		v = exceeded
	}
	return v
}

// part is what one of n gateways may grant of a claim's terms.
func (c *claim) part(n int64) limit {
	if c.end != 0 {
		return limit{interval: 1, offset: max(1, c.terms.limit.offset/n)}
	}
	return c.terms.limit.part(n)
}

// part is what one of n gateways may grant of a limit when each counts for itself: the
// n-th part of the quota and of the burst, but at least one unit at once.
func (l limit) part(n int64) limit {
	if n <= 1 {
		return l
	}
	burst := max(1, l.offset/l.interval/n)
	interval := min(l.interval, int64(maxRefill)/n) * n
	return limit{interval: interval, offset: burst * interval}
}

// retryLater is told to clients while the shared store is down: it is back in use
// within a second of its return.
const retryLater = time.Second

// unavailable is the refusal of policies that must not be guessed.
func (h *Handler) unavailable(claims []claim) *problem.Refusal {
	f := &problem.Refusal{Reason: problem.LimitStoreUnavailable, RetryAfter: retryLater + h.delay()}
	for _, i := range h.remoteOrder {
		if p := &h.policies[i]; p.shared.onError == OnErrorClosed && claims[i].want > 0 {
			f.Policies = append(f.Policies, p.name)
			f.Cause = p.shared.store.Problem()
		}
	}
	return f
}
