package auth

import (
	"testing"
	"time"

	"gateway/modules/auth/authtest"
)

// A timeline: one token, from before its time to after its end, to the microsecond.
func TestTimeline(t *testing.T) {
	t.Parallel()
	e := expectations{anyIssuer: true, anyAudience: true, algorithms: publicAlgorithms, leeway: time.Minute.Microseconds()}
	begin, end := at(0), at(time.Hour)
	v := &verified{
		alg: es256, hasExpires: true, hasIssued: true,
		issued: begin.UnixMicro(), notBefore: begin.UnixMicro(), expires: end.UnixMicro(),
	}
	for _, step := range []struct {
		name   string
		when   time.Time
		maxAge time.Duration
		want   fault
	}{
		{"a minute and a bit before", begin.Add(-time.Minute - time.Microsecond), 0, notYet},
		{"a minute before", begin.Add(-time.Minute), 0, none},
		{"in the middle", begin.Add(30 * time.Minute), 0, none},
		{"at the end", end, 0, none},
		{"at the end of the leeway", end.Add(time.Minute - time.Microsecond), 0, none},
		{"after the leeway", end.Add(time.Minute), 0, expired},
		{"young enough", begin.Add(11*time.Minute - time.Microsecond), 10 * time.Minute, none},
		{"too old", begin.Add(11 * time.Minute), 10 * time.Minute, tooOld},
	} {
		e.maxAge = step.maxAge.Microseconds()
		if got := e.judge(v, step.when); got != step.want {
			t.Errorf("%s: got %v, want %v", step.name, got, step.want)
		}
	}
	e.maxAge = 1
	if got := e.judge(&verified{alg: es256, hasExpires: true, expires: end.UnixMicro()}, begin); got != noIssuedAt {
		t.Errorf("max_age without iat: got %v", got)
	}
}

func TestTokenType(t *testing.T) {
	t.Parallel()
	e := expectations{anyIssuer: true, anyAudience: true, algorithms: publicAlgorithms, typ: mediaType("at+jwt")}
	for typ, want := range map[string]fault{
		"at+jwt": none, "AT+JWT": none, "application/at+jwt": none, "Application/At+Jwt": none,
		"": wrongType, "JWT": wrongType, "at+jwt ": wrongType, "logout+jwt": wrongType, "dpop+jwt": wrongType,
		"application/x/at+jwt": wrongType, "text/at+jwt": wrongType,
	} {
		v := &verified{alg: es256, typ: typ, hasExpires: true, expires: at(time.Hour).UnixMicro()}
		if got := e.judge(v, at(0)); got != want {
			t.Errorf("typ %q: got %v, want %v", typ, got, want)
		}
	}
}

func TestScopeForms(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		claims map[string]any
		want   int // scopes, -1 for malformed
	}{
		"none":         {map[string]any{}, 0},
		"text":         {map[string]any{"scope": "a b"}, 2},
		"spaces":       {map[string]any{"scope": "  a   b "}, 2},
		"tab is part":  {map[string]any{"scope": "a\tb"}, 1},
		"list":         {map[string]any{"scope": []any{"a", "b"}}, 2},
		"scp":          {map[string]any{"scp": []any{"a"}}, 1},
		"scope wins":   {map[string]any{"scope": "a", "scp": "b c"}, 1},
		"number":       {map[string]any{"scope": true}, -1},
		"mixed list":   {map[string]any{"scope": []any{"a", true}}, -1},
		"null is none": {map[string]any{"scope": nil}, -1},
	} {
		got, ok := scopeClaim(test.claims)
		if n := len(got); ok != (test.want >= 0) || ok && n != test.want {
			t.Errorf("%s: got %q, %t", name, got, ok)
		}
	}
}

// "iss" chooses among several issuers, and each has its own keys and audience.
func TestSeveralIssuers(t *testing.T) {
	t.Parallel()
	one, other := authtest.New("ES256", "shared-id"), authtest.New("EdDSA", "shared-id")
	source := func(key *authtest.Key) keySource {
		set, err := readKeySet([]byte(authtest.Set(key)), false)
		if err != nil {
			t.Fatal(err)
		}
		return newStaticKeys(set)
	}
	h := handlerWith(
		&issuer{keys: source(one), expectations: expectations{issuer: "https://one.example", audience: []string{"a"}, algorithms: publicAlgorithms}},
		&issuer{keys: source(other), expectations: expectations{issuer: "https://other.example", audience: []string{"b"}, algorithms: publicAlgorithms}},
	)
	for _, test := range []struct {
		name          string
		key           *authtest.Key
		iss, aud, out string
	}{
		{"the first", one, "https://one.example", "a", ""},
		{"the second", other, "https://other.example", "b", ""},
		{"the second's key for the first", other, "https://one.example", "a", "auth.algorithm"},
		{"the first's audience at the second", other, "https://other.example", "a", "auth.audience"},
		{"neither", one, "https://third.example", "a", "auth.issuer"},
	} {
		for range 2 { // the second time from the cache
			token := test.key.Token(authtest.Good(test.iss, test.aud, authtest.Claims{"jti": test.name}), nil)
			if got := answer(h, token); got != test.out {
				t.Errorf("%s: got %q, want %q", test.name, got, test.out)
			}
		}
	}
}
