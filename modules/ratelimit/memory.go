package ratelimit

import (
	"cmp"
	"slices"
)

// chargeMemory decides the claims that order names and, only if every one is allowed,
// charges all of them. Check and charge are one step, under the locks of all
// partitions concerned. order lists the claims by the id of their stores, so that no
// two requests wait for each other.
func chargeMemory(claims []claim, order []uint8, now, cost int64) bool {
	lock(claims, order)
	allowed := true
	for _, i := range order {
		if claims[i].store != nil {
			allowed = claims[i].look(now, cost) && allowed
		}
	}
	for _, i := range order {
		if claims[i].store != nil {
			claims[i].settle(allowed)
		}
	}
	unlock(claims, order)
	return allowed
}

// refundMemory takes back what chargeMemory has just charged.
func refundMemory(claims []claim, order []uint8, cost int64) {
	lock(claims, order)
	for _, i := range order {
		c := &claims[i]
		if c.store == nil {
			continue
		}
		if at := c.shard.find(c.key); at != nil {
			*at = max(1, *at-cost*c.limit.interval)
		}
		c.decision = c.decide(c.tat, c.now, 0)
	}
	unlock(claims, order)
}

// lockOrder returns the indices of the policies that belong, by the id of their stores.
func lockOrder(policies []policy, belongs func(*policy) bool) []uint8 {
	var order []uint8
	for i := range policies {
		if belongs(&policies[i]) {
			order = append(order, uint8(i))
		}
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

func unlock(claims []claim, order []uint8) {
	for _, i := range order {
		if claims[i].store != nil {
			claims[i].shard.mu.Unlock()
		}
	}
}

// look decides the claim and changes nothing.
func (c *claim) look(now, cost int64) bool {
	c.tat = 0
	if c.at = c.shard.find(c.key); c.at != nil {
		c.tat = *c.at
	}
	c.now = c.shard.tick(now)
	c.decision = c.decide(c.tat, c.now, cost)
	return c.decision.allowed
}

// settle stores the outcome: the charge if all claims were allowed. Otherwise only a
// time that decide found too far ahead is brought back, which makes the wait end
// when it was said to.
func (c *claim) settle(allowed bool) {
	if !allowed && c.decision.allowed {
		c.decision = c.decide(c.tat, c.now, 0)
	} else if c.counted {
		c.shard.count(c)
	}
	switch {
	case c.at != nil:
		if allowed || c.decision.tat < c.tat {
			*c.at = max(1, c.decision.tat)
		}
	case allowed:
		now := c.now
		if c.end != 0 {
			now = packedNow()
		}
		c.shard.insert(c.key, c.decision.tat, now)
	}
}
