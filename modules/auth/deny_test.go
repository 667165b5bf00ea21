package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gateway/internal/problem"
	"gateway/modules/auth/authtest"
)

func denyListOf(t testing.TB, text string) *denyList {
	t.Helper()
	list, err := readDenyList([]byte(text), at(0))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDenyList(t *testing.T) {
	t.Parallel()
	noon := fmt.Sprint(at(0).Unix())
	for _, test := range []struct {
		name, list, claims string
		want               bool
	}{
		{"empty", "", `{"jti":"1","sub":"alice"}`, false},
		{"jti", "jti 1", `{"jti":"1"}`, true},
		{"another jti", "jti 1", `{"jti":"11"}`, false},
		{"a jti is no sub", "jti alice", `{"sub":"alice"}`, false},
		{"jti as number", "jti 1", `{"jti":1}`, true},
		{"jti as list", "jti 1", `{"jti":["1"]}`, false},
		{"sub", "# comment\n\n\tsub alice  \r\n", `{"sub":"alice"}`, true},
		{"sub in other case", "sub alice", `{"sub":"Alice"}`, false},
		{"sub in quotes", `sub "Alice \"A\" Example"`, `{"sub":"Alice \"A\" Example"}`, true},
		{"sid", "sid s1", `{"sid":"s1"}`, true},
		{"no names", "sub alice\njti 1\nsid s", `{}`, false},
		{"issued before", "sub alice before 2026-11-23T12:00:00Z", `{"sub":"alice","iat":` + noon[:len(noon)-1] + `}`, true},
		{"issued then", "sub alice before 2026-11-23T12:00:00Z", `{"sub":"alice","iat":` + noon + `}`, false},
		{"no iat", "sub alice before 2026-11-23T12:00:00Z", `{"sub":"alice"}`, true},
		{"no iat, everybody", "before 2026-11-23", `{}`, true},
		{"everybody", "before 2026-11-24", `{"sub":"bob","iat":` + noon + `}`, true},
		{"everybody later", "before 2026-11-23", `{"sub":"bob","iat":` + noon + `}`, false},
		{"until then", "sub alice until 2026-11-23T12:00:00Z", `{"sub":"alice"}`, false},
		{"until later", "sub alice until 2026-11-23T12:00:01Z", `{"sub":"alice"}`, true},
		{"the wider entry counts", "sub alice\nsub alice before 2026-11-22", `{"sub":"alice","iat":` + noon + `}`, true},
		{"JSON", ` [{"sub":"alice","issued_before":"2026-11-24T00:00:00Z"},{"jti":"1"}]`, `{"sub":"alice","iat":` + noon + `}`, true},
	} {
		tok := token{claims: claimed(t, test.claims).claims}
		v, f := readClaims(&tok)
		if f != none {
			t.Fatal(test.name, f)
		}
		c := v.credential()
		if got := denyListOf(t, test.list).denies(&c, at(0).UnixMicro()); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

// One entry that is not understood refuses the whole list.
func TestDenyListMistakes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"alice", "sub", "sub alice bob", "sub alice jti 1", "sub alice sub bob", "subject alice", "until 2026-11-23",
		"jti 1 before 2026-11-23", "before yesterday", `sub "alice`, `sub ""`, "sub " + strings.Repeat("a", maxDeniedName+1),
		`[{"sub":"alice"}] x`, `[{"user":"alice"}]`, `[{}]`, `[`, `[{"sub":"a","jti":"b"}]`,
		"sub ok\nsub", strings.Repeat("sub a\n", 3) + "before",
	} {
		if _, err := readDenyList([]byte(text), at(0)); err == nil {
			t.Errorf("%.40q is accepted", text)
		}
	}
}

// A full list refuses new entries; it does not forget old ones, unless their time is over.
func TestDenyListIsBounded(t *testing.T) {
	t.Parallel()
	list := new(denyList)
	for i := range maxDenied {
		r := Revocation{JTI: fmt.Sprint(i)}
		if i == 7 {
			r.Until = at(time.Minute)
		}
		if err := list.add(&r, at(0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := list.add(&Revocation{Subject: "alice"}, at(0)); !errors.Is(err, errDenyListFull) {
		t.Errorf("got %v", err)
	}
	if err := list.add(&Revocation{JTI: "5"}, at(0)); err != nil {
		t.Errorf("an entry that is there already is refused: %v", err)
	}
	if err := list.add(&Revocation{Subject: "alice"}, at(time.Minute)); err != nil {
		t.Errorf("an entry whose time is over leaves no room: %v", err)
	}
	if n := len(list.list(at(time.Minute))); n != maxDenied {
		t.Errorf("%d entries", n)
	}
	if !list.remove(&Revocation{Subject: "alice"}) || list.remove(&Revocation{Subject: "alice"}) {
		t.Error("an entry is removed once")
	}
}

// A token that was seen before is refused as soon as it is revoked, and the client
// does not learn why.
func TestRevocationOfATokenSeenBefore(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	// The list of the process is shared by all tests: the names are this test's own.
	credentials := "Bearer " + ecOne.Token(good(authtest.Claims{"sub": "revoked-alice", "jti": "revoked-1"}), nil)
	verdict := func() string {
		x, refusal := decide(h, request(credentials))
		if refusal == nil {
			return ""
		}
		if x.Identity != nil || refusal.Reason.Face() == problem.AuthRevoked || refusal.Code() != 401 {
			t.Errorf("got %v, identity %v", refusal, x.Identity)
		}
		return refusal.Reason.Code
	}
	for _, entry := range []Revocation{
		{JTI: "revoked-1"}, {Subject: "revoked-alice"}, {Subject: "revoked-alice", IssuedBefore: time.Now().Add(time.Minute)},
	} {
		if got := verdict(); got != "" {
			t.Fatalf("before: got %s", got)
		}
		if err := Revoke(entry); err != nil {
			t.Fatal(err)
		}
		if got := verdict(); got != "auth.revoked" {
			t.Errorf("%+v: got %q, want auth.revoked", entry, got)
		}
		if found, err := Reinstate(entry); !found || err != nil {
			t.Errorf("%+v is not on the list: %v", entry, err)
		}
	}
	if err := Revoke(Revocation{}); err == nil {
		t.Error("an entry about nothing is accepted")
	}
}

func TestDenyListCostsNoAllocation(t *testing.T) {
	h := handlerFor(t, ecOne)
	h.deny = new(denyFile)
	h.deny.list.Store(denyListOf(t, "sub mallory\njti x\nsid y\nbefore 2000-01-01"))
	r := request("Bearer " + ecOne.Token(good(authtest.Claims{"sid": "s"}), nil))
	now := time.Now()
	v, _, f := h.issuers.authenticate(t.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), now)
	if f != none {
		t.Fatal(f)
	}
	if got := testing.AllocsPerRun(100, func() {
		if h.denied(v, now) {
			t.Fatal("denied")
		}
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func FuzzDenyList(f *testing.F) {
	f.Add("sub alice before 2026-11-23\n")
	f.Add(`[{"jti":"1"}]`)
	f.Add(`sid "a b" until 2026-11-23T12:00:00Z`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := readDenyList([]byte(text), at(0))
		if err == nil && len(list.list(time.Unix(0, 0))) > int(list.size.Load()) {
			t.Error("there are more entries than the list counts")
		}
	})
}
