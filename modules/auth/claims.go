package auth

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// verified is a token whose signature was checked with a key of its issuer, or about
// which the issuer has said that it is active. It says
// nothing about whether the token is acceptable here and now: issuer, audience,
// times, type and scopes are judged on every request. It is shared by all requests
// that bring the token and is never written to again.
type verified struct {
	alg     algorithm
	typ     string
	claims  map[string]any
	issuer  string
	subject string
	// user is the caller's name: the subject, unless names say otherwise.
	user     string
	names    claimNames
	audience []string
	scopes   []string

	hasIssuer, hasExpires, hasIssued, bound bool
	// byKey says that it is not a token at all, but the holder of an API key.
	byKey bool
	// introspected says that the issuer was asked about the token instead, and misused
	// that it has said that it is no access token.
	introspected, misused bool
	binding               binding
	// expires, notBefore and issued are microseconds since the epoch; so is until, when
	// an issuer has to be asked again.
	expires, notBefore, issued, until int64
	// weight is about how many bytes the token takes up in memory.
	weight int
}

// readClaims turns the claims set of a token into a verified one. It checks the
// form of the registered claims (RFC 7519 §4.1), not their values.
func readClaims(t *token) (*verified, fault) {
	v := &verified{alg: t.alg, typ: t.typ, claims: t.claims, weight: weigh(t)}
	var ok bool
	if v.issuer, v.hasIssuer, ok = stringClaim(t.claims, "iss"); !ok {
		return nil, badClaim
	}
	if v.subject, _, ok = stringClaim(t.claims, "sub"); !ok {
		return nil, badClaim
	}
	v.user = v.subject
	if aud, has := t.claims["aud"]; has {
		if v.audience, ok = stringList(aud); !ok {
			return nil, badClaim
		}
	}
	if v.scopes, ok = scopeClaim(t.claims); !ok {
		return nil, badClaim
	}
	var cnf any
	if cnf, v.bound = t.claims["cnf"]; v.bound {
		v.binding = readBinding(cnf)
	}
	var ok1, ok2, ok3 bool
	v.expires, v.hasExpires, ok1 = timeClaim(t.claims, "exp")
	v.notBefore, _, ok2 = timeClaim(t.claims, "nbf")
	v.issued, v.hasIssued, ok3 = timeClaim(t.claims, "iat")
	if !ok1 || !ok2 || !ok3 {
		return nil, badTime
	}
	return v, none
}

// weigh estimates the memory of a verified token: its text, its claims, and what
// comes with every token. TestCacheMemory holds the estimate against the real heap.
func weigh(t *token) int { return 512 + len(t.signed) + weighValue(t.claims) }

func weighValue(value any) int {
	switch value := value.(type) {
	case map[string]any:
		weight := 64
		for _, member := range value {
			weight += 48 + weighValue(member)
		}
		return weight
	case []any:
		weight := 24
		for _, item := range value {
			weight += 24 + weighValue(item)
		}
		return weight
	}
	return 16
}

func stringClaim(claims map[string]any, name string) (value string, has, ok bool) {
	claim, has := claims[name]
	if !has {
		return "", false, true
	}
	value, ok = claim.(string)
	return value, has, ok
}

// stringList reads a claim that is a string or a list of strings (RFC 7519 §4.1.3).
func stringList(claim any) ([]string, bool) {
	switch claim := claim.(type) {
	case string:
		return []string{claim}, true
	case []any:
		list := make([]string, len(claim))
		for i, item := range claim {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			list[i] = text
		}
		return list, true
	}
	return nil, false
}

// maxTime is the first second of the year 10000.
const maxTime = 253402300800

// timeClaim reads a NumericDate (RFC 7519 §2) in microseconds since the epoch.
func timeClaim(claims map[string]any, name string) (micros int64, has, ok bool) {
	claim, has := claims[name]
	if !has {
		return 0, false, true
	}
	number, ok := claim.(json.Number)
	if !ok {
		return 0, true, false
	}
	seconds, err := strconv.ParseFloat(string(number), 64)
	if err != nil || !(seconds >= 0 && seconds < maxTime) {
		return 0, true, false
	}
	return int64(seconds * 1e6), true, true
}

// expectations are what an issuer's tokens have to fulfil, compiled from the
// configuration.
type expectations struct {
	// issuer is the exact "iss"; anyIssuer says that the claim is not looked at.
	issuer    string
	anyIssuer bool
	// audience are the identifiers of which "aud" has to contain one; anyAudience
	// says that the claim is not looked at.
	audience    []string
	anyAudience bool
	algorithms  algorithmSet
	// typ is the required media type, lower case without "application/", or "".
	typ string
	// names are the issuer's claims for the caller's name and scopes.
	names claimNames
	// bindable leaves it to the handler to judge what binds a token to its sender.
	bindable bool
	// leeway and maxAge are microseconds; maxAge 0 means any age.
	leeway, maxAge int64
}

// judge tells whether a verified token is acceptable at a time. It is pure and runs
// on every request, also for tokens that were seen before.
func (e *expectations) judge(v *verified, now time.Time) fault {
	if f := e.judgeKind(v); f != none {
		return f
	}
	if v.bound && !e.bindable {
		return senderBound // RFC 9449 §7.2, RFC 8705 §3
	}
	// An issuer that was asked need not say that it is itself (RFC 7662 §2.2).
	if f := e.judgeIssuer(v.issuer, v.hasIssuer); f != none && (v.hasIssuer || !v.introspected) {
		return f
	}
	if f := e.judgeAudience(v.audience); f != none {
		return f
	}
	return e.judgeTimes(v, now.UnixMicro())
}

// judgeKind tells whether it is an access token. Algorithm and "typ" are those of a JWT.
func (e *expectations) judgeKind(v *verified) fault {
	switch {
	case v.misused:
		return wrongType
	case v.introspected:
		return none
	case !e.algorithms.has(v.alg):
		return algorithmRefused
	case e.typ != "" && mediaType(v.typ) != e.typ:
		return wrongType
	}
	return none
}

// judgeIssuer compares "iss" exactly (RFC 8725 §3.8) and names near misses.
func (e *expectations) judgeIssuer(issuer string, has bool) fault {
	switch {
	case e.anyIssuer, has && issuer == e.issuer:
		return none
	case !has:
		return issuerAbsent
	case strings.TrimSuffix(issuer, "/") == strings.TrimSuffix(e.issuer, "/"):
		return issuerSlash
	case strings.EqualFold(issuer, e.issuer):
		return issuerCase
	}
	return issuerOther
}

// judgeAudience looks for one of ours in "aud" (RFC 8725 §3.9).
func (e *expectations) judgeAudience(audience []string) fault {
	if e.anyAudience {
		return none
	}
	for _, theirs := range audience {
		for _, ours := range e.audience {
			if theirs == ours {
				return none
			}
		}
	}
	if audience == nil {
		return audienceAbsent
	}
	return audienceOther
}

func (e *expectations) judgeTimes(v *verified, now int64) fault {
	if f := e.judgeExpiry(v, now); f != none {
		return f
	}
	if f := e.judgeStart(v, now); f != none {
		return f
	}
	return e.judgeAge(v, now)
}

func (e *expectations) judgeExpiry(v *verified, now int64) fault {
	switch {
	case !v.hasExpires && v.introspected:
		return none // the issuer has just said that it has not expired
	case !v.hasExpires:
		return noExpiration
	case now >= v.expires+e.leeway:
		return expired
	}
	return none
}

func (e *expectations) judgeStart(v *verified, now int64) fault {
	switch {
	case now+e.leeway < v.notBefore:
		return notYet
	case now+e.leeway < v.issued:
		return issuedLater
	}
	return none
}

func (e *expectations) judgeAge(v *verified, now int64) fault {
	switch {
	case e.maxAge == 0:
		return none
	case !v.hasIssued:
		return noIssuedAt
	case now >= v.issued+e.maxAge+e.leeway:
		return tooOld
	}
	return none
}

// mediaType brings a "typ" into the form in which it is compared: "application/" may
// be left out and case does not count (RFC 7515 §4.1.9).
func mediaType(typ string) string {
	typ = strings.ToLower(typ)
	if rest, ok := strings.CutPrefix(typ, "application/"); ok && !strings.Contains(rest, "/") {
		return rest
	}
	return typ
}
