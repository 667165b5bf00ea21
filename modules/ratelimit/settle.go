package ratelimit

import (
	"net/http"
	"net/textproto"
	"strconv"
	"sync/atomic"

	"go.uber.org/zap"
)

// settling is how responses tell what requests have cost.
type settling struct {
	field   string // of the response, canonical
	logger  *zap.Logger
	misread atomic.Bool // it was logged that something else stood there
}

// newSettling returns nil if there is no such field.
func newSettling(field string, logger *zap.Logger) *settling {
	if field == "" {
		return nil
	}
	return &settling{field: textproto.CanonicalMIMEHeaderKey(field), logger: logger}
}

// cost returns what a response says that its request has cost, or what was charged if it
// does not.
func (s *settling) cost(header http.Header, charged int64) int64 {
	values := header[s.field]
	if len(values) == 0 {
		return charged
	}
	cost, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || cost < 0 || cost > dearest || len(values) > 1 {
		if s.misread.CompareAndSwap(false, true) {
			s.logger.Warn("a response does not say what it costs in whole units; such requests cost what they did when they came",
				zap.String("field", s.field))
		}
		return charged
	}
	return cost
}

// dearest bounds what a response may say that it has cost, in units.
const dearest = 1 << 31

// settleCost charges what a request has cost, as the response tells, beyond the cost that
// was charged when it came; or gives the difference back. What is left of the burst is
// the most that can be charged: one request more cannot be undone.
func (h *Handler) settleCost(claims []claim, header http.Header, charged int64) {
	cost := h.settling.cost(header, charged)
	if cost == charged {
		return
	}
	for i := range claims {
		switch c := &claims[i]; {
		case c.terms == nil || c.terms.concurrency > 0:
		case c.store != nil:
			c.adjust(cost - charged)
		default:
			least := min(0, cost-charged) // all of it comes back, but only what is there is charged
			// What cannot be settled because the store is down was charged as usual.
			_, _ = h.policies[i].shared.charge([]string{c.keyOf(h.policies[i].shared)}, c.arguments(nil, least, cost-charged))
		}
	}
}

// adjust charges units to a partition in memory, as many as are left, or gives back.
func (c *claim) adjust(units int64) {
	s := c.store.shard(c.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick(monotonic())
	at := s.find(c.key)
	if at == nil {
		return // forgotten since, because the store was full
	}
	if units < 0 {
		*at = max(1, *at+max(units, -c.used(*at))*c.limit.interval)
		return
	}
	d := c.decide(*at, now, 0)
	*at = d.tat + min(units, d.remaining)*c.limit.interval
}

// used bounds what can be given back of a state: in a window of the calendar what was
// used, and of a time anything, because one that has passed has drained.
func (c *claim) used(state int64) int64 {
	if c.end != 0 {
		return state & maxUsed
	}
	return dearest
}
