package auth

import (
	"net/http"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// identify tells whose credential is in the request. With neither holder nor refusal
// the request may go on without.
func (h *Handler) identify(x *exchange.Exchange, r *http.Request, demand *rule, now time.Time) (*verified, *problem.Refusal) {
	text, f := h.token(x, r)
	text, byProof, f := h.senders.credential(r.Header, text, f)
	if h.keys != nil {
		if v, refusal := h.identifyKey(r, f, now); v != nil || refusal != nil {
			return v, refusal
		}
	}
	if f == noToken && (demand.optional || h.Preflight && isPreflight(r)) {
		return nil, nil
	}
	if f != none {
		return nil, h.refusals.of(f)
	}
	v, iss, f := h.issuers.authenticate(r.Context(), text, now)
	if f == keysMissing || f == notAsked {
		return nil, h.refusals.unavailable(f, iss.retryAfter(f, now))
	}
	if f != none {
		return nil, h.refusals.of(f)
	}
	if !v.bound && !byProof && !h.senders.demanded() {
		return v, nil
	}
	nonce, f := h.senders.confirm(r, v, text, byProof, now)
	switch {
	case f != none && nonce != "":
		return nil, h.refusals.withNonce(f, nonce)
	case f != none:
		return nil, h.refusals.of(f)
	case nonce != "":
		x.OwnHeader("Dpop-Nonce", []string{nonce})
	}
	return v, nil
}

// identifyKey does so for an API key. There is nothing to say if there is none. token
// tells whether there is an access token, too.
func (h *Handler) identifyKey(r *http.Request, token fault, now time.Time) (*verified, *problem.Refusal) {
	key, f := h.keys.credential(r.Header)
	switch {
	case f == noToken && token == none && len(h.issuers.list) == 0:
		return nil, h.refusals.of(keyDemanded)
	case f == noToken:
		return nil, nil
	case f == none && token != noToken && token != otherScheme:
		return nil, h.refusals.of(twoCredentials)
	case f != none:
		return nil, h.refusals.of(f)
	}
	v, f := h.keys.authenticate(r.Context(), key, now)
	if f != none {
		return nil, h.refusals.of(f)
	}
	return v, nil
}

// withholdOthers takes API keys and proofs out of a request whose service is not to see
// them.
func (h *Handler) withholdOthers(header http.Header) {
	if h.keys != nil && (h.ForwardToken == nil || !*h.ForwardToken) {
		delete(header, h.keys.field)
	}
	if h.senders.dpop != nil && !h.forward {
		delete(header, "Dpop")
		if _, f := fieldToken(header["Authorization"], "DPoP"); f != noToken && f != otherScheme {
			delete(header, "Authorization")
		}
	}
}

// isPreflight recognises a CORS preflight request (Fetch §3.2.2).
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header["Origin"] != nil && r.Header["Access-Control-Request-Method"] != nil
}
