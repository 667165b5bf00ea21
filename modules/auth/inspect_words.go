package auth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gateway/internal/problem"
)

// The words of an inspection. Everything that comes out of the token is quoted, so
// that it cannot play with the terminal.

// list writes names as a sentence does.
func list(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// quoted writes values of a token, of which there may be many.
func quoted(values []string) string {
	const most = 8
	var names []string
	for i, value := range values {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(values)-most))
			break
		}
		names = append(names, strconv.Quote(value))
	}
	return list(names)
}

// span writes a time span as people say it.
func span(d time.Duration) string {
	switch d = d.Abs(); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

func formHint(f fault, text string) string {
	switch {
	case strings.HasPrefix(strings.ToLower(text), "bearer"):
		return "give the token alone, without the scheme Bearer"
	case strings.Contains(text, "…"), strings.Contains(text, "..."):
		return "it was shortened where it was copied"
	case f == encrypted:
		return "have the issuer sign the token, and not encrypt it"
	case f == notCompact:
		return "a JWT has three parts; this may be a part of one, or an opaque token, which only its issuer can read: auth asks it with introspection <url>"
	case f == notBase64, f == notOpaque:
		return "it may have been changed or cut off where it was copied"
	}
	return "the issuer has to correct it"
}

func issuerText(iss *issuer, v *verified) string {
	if iss.anyIssuer {
		return "any is accepted"
	}
	return strconv.Quote(v.issuer)
}

func issuerFailure(all *issuers, f fault, near *issuer, v *verified) (text, hint string) {
	accepted := make([]string, len(all.list))
	for i, iss := range all.list {
		accepted[i] = iss.issuer
	}
	switch f {
	case issuerAbsent:
		return "the token does not say who issued it (iss)", "accepted is " + quoted(accepted)
	case issuerSlash:
		return fmt.Sprintf("%q differs from %q only by a trailing /", v.issuer, near.issuer), "write the issuer in the configuration as the token has it"
	case issuerCase:
		return fmt.Sprintf("%q differs from %q only in upper and lower case", v.issuer, near.issuer), "write the issuer in the configuration as the token has it"
	}
	return fmt.Sprintf("%q is another issuer", v.issuer), "accepted is " + quoted(accepted)
}

// usedKey names the key that the token's kid leads to.
func usedKey(t *token, state *keyState, now time.Time) string {
	if !t.named {
		return "a key " + ofSet(state, now)
	}
	return fmt.Sprintf("key %q %s", t.kid, ofSet(state, now))
}

// ofSet tells how old the keys are.
func ofSet(state *keyState, now time.Time) string {
	if state.at.IsZero() {
		return "of the configuration"
	}
	return "fetched " + span(now.Sub(state.at)) + " ago"
}

func signatureFailure(iss *issuer, t *token, state *keyState, f fault, now time.Time) (text, hint string) {
	switch f {
	case keysMissing:
		text = "there are no keys of the issuer to verify it with"
		if remote, ok := iss.keys.(*remoteKeys); ok {
			if trouble := remote.trouble(); trouble != "" {
				text += ": " + trouble
			}
		}
		return text, "requests are answered with 503 until the keys can be had"
	case keyUnknown:
		return fmt.Sprintf("signed by key %q; the set has %s, %s", t.kid, setText(state.set), ofSet(state, now)),
			"the token may be of another environment, or the key was removed"
	case keyUnnamed:
		return faults[f].cause + "; the set has " + setText(state.set), "have the issuer name the key (kid)"
	case algorithmNotOfKey:
		can := state.set.algorithms()
		if k := state.set.named[t.kid]; t.named && k != nil {
			can = k.algorithms
		}
		return fmt.Sprintf("%s is not one that the key may be used with; it is made for %s", t.alg, list(can.names())), "the key decides about the algorithm, not the token"
	}
	return "it does not verify with " + usedKey(t, state, now), "the token was changed after it was signed, or signed with another key"
}

// setText names the keys of a set.
func setText(set *keySet) string {
	var ids []string
	for id := range set.named {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	switch n := len(set.unnamed); {
	case n > 0 && len(ids) > 0:
		return fmt.Sprintf("%s and %d without name", quoted(ids), n)
	case n > 0:
		return fmt.Sprintf("%d without name", n)
	}
	return quoted(ids)
}

func typeFailure(iss *issuer, v *verified) string {
	if v.typ == "" {
		return "the token has no typ; " + iss.typ + " is required"
	}
	return fmt.Sprintf("typ is %q; %s is required", v.typ, iss.typ)
}

func audienceText(iss *issuer, v *verified) string {
	if iss.anyAudience {
		return "any is accepted"
	}
	return quoted(v.audience)
}

func audienceFailure(iss *issuer, v *verified) (text, hint string) {
	ours := quoted(iss.audience)
	for _, theirs := range v.audience {
		for _, our := range iss.audience {
			switch {
			case strings.TrimSuffix(theirs, "/") == strings.TrimSuffix(our, "/"):
				return fmt.Sprintf("%q differs from %q only by a trailing /", theirs, our), "write the audience in the configuration as the token has it"
			case strings.EqualFold(theirs, our):
				return fmt.Sprintf("%q differs from %q only in upper and lower case", theirs, our), "write the audience in the configuration as the token has it"
			}
		}
	}
	if v.audience == nil {
		return "the token does not say for whom it is (aud)", "ask the issuer for a token for " + ours
	}
	return "the token is for " + quoted(v.audience), "ask the issuer for a token for " + ours
}

func timeText(name string, iss *issuer, v *verified, now int64) string {
	switch {
	case name == "expiry" && !v.hasExpires:
		return "the issuer does not say when it expires"
	case name == "expiry" && now >= v.expires:
		return fmt.Sprintf("expired %s ago, within the leeway of %s", span(micros(now-v.expires)), span(micros(iss.leeway)))
	case name == "expiry":
		return "expires in " + span(micros(v.expires-now))
	case name == "start" && (v.notBefore > now || v.issued > now):
		return fmt.Sprintf("begins in %s, within the leeway of %s", span(micros(max(v.notBefore, v.issued)-now)), span(micros(iss.leeway)))
	case name == "start":
		return "nbf and iat do not lie in the future"
	case iss.maxAge == 0:
		return "any is accepted"
	}
	return fmt.Sprintf("issued %s ago", span(micros(now-v.issued)))
}

func timeFailure(f fault, iss *issuer, v *verified, now int64) (text, hint string) {
	leeway := "; leeway is " + span(micros(iss.leeway))
	const clock = "compare the clocks of the issuer and of this host"
	switch f {
	case expired:
		return "expired " + span(micros(now-v.expires)) + " ago" + leeway, "ask the issuer for a new token"
	case notYet:
		return "nbf lies " + span(micros(v.notBefore-now)) + " in the future" + leeway, clock
	case issuedLater:
		return "iat lies " + span(micros(v.issued-now)) + " in the future" + leeway, clock
	case tooOld:
		return "issued " + span(micros(now-v.issued)) + " ago; max_age is " + span(micros(iss.maxAge)) + leeway, "ask the issuer for a new token"
	}
	return faults[f].cause, "the issuer has to set it"
}

func scopeFailure(refusal *problem.Refusal, v *verified) (text, hint string) {
	if len(refusal.Scopes) == 0 {
		if refusal.Cause != nil {
			return refusal.Cause.Error(), refusal.Reason.Hint
		}
		return refusal.Reason.Title, refusal.Reason.Hint
	}
	var missing []string
	for _, scope := range refusal.Scopes {
		if !slices.Contains(v.scopes, scope) {
			missing = append(missing, scope)
		}
	}
	text = "the token has " + quoted(v.scopes) + "; missing is " + quoted(missing)
	if v.scopes == nil {
		claims := "scope, scp"
		if v.names.scopes != "" {
			claims = v.names.scopes
		}
		text = "the token has no scopes (" + claims + "); missing is " + quoted(missing)
	}
	return text, "ask the issuer for a token with the scope, which the client may have to be granted first"
}

func identityText(fields []identityField, v *verified) string {
	var set []string
	for _, field := range fields {
		if claim, ok := v.claim(field.claim); ok {
			if value, ok := fieldValue(claim); ok && value != "" {
				set = append(set, fmt.Sprintf("%s: %q", field.field, value))
			}
		}
	}
	if set == nil {
		return "none are set"
	}
	return list(set)
}
