package auth

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// Demanded tells whether an operation may not be called anonymously.
func Demanded(op *openapi.Operation) bool {
	return len(op.Security) > 0 && !slices.ContainsFunc(op.Security, anonymous)
}

func anonymous(alternative openapi.Alternative) bool { return len(alternative) == 0 }

// Bind prepares the handler for an operation of a contract. The contract's security
// decides what the operation demands:
//
//	nothing said                  a token, unless Optional
//	bearer, oauth2, openIdConnect a token with the scopes of one alternative
//	an alternative that is empty  no token; one that is there still has to be good
//	an empty list                 the same
//	apiKey in the field of ours   an API key
//	apiKey, basic, mutualTLS      else not verified here: an error if nothing else is enough
//
// Scopes of the configuration are needed besides.
func (h *Handler) Bind(op *openapi.Operation, _ *openapi.Contract) (any, error) {
	if h.Off || h.Mode == exchange.ModeOff {
		return nil, nil
	}
	if op.Security == nil {
		return h.rule, nil
	}
	h.resource.note(op)
	optional := len(op.Security) == 0 // the operation takes back what the contract demands
	byKey := false
	var alternatives [][]string
	for _, alternative := range op.Security {
		if anonymous(alternative) {
			optional = true
			continue
		}
		if h.isAPIKey(alternative) {
			byKey = true
			continue
		}
		scopes, ok := tokenScopes(alternative)
		if !ok || h.APIKeys != nil && len(h.Issuers) == 0 {
			continue
		}
		for _, scope := range scopes {
			if err := checkScope(scope); err != nil {
				return nil, unsupported(op, fmt.Sprintf("names the scope %q: %v", scope, err), "correct the scope in the contract")
			}
		}
		alternatives = append(alternatives, scopes)
	}
	byToken := len(alternatives) > 0
	if !byToken && !byKey && !optional {
		return nil, unsupported(op, "demands "+schemes(op)+", which auth does not verify",
			"write auth off in the api block if the service verifies it itself, or give the operation a bearer, oauth2 or openIdConnect scheme")
	}
	// An alternative without scopes is fulfilled by any good token.
	if slices.ContainsFunc(alternatives, func(scopes []string) bool { return len(scopes) == 0 }) {
		alternatives = nil
	}
	if optional {
		// Whoever may come without a token may come with one that lacks a scope.
		alternatives = nil
	}
	demand := newRule(optional, h.ownScopes(), alternatives)
	demand.noKeys, demand.noTokens = !byKey && !optional, !byToken && !optional
	return demand, nil
}

// isAPIKey tells whether an alternative is fulfilled by an API key of ours.
func (h *Handler) isAPIKey(alternative openapi.Alternative) bool {
	return h.APIKeys != nil && len(alternative) == 1 && alternative[0].Type == "apiKey" &&
		alternative[0].In == "header" && strings.EqualFold(alternative[0].Param, h.APIKeys.field())
}

// tokenScopes returns the scopes of an alternative that a token alone fulfils.
func tokenScopes(alternative openapi.Alternative) (scopes []string, ok bool) {
	for _, requirement := range alternative {
		if !isToken(requirement) {
			return nil, false
		}
		for _, scope := range requirement.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes, true
}

func isToken(requirement openapi.Requirement) bool {
	switch requirement.Type {
	case "oauth2", "openIdConnect":
		return true
	case "http":
		return strings.EqualFold(requirement.Scheme, "bearer")
	}
	return false
}

// schemes lists what an operation demands, for a message.
func schemes(op *openapi.Operation) string {
	var names []string
	for _, alternative := range op.Security {
		var all []string
		for _, requirement := range alternative {
			kind := requirement.Type
			if kind == "http" {
				kind = "http " + requirement.Scheme
			}
			all = append(all, fmt.Sprintf("%s (%s)", requirement.Name, kind))
		}
		names = append(names, strings.Join(all, " and "))
	}
	return strings.Join(names, ", or ")
}

func unsupported(op *openapi.Operation, message, hint string) error {
	return &finding.Error{
		Message: fmt.Sprintf("%s %s %s", op.Method, op.Template, message),
		At:      finding.Position(op.Source),
		Hint:    hint,
	}
}
