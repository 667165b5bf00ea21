package auth

import (
	"net/http"
	"testing"

	"gateway/internal/problem"
	"gateway/modules/auth/authtest"
)

func TestAttacks(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, rsaOne, pssOne, ecOne, edOne, hmacOne)
	for _, key := range []*authtest.Key{rsaOne, pssOne, ecOne, edOne, hmacOne} {
		if _, refusal := decide(h, request("Bearer "+key.Token(good(nil), nil))); refusal != nil {
			t.Fatalf("a good %s token is refused: %v", key.Alg, refusal.Cause)
		}
	}
	for _, list := range [][]attack{headerAttacks(), formAttacks(), signatureAttacks(), claimAttacks()} {
		for _, a := range list {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				for range 2 { // what was refused once is refused again
					x, refusal := decide(h, request("Bearer "+a.token))
					if refusal == nil {
						t.Fatal("the token is accepted")
					}
					if refusal.Reason != a.reason || refusal.Cause != a.fault {
						t.Fatalf("got %s (%v), want %s (%v)", refusal.Reason.Code, refusal.Cause, a.reason.Code, a.fault)
					}
					if x.Identity != nil {
						t.Fatal("the refused caller has an identity")
					}
				}
			})
		}
	}
}

func TestCredentialsInTheRequest(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	token := ecOne.Token(good(nil), nil)
	for _, test := range []struct {
		name      string
		fields    []string
		status    int
		challenge string
	}{
		{"none", nil, 401, `Bearer`},
		{"another scheme", []string{"Basic YTpi"}, 401, `Bearer`},
		{"DPoP scheme", []string{"DPoP " + token}, 401, `Bearer`},
		{"a token without scheme", []string{token}, 401, `Bearer`},
		{"two fields", []string{"Bearer " + token, "Bearer " + token}, 400, `Bearer error="invalid_request"`},
		{"two fields of different schemes", []string{"Basic YTpi", "Bearer " + token}, 400, `Bearer error="invalid_request"`},
		{"scheme alone", []string{"Bearer"}, 400, `Bearer error="invalid_request"`},
		{"scheme and a space", []string{"Bearer "}, 400, `Bearer error="invalid_request"`},
		{"garbage", []string{"Bearer x"}, 401, `Bearer error="invalid_token"`},
		{"a tab behind the scheme", []string{"Bearer\t" + token}, 401, `Bearer`},
		{"good", []string{"Bearer " + token}, 200, ""},
		{"scheme in lower case", []string{"bearer " + token}, 200, ""},
		{"two spaces", []string{"Bearer  " + token}, 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, refusal := decide(h, request(test.fields...))
			if refusal == nil {
				if test.status != 200 {
					t.Fatal("the request is accepted")
				}
				return
			}
			if refusal.Code() != test.status || refusal.Header.Get("WWW-Authenticate") != test.challenge {
				t.Errorf("got %d %q, want %d %q", refusal.Code(), refusal.Header.Get("WWW-Authenticate"), test.status, test.challenge)
			}
		})
	}
}

// A token in a place that is not configured is no token, and no error either.
func TestTokensElsewhereAreNotLookedAt(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	token := ecOne.Token(good(nil), nil)
	r := request()
	r.URL.RawQuery = "access_token=" + token
	r.Header.Set("Cookie", "access_token="+token)
	r.Header.Set("Proxy-Authorization", "Bearer "+token)
	if _, refusal := decide(h, r); refusal == nil || refusal.Reason != problem.AuthMissing {
		t.Errorf("got %v, want auth.missing", refusal)
	}
}

// No fault's text repeats a part of the token, and every fault has all it needs.
func TestEveryFaultIsComplete(t *testing.T) {
	t.Parallel()
	for f := noToken; f < faultCount; f++ {
		about := faults[f]
		switch {
		case about.reason == nil || about.cause == "" || about.challenge == "" && about.reason != problem.AuthMissing:
			t.Errorf("fault %d is incomplete: %+v", f, about)
		case about.detail != "" && about.reason.Public != nil:
			t.Errorf("%v has a detail that its public reason hides", f)
		case about.challenge == noChallenge && newRefusals()[f].Header != nil:
			t.Errorf("%v has a challenge", f)
		}
		refusal := newRefusals()[f]
		if code := refusal.Code(); code == http.StatusUnauthorized && refusal.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%v is a 401 without challenge (RFC 9110 §15.5.2)", f)
		}
	}
}
