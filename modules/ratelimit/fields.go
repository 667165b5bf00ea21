package ratelimit

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// The fields speak draft-ietf-httpapi-ratelimit-headers-10 (September 2025), which is
// not an RFC yet. Partition keys (pk) are never told.
const (
	policyField = "Ratelimit-Policy" // the canonical spellings of the names
	limitField  = "Ratelimit"

	legacyLimit     = "X-Ratelimit-Limit"
	legacyRemaining = "X-Ratelimit-Remaining"
	legacyReset     = "X-Ratelimit-Reset"

	fieldsCapacity = 128 // of the buffer on the stack; longer fields cost an allocation
)

// quote writes printable ASCII as a structured-field String (RFC 9651 §3.3.3).
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// compose writes RateLimit, and RateLimit-Policy, for claims behind what earlier handlers
// have told: a limit before auth and one behind it are two handlers, and the fields speak
// for both. RateLimit is "" if no policy had a say.
func (h *Handler) compose(claims []claim, now int64, earlier, earlierPolicies string) (limits, policies string) {
	if c := &claims[0]; len(claims) == 1 && earlier == "" && c.isFresh(now) && c.terms == &h.policies[0].terms {
		return c.terms.fresh, h.policyField
	}
	var buffer [fieldsCapacity]byte
	field := append(buffer[:0], earlier...)
	policies = h.policyField
	for i := range claims {
		if claims[i].terms != &h.policies[i].terms {
			policies = "" // not what it is for most requests
		}
		if claims[i].terms == nil {
			continue
		}
		field = claims[i].appendLimit(field, h.policies[i].quoted, now)
	}
	if len(field) == len(earlier) {
		return "", ""
	}
	if policies == "" {
		policies = h.policyFieldOf(claims)
	}
	if earlierPolicies != "" {
		policies = earlierPolicies + ", " + policies
	}
	return string(field), policies
}

// appendLimit appends the policy's item of the RateLimit field.
func (c *claim) appendLimit(dst []byte, quoted string, now int64) []byte {
	if len(dst) > 0 {
		dst = append(dst, ", "...)
	}
	dst = append(append(dst, quoted...), ";r="...)
	if c.terms.concurrency > 0 {
		return strconv.AppendInt(dst, c.decision.remaining, 10)
	}
	dst = append(strconv.AppendInt(dst, c.decision.remaining, 10), ";t="...)
	return strconv.AppendInt(dst, c.reset(now), 10)
}

// reset is the parameter t in seconds, rounded up: when the whole burst is back, or,
// if the policy refused, when the request would be allowed, so that Retry-After
// never lies before t.
func (c *claim) reset(now int64) int64 {
	if c.end != 0 {
		return problem.Seconds(time.Duration(c.left))
	}
	if !c.decision.allowed {
		return problem.Seconds(time.Duration(c.decision.retryAfter))
	}
	// Rounding the emission interval up may add some nanoseconds to a refill that
	// takes a whole number of seconds.
	return min(problem.Seconds(time.Duration(c.decision.tat-now)), c.terms.refill)
}

// isFresh tells whether a claim has spent the first unit of a whole burst. Most clients
// come so rarely that all is back when they come again, so that is written at load.
func (c *claim) isFresh(now int64) bool {
	return c.terms != nil && c.terms.fresh != "" && c.decision.allowed && c.decision.remaining == c.terms.burst-1 && c.reset(now) == c.terms.rest
}

// policyFieldOf returns the RateLimit-Policy of a request that not all policies have
// a say in, or whose caller belongs to a tier.
func (h *Handler) policyFieldOf(claims []claim) string {
	var items []string
	for i := range claims {
		if claims[i].terms != nil {
			items = append(items, claims[i].terms.item)
		}
	}
	return strings.Join(items, ", ")
}

// tellLegacy sets the fields that clients from before the draft know, for the policy
// with the fewest units left. The reset is in seconds from now.
func (h *Handler) tellLegacy(x *exchange.Exchange, claims []claim, now int64) {
	strictest := -1
	for i := range claims {
		if claims[i].terms != nil && claims[i].terms.concurrency == 0 && (strictest < 0 || claims[i].decision.remaining < claims[strictest].decision.remaining) {
			strictest = i
		}
	}
	if strictest < 0 {
		return
	}
	c := &claims[strictest]
	x.OwnField(legacyLimit, strconv.FormatInt(c.terms.quota.units, 10))
	x.OwnField(legacyRemaining, strconv.FormatInt(c.decision.remaining, 10))
	x.OwnField(legacyReset, strconv.FormatInt(c.reset(now), 10))
}

// delay spreads clients that were refused together, so that they do not come back
// together.
func (h *Handler) delay() time.Duration {
	if h.Jitter <= 0 {
		return 0
	}
	return rand.N(time.Duration(h.Jitter) + 1)
}

// refusal says no on behalf of the policies that denied. Retry-After is the longest
// of their waits: after it, all of them allow.
func (h *Handler) refusal(claims []claim, reason *problem.Reason) *problem.Refusal {
	f := &problem.Refusal{Reason: reason}
	for i := range claims {
		d := &claims[i].decision
		if claims[i].terms == nil || d.allowed {
			continue
		}
		if f.Policies == nil {
			f.Policies, f.Detail = h.policies[i].names, claims[i].terms.detail
		} else {
			f.Policies = append(f.Policies[:len(f.Policies):len(f.Policies)], h.policies[i].name)
		}
		f.RetryAfter = max(f.RetryAfter, time.Duration(d.retryAfter))
	}
	f.RetryAfter += h.delay()
	return f
}
