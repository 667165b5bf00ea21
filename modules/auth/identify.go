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
	if f == keysMissing {
		return nil, h.refusals.unavailable(iss.keys.retryAfter(now))
	}
	if f != none {
		return nil, h.refusals.of(f)
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

// isPreflight recognises a CORS preflight request (Fetch §3.2.2).
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header["Origin"] != nil && r.Header["Access-Control-Request-Method"] != nil
}
