package auth

import (
	"maps"
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
//	a token, but no way to check it       503      none; Retry-After
func newRefusals() (list refusals) {
	for f := noToken; f < faultCount; f++ {
		about := &faults[f]
		list[f] = &problem.Refusal{
			Reason: about.reason, Status: about.status, Detail: about.detail, Cause: f,
			Header: challenge(about.challenge, nil),
		}
	}
	for _, f := range []fault{proofsFull, denyListUnknown, apiKeysDown, apiKeyDamaged} {
		list[f].RetryAfter = time.Second
	}
	return list
}

func (list *refusals) of(f fault) *problem.Refusal { return list[f] }

// proofAlgorithms tells which algorithms proofs may be signed with (RFC 9449 §7.1).
var proofAlgorithms = `algs="` + strings.Join(publicAlgorithms.names(), " ") + `"`

// offerProofs adds the scheme DPoP to the challenges for requests without token. Where
// tokens have to be bound it is the only one.
func (list *refusals) offerProofs(required bool) {
	for _, f := range []fault{noToken, otherScheme} {
		refusal := *list[f]
		schemes := []string{"DPoP " + proofAlgorithms}
		if !required {
			schemes = append(refusal.Header["Www-Authenticate"], schemes...)
		}
		refusal.Header = http.Header{"Www-Authenticate": schemes}
		list[f] = &refusal
	}
}

// withNonce is a refusal that tells the client which nonce to use (RFC 9449 §9).
func (list *refusals) withNonce(f fault, nonce string) *problem.Refusal {
	refusal := *list[f]
	refusal.Header = maps.Clone(refusal.Header)
	refusal.Header["Dpop-Nonce"] = []string{nonce}
	return &refusal
}

// demandKeys makes the refusals those of a handler that accepts API keys only.
func (list *refusals) demandKeys() {
	for _, f := range []fault{noToken, otherScheme} {
		refusal := *list[f]
		refusal.Header = challenge(apiKeyChallenge, nil)
		list[f] = &refusal
	}
}

// unavailable is the refusal where it cannot be found out what a token is worth, with
// the time to wait.
func (list *refusals) unavailable(f fault, wait time.Duration) *problem.Refusal {
	refusal := *list[f]
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
	case invalidProof, useNonce:
		return http.Header{"Www-Authenticate": {`DPoP error="` + string(code) + `", ` + proofAlgorithms}}
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
