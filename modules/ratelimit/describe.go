package ratelimit

import (
	"fmt"

	"gateway/internal/exchange"
)

// EachLimit calls visit for every policy of a provisioned handler that is not off. quota
// is as it is written, or the bound on the concurrency; some tells that the policy is not
// for all requests.
func (h *Handler) EachLimit(visit func(name, quota string, key []string, mode exchange.Mode, some bool)) {
	for i := range h.Policies {
		config, p := &h.Policies[i], &h.policies[i]
		quota := config.Quota
		if config.Concurrency > 0 {
			quota = fmt.Sprintf("%d at once", config.Concurrency)
		}
		if p.mode != exchange.ModeOff {
			visit(p.name, quota, config.key(), p.mode, p.when != nil)
		}
	}
}
