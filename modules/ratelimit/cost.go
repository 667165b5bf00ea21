package ratelimit

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// costExtension is the member of an operation that says what it costs.
const costExtension = "x-ratelimit-cost"

// Bind returns the cost of an operation in quota units, for Route.Prepared: its
// extension x-ratelimit-cost, or nil for the usual 1.
func (h *Handler) Bind(op *openapi.Operation, _ *openapi.Contract) (any, error) {
	cost, err := costOf(op)
	if err != nil || cost == 1 {
		return nil, err
	}
	for i := range h.policies {
		p := &h.policies[i]
		burst, tier := p.smallestBurst()
		if cost <= burst {
			continue
		}
		whose := fmt.Sprintf("policy %q", p.name)
		if tier != "" {
			whose = fmt.Sprintf("tier %q of policy %q", tier, p.name)
		}
		return nil, costError(op, fmt.Sprintf("%s %d is more than the burst %d of %s, so %s would always be refused",
			costExtension, cost, burst, whose, op.ID))
	}
	return cost, nil
}

// cost returns what the request costs. A handler that was not bound to the operation
// may have a smaller burst than its cost; it charges the whole burst then.
func (h *Handler) cost(x *exchange.Exchange) int64 {
	if cost, ok := x.Prepared(exchange.RateLimit).(int64); ok {
		return min(cost, h.smallestBurst)
	}
	return 1
}

// costOf returns what one request of an operation costs in quota units: 1 unless its
// contract says otherwise, and 0 if it is free.
func costOf(op *openapi.Operation) (int64, error) {
	if op == nil {
		return 1, nil
	}
	value, ok := op.Extensions[costExtension]
	if !ok {
		return 1, nil
	}
	cost, ok := wholeNumber(value)
	if !ok {
		return 0, costError(op, fmt.Sprintf("%s of %s must be a whole number of quota units, at least 0", costExtension, op.ID))
	}
	return cost, nil
}

// wholeNumber reads a number that a decoder of JSON or YAML has made.
func wholeNumber(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), n >= 0
	case int64:
		return n, n >= 0
	case uint64:
		return int64(n), n <= math.MaxInt64
	case float64:
		return int64(n), n >= 0 && n < 1<<53 && n == math.Trunc(n)
	case json.Number:
		i, err := n.Int64()
		return i, err == nil && i >= 0
	}
	return 0, false
}

// isToken tells whether text can be the name of a field (RFC 9110 §5.1).
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

func costError(op *openapi.Operation, message string) error {
	return &finding.Error{Message: message, At: finding.Position(op.Source)}
}
