package ratelimit

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/redis"
)

// stores holds the state of all policies by identity, so that it outlives the config
// that made it as long as the next one uses it too.
var stores = caddy.NewUsagePool()

// loadStore returns the store of an identity, and makes it if it is new, with what is
// kept of it on a shelf.
func loadStore(id identity, bound int, c *calendar, from shelf, logger *zap.Logger) (*store, error) {
	value, _, err := stores.LoadOrNew(id, func() (caddy.Destructor, error) {
		s := newStore(bound)
		if id.calendar != "" {
			s.clock = packedNow
		}
		if id.persist {
			s.archive = newArchive(s, id, c, logger)
			s.archive.open(from)
		}
		go s.keepSwept()
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return value.(*store), nil
}

// sharedStore returns the store that the gateways of an installation share, or nil.
func sharedStore(ctx caddy.Context) (*redis.Store, error) {
	app, err := ctx.App("gateway")
	if err != nil {
		return nil, err
	}
	if provider, ok := app.(redis.Provider); ok {
		return provider.SharedStore(), nil
	}
	return nil, nil
}

// flightPool holds the requests under way, by the identity of their policies.
var flightPool = caddy.NewUsagePool()

// loadFlights returns those of an identity, none at first.
func loadFlights(id identity) (*flights, error) {
	value, _, err := flightPool.LoadOrNew(id, func() (caddy.Destructor, error) { return newFlights(), nil })
	if err != nil {
		return nil, err
	}
	return value.(*flights), nil
}

// leasePool holds what was taken ahead, so that it outlives the config that took it.
var leasePool = caddy.NewUsagePool()

// leaseKey is what leases have in common that can be used together.
type leaseKey struct {
	identity identity
	store    *redis.Store
	size     int64
	bound    int
}

// loadLeases returns the leases of a key, and makes them if they are new.
func loadLeases(key leaseKey, s *shared, t *tally) (*leases, error) {
	value, _, err := leasePool.LoadOrNew(key, func() (caddy.Destructor, error) {
		l := newLeases(s, key.size, key.bound, t)
		go l.keepSwept()
		return l, nil
	})
	if err != nil {
		return nil, err
	}
	return value.(*leases), nil
}

// agree makes sure that handlers can be joined: a response says once what it costs.
func agree(handlers []*Handler) error {
	first := ""
	for _, h := range handlers {
		if first != "" && h.CostHeader != "" && !strings.EqualFold(first, h.CostHeader) {
			return h.fault(fmt.Sprintf("cost_header is %q here, and %q in another ratelimit of the same api", h.CostHeader, first), "name the same field, or none")
		}
		first = cmp.Or(first, h.CostHeader)
	}
	return nil
}

// Merge joins provisioned handlers that a request would meet one after the other, so
// that all policies that are enforced are decided together. Those that only report stand
// behind them, each by itself (mode.go). The enforcing handler comes first: what it refuses is charged to
// nobody. Those before auth come before all others. The handlers given stay the owners of their state and must be kept until
// they are cleaned up.
func Merge(ctx caddy.Context, handlers []*Handler) ([]*Handler, error) {
	if err := agree(handlers); err != nil {
		return nil, err
	}
	var merged []*Handler
	for _, group := range []struct {
		early bool
		mode  exchange.Mode
	}{{true, exchange.ModeEnforce}, {true, exchange.ModeReport}, {false, exchange.ModeEnforce}, {false, exchange.ModeReport}} {
		joined, policies := join(handlers, group.mode, group.early)
		if joined == nil {
			continue
		}
		if err := joined.assemble(ctx, policies); err != nil {
			return nil, err
		}
		merged = append(merged, joined)
	}
	return merged, nil
}
