package ratelimit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gateway/internal/exchange"
)

// identity is what policies have in common that share their state: the name, what
// they count by, and, for policies without a name, the scope. The numbers are not
// part of it, so that changing them keeps the state.
type identity struct {
	name, scope, key string
	network          network
}

// identity returns that of policy number i.
func (h *Handler) identity(i int) identity {
	p := h.Policies[i]
	id := identity{
		name:    cmp.Or(p.Name, defaultName),
		key:     strings.Join(p.key(), " "),
		network: network{cmp.Or(p.IPv4Prefix, 32), cmp.Or(p.IPv6Prefix, 64)},
	}
	if p.Name == "" {
		id.scope = fmt.Sprintf("%s #%d", cmp.Or(h.Scope, h.Source), i)
	}
	return id
}

// hold is one use of a store, to be given back.
type hold struct {
	identity identity
	store    *store
	bound    int
}

// hold takes the store of policy number i.
func (h *Handler) hold(i int) (*store, error) {
	id, bound := h.identity(i), h.Policies[i].maxKeys()
	s, err := loadStore(id, bound)
	if err != nil {
		return nil, err
	}
	s.hold(bound)
	h.held = append(h.held, hold{id, s, bound})
	return s, nil
}

// liveStores yields every store that a config uses, with its policy's name.
func liveStores() func(yield func(string, *store) bool) {
	return func(yield func(string, *store) bool) {
		stores.Range(func(key, value any) bool {
			return yield(key.(identity).name, value.(*store))
		})
	}
}

// join returns a handler for the policies of all handlers of one mode, and these
// policies. It is nil if there are none.
func join(handlers []*Handler, mode exchange.Mode) (*Handler, []policy) {
	var joined *Handler
	var policies []policy
	for _, h := range handlers {
		if cmp.Or(h.Mode, exchange.ModeEnforce) != mode {
			continue
		}
		if joined == nil {
			joined = &Handler{Mode: mode, Source: h.Source}
		}
		joined.HideHeaders = joined.HideHeaders || h.HideHeaders
		joined.LegacyHeaders = joined.LegacyHeaders || h.LegacyHeaders
		policies = slices.Concat(policies, h.policies)
	}
	return joined, policies
}
