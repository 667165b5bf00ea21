package ratelimit

// maxPolicies bounds the policies that are decided together on one request.
const maxPolicies = 8

// claim is what one policy wants to charge to one partition, and the outcome.
type claim struct {
	terms  *terms // nil if the policy has no say in this request
	key    partition
	digest digest // of the same key, for policies with a shared store

	store *store // where it is charged in memory; nil if it is not, or has no say
	limit limit  // there
	end   int64  // of the calendar's window, in seconds since 1970; 0 for other quotas
	left  int64  // until then, in nanoseconds
	want  int64  // units to take from the shared store: the cost and a new lease; 0 for none
	drawn bool   // paid out of a lease
	fresh bool   // there is no lease yet

	inside bool // the request has a place of the policy's flights

	counted bool // where it is charged its decision is counted, too
	reports bool // as that of a policy that reports

	decided  bool // by what is not in memory
	decision decision
	tat      int64 // before; of the shared store: how far ahead it was, in its ticks
	shard    *shard
	now      int64  // by the clock of the shard
	at       *int64 // where the shard keeps tat, nil if it does not
}

// verdict is the outcome of all claims of a request.
type verdict uint8

const (
	allowed verdict = iota
	exceeded
	crowded   // too many requests are under way
	uncertain // the shared store cannot be asked, and a policy refuses in that case
)

// decide decides a claim about a state in memory.
func (c *claim) decide(state, now, cost int64) decision {
	if c.end != 0 {
		return decideWindow(c.limit.offset, state, c.end, c.left, cost)
	}
	return decide(c.limit, state, now, cost)
}

// charge decides all claims and, only if every one is allowed, charges all of them: a
// request that one policy refuses is charged to none. First comes what costs nothing,
// the state in memory, places among the requests under way, and units leased ahead; then
// the shared store, without holding any lock. What was charged before a refusal is taken
// back.
//
// This is the only place where a policy meets its state.
func (h *Handler) charge(from visitor, claims []claim, now, cost int64) verdict {
	v := exceeded
	if chargeMemory(claims, h.memoryOrder, now, cost) {
		if v = h.chargeRest(from, claims, now, cost); v == allowed {
			return v
		}
		refundMemory(claims, h.memoryOrder, cost)
	}
	h.withdraw(claims)
	return v
}

// withdraw makes policies that were not asked, because another one had refused, say
// nothing.
func (h *Handler) withdraw(claims []claim) {
	for i := range claims {
		if c := &claims[i]; c.store == nil && !c.decided {
			c.terms = nil
		}
	}
}

// chargeRest charges what is not in a store in memory.
func (h *Handler) chargeRest(from visitor, claims []claim, now, cost int64) verdict {
	if !h.enter(claims) {
		return crowded
	}
	if len(h.remoteOrder) == 0 {
		return allowed
	}
	v := h.chargeRemote(from, claims, now, cost)
	if v != allowed {
		h.leave(claims)
	}
	return v
}

// chargeRemote charges the claims of policies with a shared store.
func (h *Handler) chargeRemote(from visitor, claims []claim, now, cost int64) verdict {
	v, asking := allowed, false
	for _, i := range h.remoteOrder {
		c := &claims[i]
		if c.terms == nil {
			continue
		}
		if leases := h.policies[i].leases; leases == nil {
			c.want = cost
		} else if !leases.draw(c, now, cost) {
			v = exceeded
		} else if c.fresh {
			c.digest = h.policies[i].digest(from)
			leases.open(c, now)
		}
		asking = asking || c.want > 0
	}
	if v == allowed && asking {
		v = h.chargeShared(claims, now, cost)
	}
	for _, i := range h.remoteOrder {
		if leases := h.policies[i].leases; leases != nil {
			leases.settle(&claims[i], v == allowed, now, cost)
		}
	}
	return v
}

// chargeShared asks the shared store, or does what the policies say if it is down.
func (h *Handler) chargeShared(claims []claim, now, cost int64) verdict {
	yes, err := h.ask(claims, now, cost)
	switch {
	case err != nil:
		return h.chargeAlone(claims, now, cost)
	case yes:
		return allowed
	}
	return exceeded
}
