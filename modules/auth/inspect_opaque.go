package auth

import (
	"context"
	"time"
)

// opaqueOrder are the names of the checks of a token about which the issuer is asked.
var opaqueOrder = []string{
	"form", "introspection", "type", "sender", "issuer", "audience", "expiry", "start", "age", "scopes", "headers",
}

// inspectOpaque judges a token about which the issuer is asked, as h would.
func (h *Handler) inspectOpaque(ctx context.Context, iss *issuer, text string, demand *rule, now time.Time) []check {
	in := &inspection{now: now, order: opaqueOrder}
	v := in.introspection(ctx, iss, text)
	if v == nil {
		in.skipRest("only the issuer could tell")
		return in.checks
	}
	v = v.as(iss.names)
	if v.misused {
		in.fail("type", "the issuer says that it is no access token (token_type, token_use or typ)", "a refresh token or an ID token may have been sent")
	} else {
		in.pass("type", "the issuer does not say that it is anything but an access token")
	}
	in.sender(iss, v)
	switch f := iss.judgeIssuer(v.issuer, v.hasIssuer); {
	case f == none:
		in.pass("issuer", issuerText(iss, v))
	case !v.hasIssuer:
		in.pass("issuer", "the one that was asked")
	default:
		text, hint := issuerFailure(h.issuers, f, iss, v)
		in.fail("issuer", text, hint)
	}
	in.audience(iss, v)
	in.times(iss, v)
	in.scopes(demand, v)
	in.headers(h.fields, v)
	return in.checks
}

// introspection asks the issuer. Without its answer there is nothing to judge.
func (in *inspection) introspection(ctx context.Context, iss *issuer, text string) *verified {
	f := none
	switch {
	case len(text) > maxToken:
		f = tokenTooLong
	case !isAccessToken(text):
		f = notOpaque
	}
	if f != none {
		in.fail("form", faults[f].cause, formHint(f, text))
		return nil
	}
	in.pass("form", "only the issuer can tell what it is worth")
	sum := sumOf(text)
	v, f := iss.introspection.find(ctx, &sum, text, in.now)
	switch f {
	case none:
		in.pass("introspection", "the issuer calls it active")
	case tokenInactive:
		in.fail("introspection", "the issuer does not call it active",
			"it has expired, was revoked or was given out elsewhere; ask the issuer for a new token")
	default:
		why := faults[f].cause
		if trouble := iss.introspection.stats.trouble.Load(); trouble != nil {
			why += ": " + *trouble
		}
		in.fail("introspection", why, "requests are answered with 503 until the issuer answers")
	}
	return v
}
