package auth

import (
	"context"
	"time"

	"gateway/internal/problem"
)

// Verdicts of a check.
const (
	passed  = "passed"
	failed  = "failed"
	skipped = "skipped"
)

// check is what was found out about one property of a token.
type check struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"`
}

// inspection judges a token check by check, for a person who wants to know why it is
// not accepted. Unlike a request, it goes on after the first failure. It uses the
// functions that judge requests; only its words are its own.
type inspection struct {
	now    time.Time
	order  []string
	checks []check
}

// order are the names of the checks in the order in which requests are judged.
var order = []string{
	"form", "issuer", "algorithm", "signature", "type", "sender", "audience", "expiry", "start", "age", "scopes", "headers",
}

func (in *inspection) pass(name, text string) {
	in.checks = append(in.checks, check{Name: name, Verdict: passed, Text: text})
}

func (in *inspection) fail(name, text, hint string) {
	in.checks = append(in.checks, check{Name: name, Verdict: failed, Text: text, Hint: hint})
}

// skipRest notes that the checks behind those made could not be made.
func (in *inspection) skipRest(why string) {
	for _, name := range in.order[len(in.checks):] {
		in.checks = append(in.checks, check{Name: name, Verdict: skipped, Text: why})
	}
}

// failures tells whether a check has failed.
func (in *inspection) failures() bool {
	for i := range in.checks {
		if in.checks[i].Verdict == failed {
			return true
		}
	}
	return false
}

// inspect judges a token as h would, for what an operation demands.
func (h *Handler) inspect(ctx context.Context, text string, demand *rule, now time.Time) []check {
	if iss := h.issuers.introspecting(text); iss != nil {
		return h.inspectOpaque(ctx, iss, text, demand, now)
	}
	in := &inspection{now: now, order: order}
	t, v := in.form(text)
	if v == nil {
		in.skipRest("the token cannot be read that far")
		return in.checks
	}
	if len(h.issuers.list) == 0 {
		in.fail("issuer", "API keys are accepted here, and no tokens", "send the key in its field, without a token")
		in.skipRest("no issuer is accepted")
		return in.checks
	}
	iss := in.chooseIssuer(h.issuers, v)
	if iss == nil {
		in.skipRest("it is not known whose rules to apply")
		return in.checks
	}
	v = v.as(iss.names)
	in.algorithm(iss, t)
	in.signature(ctx, iss, t)
	in.kind(iss, v)
	in.audience(iss, v)
	in.times(iss, v)
	in.scopes(demand, v)
	in.headers(h.fields, v)
	return in.checks
}

// conclude adds what the request's own judgement knows beyond the checks.
func (in *inspection) conclude(refusal *problem.Refusal) {
	if refusal == nil || in.failures() {
		return
	}
	text := refusal.Reason.Title
	if refusal.Cause != nil {
		text = refusal.Cause.Error()
	}
	in.fail(refusal.Reason.Code, text, refusal.Reason.Hint)
}

// form reads the token. Without claims there is nothing else to judge.
func (in *inspection) form(text string) (*token, *verified) {
	t, f := parse(text)
	if f == noAlgorithm {
		in.pass("form", "three parts of canonical base64url")
		in.skip("issuer", "the header has to be good first")
		in.fail("algorithm", faults[f].cause, "the issuer has to sign with one of "+list(publicAlgorithms.names()))
		return nil, nil
	}
	if f == none && len(text) > maxToken {
		f = tokenTooLong
	}
	if f != none {
		in.fail("form", faults[f].cause, formHint(f, text))
		return nil, nil
	}
	v, f := readClaims(&t)
	if f != none {
		in.fail("form", faults[f].cause, "RFC 7519 §4.1 gives the types of the registered claims")
		return nil, nil
	}
	in.pass("form", "three parts of canonical base64url, header and claims one strict JSON object each")
	return &t, v
}

func (in *inspection) skip(name, why string) {
	in.checks = append(in.checks, check{Name: name, Verdict: skipped, Text: why})
}

// chooseIssuer returns the issuer whose rules judge the token. A near miss, and the
// only issuer there is, go on to be judged, so that all that is wrong shows at once.
func (in *inspection) chooseIssuer(all *issuers, v *verified) *issuer {
	iss, f := all.choose(v)
	if f == none {
		in.pass("issuer", issuerText(iss, v))
		return iss
	}
	near := all.list[0]
	for _, candidate := range all.list {
		if g := candidate.judgeIssuer(v.issuer, v.hasIssuer); g == issuerSlash || g == issuerCase {
			near = candidate
		}
	}
	text, hint := issuerFailure(all, f, near, v)
	in.fail("issuer", text, hint)
	if f == issuerOther && len(all.list) > 1 {
		return nil
	}
	return near
}

func (in *inspection) algorithm(iss *issuer, t *token) {
	if iss.algorithms.has(t.alg) {
		in.pass("algorithm", t.alg.String())
		return
	}
	in.fail("algorithm", t.alg.String()+" is not accepted; "+list(iss.algorithms.names())+" would be",
		"have the issuer sign with one of these, or change algorithms in the configuration")
}

func (in *inspection) signature(ctx context.Context, iss *issuer, t *token) {
	state, f := iss.verify(ctx, t, in.now)
	if f == none {
		in.pass("signature", "verifies with "+usedKey(t, state, in.now))
		return
	}
	text, hint := signatureFailure(iss, t, state, f, in.now)
	in.fail("signature", text, hint)
}

// kind judges what kind of JWT it is: "typ" and "cnf".
func (in *inspection) kind(iss *issuer, v *verified) {
	switch {
	case iss.typ == "":
		in.pass("type", "any is accepted")
	case mediaType(v.typ) == iss.typ:
		in.pass("type", iss.typ)
	default:
		in.fail("type", typeFailure(iss, v), "another kind of token, such as an ID token, may have been sent")
	}
	in.sender(iss, v)
}

func (in *inspection) sender(iss *issuer, v *verified) {
	if v.bound && iss.bindable {
		in.pass("sender", "bound to its sender, who has to prove it with every request")
		return
	}
	if v.bound {
		in.fail("sender", faults[senderBound].cause, "have the issuer give out bearer tokens for this API")
		return
	}
	in.pass("sender", "a bearer token")
}

func (in *inspection) audience(iss *issuer, v *verified) {
	if iss.judgeAudience(v.audience) == none {
		in.pass("audience", audienceText(iss, v))
		return
	}
	text, hint := audienceFailure(iss, v)
	in.fail("audience", text, hint)
}

func (in *inspection) times(iss *issuer, v *verified) {
	now := in.now.UnixMicro()
	judge := func(name string, f fault) {
		if f == none {
			in.pass(name, timeText(name, iss, v, now))
			return
		}
		text, hint := timeFailure(f, iss, v, now)
		in.fail(name, text, hint)
	}
	judge("expiry", iss.judgeExpiry(v, now))
	judge("start", iss.judgeStart(v, now))
	judge("age", iss.judgeAge(v, now))
}

func (in *inspection) scopes(demand *rule, v *verified) {
	refusal := demand.judge(v)
	switch {
	case refusal != nil:
		text, hint := scopeFailure(refusal, v)
		in.fail("scopes", text, hint)
	case len(demand.own)+len(demand.contract) == 0:
		in.pass("scopes", "none are demanded")
	default:
		in.pass("scopes", list(v.scopes))
	}
}

func (in *inspection) headers(fields []identityField, v *verified) {
	for _, field := range fields {
		if setIdentity(map[string][]string{}, []identityField{field}, v) != none {
			in.fail("headers", "the claim "+field.claim+" cannot become the field "+field.field+": "+faults[unsafeClaim].cause,
				"name another claim, or have the issuer write this one as plain text")
			return
		}
	}
	in.pass("headers", identityText(fields, v))
}
