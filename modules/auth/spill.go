package auth

import (
	"context"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"gateway/internal/exchange"
)

// token finds the token of a request and takes it out of its place: in a query and a
// subprotocol always, elsewhere unless it is forwarded.
func (h *Handler) token(x *exchange.Exchange, r *http.Request) (string, fault) {
	if h.places == nil {
		return bearer(r.Header)
	}
	text, f := findToken(r, h.places)
	for i := range h.places {
		switch p := &h.places[i]; {
		case p.kind == inQuery:
			stripQueries(x, r, p)
		case p.kind == inSubprotocol:
			p.strip(r)
		}
	}
	return text, f
}

// withhold takes the token out of a request whose service is not to see it.
func (h *Handler) withhold(r *http.Request) {
	switch {
	case h.forward:
	case h.places == nil:
		delete(r.Header, "Authorization")
	default:
		for i := range h.places {
			h.places[i].strip(r)
		}
	}
}

// noStore keeps the response to an address with a token in it out of every cache
// (RFC 6750 §2.3).
var noStore = []string{"private, no-store"}

// stripQueries takes a token out of the address, also out of the one that Caddy
// remembers: placeholders show it, and error routes go back to it.
func stripQueries(x *exchange.Exchange, r *http.Request, p *tokenPlace) {
	stripped := p.stripQuery(r.URL.RawQuery)
	if stripped == r.URL.RawQuery {
		return
	}
	x.OwnHeader("Cache-Control", noStore)
	r.URL.RawQuery = stripped
	r.RequestURI = r.URL.RequestURI()
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	if !ok || original.URL == nil {
		return
	}
	original.URL.RawQuery = p.stripQuery(original.URL.RawQuery)
	original.RequestURI = original.URL.RequestURI()
	// In place, as Caddy does it: handlers before us hold on to this request.
	*r = *r.WithContext(context.WithValue(r.Context(), caddyhttp.OriginalRequestCtxKey, original))
}

// warnOfQueries says at load what a token in an address is exposed to.
func (h *Handler) warnOfQueries(logger *zap.Logger) {
	for i := range h.places {
		if h.places[i].kind == inQuery {
			logger.Warn("tokens are accepted in the query: addresses end up in histories, Referer fields and the logs of others; prefer a header or a cookie",
				zap.String("parameter", h.places[i].name), zap.String("source", h.Source))
		}
	}
}
