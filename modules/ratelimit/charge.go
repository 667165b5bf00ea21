package ratelimit

import (
	"cmp"
	"slices"
)

// maxPolicies bounds the policies that are decided together on one request.
const maxPolicies = 8

// claim is what one policy wants to charge to one partition, and the outcome.
type claim struct {
	store *store // nil if the policy has no say in this request
	limit limit
	key   partition

	decision decision
	shard    *shard
	entry    int   // -1 if the partition is not stored
	tat      int64 // as stored, 0 if it is not
}

// charge decides all claims and, only if every one is allowed, charges all of them:
// a request that one policy refuses is charged to none. Check and charge are one
// step, under the locks of all partitions concerned. order lists the claims by the
// id of their stores, so that no two requests wait for each other.
//
// This is the only place where a policy meets its state; a store outside the process
// takes claims the same way.
func charge(claims []claim, order []uint8, now, cost int64) bool {
	lock(claims, order)
	allowed := true
	for i := range claims {
		if claims[i].store != nil {
			allowed = claims[i].look(now, cost) && allowed
		}
	}
	for i := range claims {
		if claims[i].store != nil {
			claims[i].settle(now, allowed)
		}
	}
	for i := range claims {
		if claims[i].store != nil {
			claims[i].shard.mu.Unlock()
		}
	}
	return allowed
}

// lockOrder returns the indices of policies by the id of their stores.
func lockOrder(policies []policy) []uint8 {
	order := make([]uint8, len(policies))
	for i := range order {
		order[i] = uint8(i)
	}
	slices.SortFunc(order, func(a, b uint8) int { return cmp.Compare(policies[a].store.id, policies[b].store.id) })
	return order
}

func lock(claims []claim, order []uint8) {
	for _, i := range order {
		if c := &claims[i]; c.store != nil {
			c.shard = c.store.shard(c.key)
			c.shard.mu.Lock()
		}
	}
}

// look decides the claim and changes nothing.
func (c *claim) look(now, cost int64) bool {
	c.tat = 0
	if c.entry = c.shard.find(c.key); c.entry >= 0 {
		c.tat = c.shard.entries[c.entry].tat
	}
	c.decision = decide(c.limit, c.tat, now, cost)
	return c.decision.allowed
}

// settle stores the outcome: the charge if all claims were allowed. Otherwise only a
// time that decide found too far ahead is brought back, which makes the wait end
// when it was said to.
func (c *claim) settle(now int64, allowed bool) {
	if !allowed && c.decision.allowed {
		c.decision = decide(c.limit, c.tat, now, 0)
	}
	switch {
	case c.entry >= 0:
		if allowed || c.decision.tat < c.tat {
			c.shard.entries[c.entry].tat = c.decision.tat
		}
	case allowed:
		c.shard.insert(c.key, c.decision.tat, now)
	}
}
