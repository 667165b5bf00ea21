package ratelimit

import "sync"

// question is what the claims of one request ask of the shared store.
type question struct {
	shared     *shared
	keys, args []string
	// apart tells that each claim is charged by itself, because the keys of a Cluster
	// may lie on different servers.
	apart bool
}

// ask charges the claims that want something, all or none. Afterwards each has its
// decision, if the store answered.
func (h *Handler) ask(claims []claim, now, cost int64) (bool, error) {
	var q question
	for _, i := range h.remoteOrder {
		if c := &claims[i]; c.want > 0 {
			q.shared = h.policies[i].shared
			q.keys = append(q.keys, c.keyOf(q.shared))
			q.args = c.arguments(q.args, cost, c.want)
		}
	}
	q.apart = len(q.keys) > 1 && q.shared.store.Clustered()
	ahead, err := q.put()
	if ahead == nil {
		return false, err
	}
	yes, n := err == nil, 0
	for _, i := range h.remoteOrder {
		c := &claims[i]
		if c.want == 0 {
			continue
		}
		c.tat, c.decided = ahead[n], err == nil
		c.decision = c.decideRemote(c.tat, now, cost)
		yes = yes && c.decision.allowed
		n++
	}
	if !yes {
		h.retreat(claims, &q, ahead, now)
	}
	return yes, err
}

// put runs the script, in one round trip.
func (q *question) put() ([]int64, error) {
	if !q.apart {
		return q.shared.charge(q.keys, q.args)
	}
	ahead := make([]int64, len(q.keys))
	errs := make([]error, len(q.keys))
	var group sync.WaitGroup
	for n := range q.keys {
		group.Go(func() {
			one, err := q.shared.charge(q.keys[n:n+1], q.args[n*chargeArguments:(n+1)*chargeArguments])
			if ahead[n], errs[n] = -1, err; err == nil {
				ahead[n] = one[0]
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return ahead, err
		}
	}
	return ahead, nil
}

// retreat makes all decisions those of a request that was charged nothing, and gives
// back what single claims were granted although the request is refused, which happens
// on a Cluster only. That is missing for the time of a round trip: others may be
// refused meanwhile, and nobody is let through.
func (h *Handler) retreat(claims []claim, q *question, ahead []int64, now int64) {
	back := question{shared: q.shared, apart: true}
	n := 0
	for _, i := range h.remoteOrder {
		c := &claims[i]
		if c.want == 0 {
			continue
		}
		if c.decision.allowed && ahead[n] >= 0 {
			units := c.terms.remote.granted(ahead[n], c.want)
			back.keys, back.args = append(back.keys, q.keys[n]), c.arguments(back.args, -units, -units)
			c.decision = c.decideRemote(ahead[n], now, 0)
		}
		n++
	}
	if q.apart && len(back.keys) > 0 {
		go func() { _, _ = back.put() }() // what is lost with the store drains by itself
	}
}
