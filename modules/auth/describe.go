package auth

import (
	"strings"
	"time"

	"gateway/internal/exchange"
)

// Demand says in words what the handler demands of an operation that it was bound to,
// and the scopes that are enough: each element is one alternative, its scopes apart by
// spaces.
func (h *Handler) Demand(prepared any) (words string, scopes []string) {
	scopes = []string{}
	demand, ok := prepared.(*rule)
	switch {
	case h.Off:
		return "left to the service", scopes
	case !ok:
		return "off", scopes
	}
	for _, own := range orNone(demand.own) {
		for _, contract := range orNone(demand.contract) {
			if both := strings.Join(append(own[:len(own):len(own)], contract...), " "); both != "" {
				scopes = append(scopes, both)
			}
		}
	}
	words = h.credential(demand)
	if demand.optional {
		words = "optional " + words
	}
	if h.Mode == exchange.ModeReport {
		words += ", only reported"
	}
	return words, scopes
}

// orNone returns the alternatives, or the one that needs nothing.
func orNone(alternatives [][]string) [][]string {
	if len(alternatives) == 0 {
		return [][]string{nil}
	}
	return alternatives
}

func (h *Handler) credential(r *rule) string {
	tokens, keys := len(h.Issuers) > 0 && !r.noTokens, h.APIKeys != nil && !r.noKeys
	switch {
	case tokens && keys:
		return "token or API key"
	case keys:
		return "API key"
	}
	return "token"
}

// Keys tells what is known of the keys of all issuers, in the form of the admin
// endpoint.
func Keys() any { return keyReports(time.Now()) }
