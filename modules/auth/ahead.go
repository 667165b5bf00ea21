package auth

import (
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/problem"
	"gateway/internal/secret"
)

// Ahead is the first half of auth for an API whose versions are chosen by a claim. It
// stands before versioning and finds out whose token it is: signature, issuer,
// audience, times and proof. What the operation demands is not known there; the handler
// itself judges that in its turn, and does not verify the token again.
//
// A request without a token goes on, because its operation may be for everybody. A bad
// one is refused here: an unverified claim never chooses anything.
type Ahead struct{ *Handler }

// anyone demands nothing, not even a token.
var anyone = newRule(true, nil, nil)

// ServeHTTP implements caddyhttp.MiddlewareHandler. The exchange is open.
func (a Ahead) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := exchange.From(r)
	x.Credentials = &a.credentials
	for _, field := range a.credentials {
		x.Vary(field)
	}
	v, refusal := a.identify(x, r, anyone, time.Now())
	if refusal != nil && a.Mode != exchange.ModeReport { // else it is reported in its turn
		return x.Refuse(exchange.Auth, a.refuseAhead(r, refusal))
	}
	if v != nil {
		x.Ahead(v)
	} else {
		x.Ahead(nil)
	}
	return next.ServeHTTP(w, r)
}

// refuseAhead makes a refusal what it would be in its turn.
func (h *Handler) refuseAhead(r *http.Request, refusal *problem.Refusal) *problem.Refusal {
	refusal = h.resource.link(refusal)
	h.withhold(r)
	h.withholdOthers(r.Header)
	if p := probe.Load(); p != nil {
		return p.decided(h, anyone, refusal)
	}
	return refusal
}

// holder tells whose credential is in the request, and takes over what was found out
// ahead of versioning. It does so once: another auth inside the block judges by itself.
func (h *Handler) holder(x *exchange.Exchange, r *http.Request, demand *rule, now time.Time) (*verified, *problem.Refusal) {
	if v, ok := x.TakeVerified().(*verified); ok {
		return v, nil
	}
	return h.identify(x, r, demand, now)
}

// Decides tells whether the handler verifies tokens at all.
func (h *Handler) Decides() bool { return !h.Off && h.Mode != exchange.ModeOff }

// credentialFields returns the request fields that may decide who is calling, canonical.
// The query is a part of the address, and a client certificate of the connection.
func (h *Handler) credentialFields() []string {
	var list []string
	add := func(field string) {
		if !slices.Contains(list, field) {
			list = append(list, field)
		}
	}
	if h.places == nil || h.DPoP != nil {
		add("Authorization")
	}
	for i := range h.places {
		switch p := &h.places[i]; p.kind {
		case inHeader:
			add(p.name)
		case inCookie:
			add("Cookie")
		case inSubprotocol:
			add(subprotocols)
		}
	}
	if h.keys != nil {
		add(h.keys.field)
	}
	return list
}

// nameSecrets makes the console mask what credentials come in, whatever it is called.
func (h *Handler) nameSecrets() {
	for _, field := range h.credentials {
		secret.Name(field)
	}
	for i := range h.places {
		if p := &h.places[i]; p.kind == inQuery {
			secret.Name(p.name)
		}
	}
}

var _ caddyhttp.MiddlewareHandler = Ahead{}
