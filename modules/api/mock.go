package api

import (
	"encoding/json"
	"fmt"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// last is what answers behind the last directive of the block.
func (a *API) last() caddyhttp.Handler {
	if a.Mock != nil {
		return link(a.Mock, unanswered)
	}
	return unanswered
}

// answers makes the mock's answers of every operation; nil ones if there is no mock.
func (a *API) answers(contract *openapi.Contract) ([]any, error) {
	if a.Mock == nil {
		return make([]any, len(contract.Operations)), nil
	}
	check, err := a.Validate.Checker(contract)
	if err != nil {
		return nil, err
	}
	all, doubts, err := a.Mock.Bind(contract, check)
	for _, doubt := range doubts {
		a.logger.Warn(doubt.Message, zap.Stringer("at", doubt.At), zap.String("hint", doubt.Hint))
	}
	return all, err
}

// conclusive are the handlers that answer every request that reaches them.
var conclusive = map[string]string{"reverse_proxy": "reverse_proxy", "static_response": "respond"}

// reachable refuses a mock that no request would ever reach.
func (p *blockParser) reachable() error {
	if p.api.Mock == nil {
		return nil
	}
	for _, route := range p.api.Routes {
		if len(route.MatcherSetsRaw) > 0 {
			continue
		}
		for _, raw := range route.HandlersRaw {
			var handler struct{ Handler string }
			if err := json.Unmarshal(raw, &handler); err != nil {
				return err
			}
			if directive := conclusive[handler.Handler]; directive != "" {
				return &finding.Error{
					Message: fmt.Sprintf("mock is never reached: %s answers every request before it", directive),
					At:      finding.ParseSource(p.api.Mock.Source), Word: "mock",
					Hint: "remove one of them, or give " + directive + " a matcher",
				}
			}
		}
	}
	return nil
}
