package ratelimit

import (
	"net/http"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// visit is a request whose claims are remembered until it has been answered.
type visit struct {
	handler *Handler
	claims  [maxPolicies]claim
}

// Decide implements exchange.Decider.
func (v *visit) Decide(x *exchange.Exchange, _ http.ResponseWriter, r *http.Request) *problem.Refusal {
	return v.handler.decide(x, r, v.claims[:len(v.handler.policies)])
}

// end is called when the request has been answered, however that went.
func (v *visit) end() { v.handler.leave(v.claims[:len(v.handler.policies)]) }

var _ exchange.Decider = (*visit)(nil)
