package auth

import (
	"context"
	"time"
)

// issuer is an issuer whose tokens are accepted: what they have to fulfil, and the
// keys that they are signed with.
type issuer struct {
	expectations
	// keys are noKeys if all tokens of the issuer are introspected.
	keys keySource
	// introspection asks the issuer about tokens that the keys cannot verify; nil if it
	// cannot be asked.
	introspection *introspector
}

// issuers are the issuers of one handler, of which "iss" chooses one.
type issuers struct {
	list []*issuer
	// opaque is the issuer of tokens that do not say whose they are, or nil.
	opaque   *issuer
	rejected rejected
}

// authenticate tells whose token this is, or why it is not accepted. A token seen
// before costs a hash and the judgement of its claims; the signature is checked at
// first sight only. The issuer is returned with keysMissing too.
func (i *issuers) authenticate(ctx context.Context, text string, now time.Time) (*verified, *issuer, fault) {
	sum := sumOf(text)
	if v, iss := i.recall(&sum, now); v != nil {
		return v.as(iss.names), iss, iss.judge(v, now)
	}
	if iss := i.introspecting(text); iss != nil {
		v, f := iss.introspection.find(ctx, &sum, text, now)
		if f != none {
			return nil, iss, f
		}
		return v.as(iss.names), iss, iss.judge(v, now)
	}
	if f := i.rejected.find(&sum, now); f != none {
		return nil, nil, f
	}
	v, iss, state, f := i.examine(ctx, text, now)
	if f != none {
		if f.lasting() {
			i.rejected.add(&sum, rejection{f, iss, state.keys()})
		}
		return nil, iss, f
	}
	v = v.as(iss.names)
	state.cache.put(&sum, v)
	return v, iss, iss.judge(v, now)
}

// examine looks at a token for the first time. The issuer and its keys are returned
// as far as they had a say.
func (i *issuers) examine(ctx context.Context, text string, now time.Time) (*verified, *issuer, *keyState, fault) {
	t, f := parse(text)
	if f != none {
		return nil, nil, nil, f
	}
	v, f := readClaims(&t)
	if f != none {
		return nil, nil, nil, f
	}
	// "iss" is not verified here. It only chooses whose keys verify it: an issuer
	// that is not configured never causes a fetch.
	iss, f := i.choose(v)
	if f != none {
		return nil, nil, nil, f
	}
	if !iss.algorithms.has(t.alg) {
		return nil, iss, nil, algorithmRefused
	}
	state, f := iss.verify(ctx, &t, now)
	return v, iss, state, f
}

// introspecting returns the issuer that is asked about a token, or nil if its keys are
// to tell. A JWT belongs to the issuer that it names, verified or not: that one is
// asked about it only if it has no keys.
func (i *issuers) introspecting(text string) *issuer {
	switch {
	case i.opaque == nil:
		return nil
	case !isJWS(text):
		return i.opaque
	case i.opaque.keys != noKeys{}:
		return nil
	case len(i.list) == 1:
		return i.opaque
	}
	t, f := parse(text)
	if f != none {
		return nil
	}
	v, f := readClaims(&t)
	if f != none {
		return nil
	}
	if iss, _ := i.choose(v); iss == i.opaque {
		return iss
	}
	return nil
}

// of returns the issuer of a token that was accepted, or nil for the holder of a key.
func (i *issuers) of(v *verified) *issuer {
	if v.introspected {
		return i.opaque
	}
	iss, _ := i.choose(v)
	return iss
}

// recall finds a token that was verified before, with keys that are still good.
func (i *issuers) recall(sum *tokenSum, now time.Time) (*verified, *issuer) {
	for _, iss := range i.list {
		state := iss.keys.current(now)
		if state == nil {
			continue
		}
		v := state.cache.get(sum)
		if v != nil && (len(i.list) == 1 || iss.judgeIssuer(v.issuer, v.hasIssuer) == none) {
			return v, iss
		}
	}
	return nil, nil
}

func (i *issuers) choose(v *verified) (*issuer, fault) {
	first := issuerOther
	for _, iss := range i.list {
		f := iss.judgeIssuer(v.issuer, v.hasIssuer)
		if f == none {
			return iss, none
		}
		if first == issuerOther {
			first = f // a near miss tells more
		}
	}
	return nil, first
}

// retryAfter says when it is worth trying again after a fault of ours.
func (i *issuer) retryAfter(f fault, now time.Time) time.Duration {
	if f == notAsked {
		return i.introspection.health.wait(now)
	}
	return i.keys.retryAfter(now)
}

// verify checks the signature with the issuer's keys. If none of them is the
// token's, a newer set may have it.
func (i *issuer) verify(ctx context.Context, t *token, now time.Time) (*keyState, fault) {
	state := i.keys.current(now)
	if state == nil {
		if state = i.keys.renew(ctx, nil, t.kid, now); state == nil {
			return nil, keysMissing
		}
	}
	f := state.set.verify(t)
	if f != keyUnknown && f != keyUnnamed {
		return state, f
	}
	newer := i.keys.renew(ctx, state, t.kid, now)
	switch {
	case newer == nil:
		return nil, keysMissing
	case newer.set == state.set:
		return state, f
	}
	return newer, newer.set.verify(t)
}
