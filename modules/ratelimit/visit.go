package ratelimit

import (
	"net/http"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// visit is a request whose claims are remembered until it has been answered.
type visit struct {
	handler *Handler
	header  http.Header // of the response
	cost    int64       // what was charged, 0 if nothing was
	claims  [maxPolicies]claim
}

// Decide implements exchange.Decider.
func (v *visit) Decide(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) *problem.Refusal {
	claims := v.claims[:len(v.handler.policies)]
	if v.handler.apart != nil {
		v.header, v.cost = w.Header(), v.handler.cost(x)
		return v.handler.watch(x, r, claims)
	}
	refusal := v.handler.decide(x, r, claims)
	if refusal == nil {
		v.header, v.cost = w.Header(), v.handler.cost(x)
	}
	return refusal
}

// end is called when the request has been answered, however that went.
func (v *visit) end() {
	claims := v.claims[:len(v.handler.policies)]
	v.handler.leave(claims)
	if v.cost > 0 && v.handler.settling != nil {
		v.handler.settleCost(claims, v.header, v.cost)
	}
}

var _ exchange.Decider = (*visit)(nil)
