package auth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
)

// guarded ends what next streams when the token of the request ends, if that is
// configured.
func (h *Handler) guarded(next caddyhttp.Handler) caddyhttp.Handler {
	if !h.CloseAtExpiry || h.Off || h.Mode == exchange.ModeReport || h.Mode == exchange.ModeOff {
		return next
	}
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		x := exchange.From(r)
		if x == nil {
			return next.ServeHTTP(w, r)
		}
		v, ok := x.Identity.(*verified)
		if !ok {
			return next.ServeHTTP(w, r)
		}
		return h.serveUntil(h.end(v, time.Now()), v, w, r, next)
	})
}

// forever is longer than any connection.
const forever = 100 * 365 * 24 * time.Hour

// end is when a credential is not accepted any more. An API key and an
// introspected token may have no end.
func (h *Handler) end(v *verified, now time.Time) time.Time {
	if !v.hasExpires {
		return now.Add(forever)
	}
	end := v.expires
	if iss := h.issuers.of(v); iss != nil {
		if iss.maxAge != 0 && v.hasIssued {
			end = min(end, v.issued+iss.maxAge)
		}
		end += iss.leeway
	}
	return time.UnixMicro(end)
}

// serveUntil runs next until a time, or the revocation of the token.
func (h *Handler) serveUntil(end time.Time, v *verified, w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) (err error) {
	before := r.Context()
	ctx, cancel := context.WithCancel(before)
	defer cancel()
	s := &stream{
		ResponseWriter: w, until: end, cancel: cancel,
		revoked:   func() bool { return h.denied(v, time.Now()) },
		websocket: strings.EqualFold(r.Header.Get("Upgrade"), "websocket"),
	}
	defer s.release()
	// In place, as Caddy does it: handlers before us hold on to this request.
	*r = *r.WithContext(ctx)
	defer func() {
		*r = *r.WithContext(before)
		// The proxy gives up a response whose request was cancelled by a panic. Here
		// that is how the response is meant to end.
		if s.over.Load() {
			if fault := recover(); fault != nil && fault != http.ErrAbortHandler {
				panic(fault)
			}
			err = nil
		}
	}()
	return next.ServeHTTP(s, r)
}
