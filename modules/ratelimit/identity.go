package ratelimit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"gateway/internal/exchange"
	"gateway/internal/redis"
)

// identity is what policies have in common that share their state: the name, what
// they count by, and, for policies without a name, the scope. The numbers are not
// part of it, so that changing them keeps the state.
type identity struct {
	name, scope, key string
	network          network
	// calendar is that of quotas by the calendar, whose state is of another kind.
	calendar string
	// persist tells that partitions are hashed to be known after a restart.
	persist bool
}

// identity returns that of policy number i.
func (h *Handler) identity(i int) identity {
	p := h.Policies[i]
	id := identity{
		name:    cmp.Or(p.Name, defaultName),
		key:     strings.Join(p.key(), " "),
		network: network{cmp.Or(p.IPv4Prefix, 32), cmp.Or(p.IPv6Prefix, 64)},
		persist: p.Persist,
	}
	if t, err := p.terms(); err == nil && t.calendar != nil {
		id.calendar = t.calendar.String()
	}
	if p.Name == "" {
		id.scope = fmt.Sprintf("%s #%d", cmp.Or(h.Scope, h.Source), i)
	}
	return id
}

// policyFault is a load error about one policy of the directive.
func (h *Handler) policyFault(p Policy, err error) error {
	message, hint := faultOf(err)
	return h.fault(fmt.Sprintf("rate limit policy %q: %s", cmp.Or(p.Name, defaultName), message), hint)
}

// held gives back one use of something pooled.
type held func() error

// hold gives policy number i its state.
func (h *Handler) hold(p *policy, i int, store *redis.Store, storage shelf, logger *zap.Logger) error {
	config, id := h.Policies[i], h.identity(i)
	if p.concurrency > 0 {
		err := h.holdFlights(p, id)
		if err == nil {
			p.holdNear()
		}
		return err
	}
	var err error
	if p.shared, err = config.share(store, id, logger); err != nil {
		return err
	}
	bound := config.maxKeys()
	if p.store, err = loadStore(id, bound, p.calendar, storage, logger); err != nil {
		return err
	}
	p.store.hold(bound, &storage)
	state := p.store
	h.held = append(h.held, func() error {
		state.release(bound, &storage)
		_, err := stores.Delete(id)
		return err
	})
	p.holdNear()
	if p.shared == nil || config.Store != CountLease {
		return nil
	}
	key := leaseKey{id, store, config.leaseSize(&p.terms), bound}
	if p.leases, err = loadLeases(key, p.shared, &p.store.tally); err == nil {
		h.held = append(h.held, func() error {
			_, err := leasePool.Delete(key)
			return err
		})
	}
	return err
}

// holdFlights gives a policy the requests that are under way.
func (h *Handler) holdFlights(p *policy, id identity) error {
	var err error
	if p.flights, err = loadFlights(id); err == nil {
		h.held = append(h.held, func() error {
			_, err := flightPool.Delete(id)
			return err
		})
	}
	return err
}

// liveStores yields every store that a config uses, with its policy's name.
func liveStores() func(yield func(string, *store) bool) {
	return func(yield func(string, *store) bool) {
		stores.Range(func(key, value any) bool {
			return yield(key.(identity).name, value.(*store))
		})
	}
}

// join returns a handler for the policies of one mode of all handlers, before or after
// auth, and these policies. It is nil if there are none.
func join(handlers []*Handler, mode exchange.Mode, early bool) (*Handler, []policy) {
	var joined *Handler
	var policies []policy
	for _, h := range handlers {
		ours := h.policiesOf(mode)
		if len(ours) == 0 || h.BeforeAuth != early {
			continue
		}
		if joined == nil {
			joined = &Handler{Mode: mode, Source: h.Source, BeforeAuth: early}
		}
		joined.HideHeaders = joined.HideHeaders || h.HideHeaders
		joined.LegacyHeaders = joined.LegacyHeaders || h.LegacyHeaders
		joined.CostHeader = cmp.Or(joined.CostHeader, h.CostHeader)
		joined.Jitter = max(joined.Jitter, h.Jitter)
		policies = slices.Concat(policies, ours)
	}
	return joined, policies
}

// tellApart makes sure that every policy has a name and a store of its own. Policies
// without a name are numbered: default, default-2.
func (h *Handler) tellApart(policies []policy) error {
	base := defaultName
	if h.BeforeAuth {
		base = earlyName
	}
	for i := range policies {
		p := &policies[i]
		if p.unnamed && p.name == defaultName && base != defaultName {
			p.name = base
			p.describe()
		}
		for n := 2; p.unnamed && taken(policies[:i], p.name); n++ {
			p.name = fmt.Sprintf("%s-%d", base, n)
			p.describe()
		}
		if taken(policies[:i], p.name) {
			return h.fault(fmt.Sprintf("two rate limit policies on one request are called %q", p.name), "give each a name of its own")
		}
		if slices.ContainsFunc(policies[:i], func(other policy) bool { return other.store == p.store && other.flights == p.flights }) {
			return h.fault(fmt.Sprintf("the rate limit policy %q stands on one request twice", p.name), "give each a name of its own: policy <name>")
		}
	}
	return nil
}

func taken(policies []policy, name string) bool {
	return slices.ContainsFunc(policies, func(p policy) bool { return p.name == name })
}
