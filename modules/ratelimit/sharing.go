package ratelimit

import (
	"cmp"
	"fmt"

	"go.uber.org/zap"

	"gateway/internal/redis"
)

// Counting says where a policy is counted.
type Counting string

// Where a policy is counted.
const (
	CountExact Counting = "exact"
	CountLease Counting = "lease"
	CountLocal Counting = "local"
)

func (c Counting) check() error {
	switch c {
	case "", CountExact, CountLease, CountLocal:
		return nil
	}
	return fmt.Errorf("store %q must be exact, lease or local", string(c))
}

// leaseShare is which part of the burst a lease is unless it is set.
const leaseShare = 50

// checkSharing checks what has to do with the shared store.
func (p Policy) checkSharing(t *terms) error {
	if err := p.Store.check(); err != nil {
		return err
	}
	switch {
	case p.Lease != 0 && p.Store != CountLease:
		return &fault{fmt.Sprintf("a lease of %d units needs the store lease", p.Lease), "write: store lease"}
	case p.Lease < 0 || p.Lease > t.burst:
		return &fault{fmt.Sprintf("a lease of %d units must be 1 to the burst, which is %d", p.Lease, t.burst), ""}
	case p.Store == CountLease && t.calendar != nil:
		return &fault{fmt.Sprintf("store lease is for quotas that come back evenly, and %s is not one", p.Quota), "write: store exact"}
	case p.OnError != "" && p.Store == CountLocal:
		return &fault{"on_error is about the shared store, and store local does not use it", "remove one of them"}
	case p.Persist && (p.Store == CountExact || p.Store == CountLease):
		return &fault{fmt.Sprintf("persist is for what this gateway counts, and store %s remembers by itself", p.Store), "remove one of them"}
	}
	return p.OnError.check()
}

// leaseSize is how many units are taken ahead at most.
func (p Policy) leaseSize(t *terms) int64 {
	return cmp.Or(p.Lease, max(1, t.burst/leaseShare))
}

// share makes a policy one that is counted in the shared store, if there is one. What
// needs one is a mistake where there is none.
func (p Policy) share(store *redis.Store, id identity, logger *zap.Logger) (*shared, error) {
	if store == nil {
		word := ""
		switch {
		case p.Store == CountExact || p.Store == CountLease:
			word = "store " + string(p.Store)
		case p.OnError != "":
			word = "on_error"
		default:
			return nil, nil
		}
		return nil, &fault{word + " needs a shared store, and the configuration has none", "name it in the global options: gateway { redis <url> }"}
	}
	if p.Store == CountLocal {
		return nil, nil
	}
	if p.Persist {
		return nil, &fault{"persist is for what this gateway counts, and the shared store remembers by itself", "remove it, or write: store local"}
	}
	return &shared{
		store: store, prefix: prefixOf(store, id),
		onError: cmp.Or(p.OnError, OnError(store.OnError())), logger: logger,
	}, nil
}
