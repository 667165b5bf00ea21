package auth

import (
	"net/http"
	"strings"
	"time"

	"gateway/internal/problem"
)

// refusals holds one prepared refusal for every fault.
type refusals [faultCount]*problem.Refusal

// newRefusals prepares the refusals. What they say to the client follows RFC 6750 §3:
//
//	credentials                           status   challenge
//	none, or of another scheme            401      Bearer
//	two, or a scheme without token        400      Bearer error="invalid_request"
//	a token that is not accepted          401      Bearer error="invalid_token"
//	a good token without a needed scope   403      Bearer error="insufficient_scope", scope="…"
//	a token, but no keys to check it      503      none; Retry-After
func newRefusals() (list refusals) {
	for f := noToken; f < faultCount; f++ {
		about := &faults[f]
		list[f] = &problem.Refusal{
			Reason: about.reason, Status: about.status, Detail: about.detail, Cause: f,
			Header: challenge(about.challenge, nil),
		}
	}
	return list
}

func (list *refusals) of(f fault) *problem.Refusal { return list[f] }

// demandKeys makes the refusals those of a handler that accepts API keys only.
func (list *refusals) demandKeys() {
	for _, f := range []fault{noToken, otherScheme} {
		refusal := *list[f]
		refusal.Header = challenge(apiKeyChallenge, nil)
		list[f] = &refusal
	}
}

// unavailable is the refusal for keys that cannot be had, with the time to wait.
func (list *refusals) unavailable(wait time.Duration) *problem.Refusal {
	refusal := *list[keysMissing]
	refusal.RetryAfter = wait
	return &refusal
}

// refuseScope prepares the refusal for a missing scope.
func refuseScope(scopes []string) *problem.Refusal {
	return &problem.Refusal{
		Reason: problem.AuthScope, Scopes: scopes,
		Header: challenge(insufficientScope, scopes),
	}
}

// challenge writes the WWW-Authenticate field. Scopes hold no quotes: checkScope.
func challenge(code challengeError, scopes []string) http.Header {
	switch code {
	case noChallenge:
		return nil
	case apiKeyChallenge:
		return http.Header{"Www-Authenticate": {string(code)}}
	}
	var b strings.Builder
	b.WriteString("Bearer")
	if code != noError {
		b.WriteString(` error="` + string(code) + `"`)
	}
	if len(scopes) > 0 {
		b.WriteString(`, scope="` + strings.Join(scopes, " ") + `"`)
	}
	return http.Header{"Www-Authenticate": {b.String()}}
}
