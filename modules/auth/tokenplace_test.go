package auth

import (
	"net/http"
	"strings"
	"testing"

	"gateway/internal/exchange"
	"gateway/modules/auth/authtest"
)

// everywhere are places of every kind.
var everywhere = []tokenPlace{
	{inHeader, "Authorization", "Bearer"}, {inHeader, "X-Token", ""}, {inCookie, "token", ""}, {inQuery, "access_token", ""}, {inSubprotocol, "bearer.", ""},
}

// spread makes a request of lines: "?query", or "Field: value".
func spread(lines ...string) *http.Request {
	r := request()
	for _, line := range lines {
		if query, ok := strings.CutPrefix(line, "?"); ok {
			r.URL.RawQuery = query
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestFindToken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		lines []string
		want  string
		fault fault
	}{
		{"nowhere", nil, "", noToken},
		{"header", []string{"Authorization: Bearer T"}, "T", none},
		{"another field", []string{"X-Token: T"}, "T", none},
		{"another scheme", []string{"Authorization: Basic eDp5"}, "", otherScheme},
		{"another scheme beside a cookie", []string{"Authorization: Basic eDp5", "Cookie: token=T"}, "T", none},
		{"cookie", []string{"Cookie: a=b; token=T; c=d"}, "T", none},
		{"cookie in quotes", []string{`Cookie: token="T"`}, "T", none},
		{"cookie of another name", []string{"Cookie: xtoken=T; Token=T; token2=T"}, "", noToken},
		{"cookie that was deleted", []string{"Cookie: token="}, "", noToken},
		{"cookie without value", []string{"Cookie: token"}, "", noToken},
		{"cookie twice", []string{"Cookie: token=T; token=U"}, "", twoPlaces},
		{"cookie twice, in two fields", []string{"Cookie: token=T", "Cookie: token=T"}, "", twoPlaces},
		{"cookie with white space around its name", []string{"Cookie: a=b;\t token = T ;c=d"}, "T", none},
		{"cookie twice, once with white space", []string{"Cookie: token =evil; token=T"}, "", twoPlaces},
		{"cookie twice, once empty", []string{"Cookie: token=; token=T"}, "", twoPlaces},
		{"query", []string{"?a=b&access_token=T&c"}, "T", none},
		{"query with an escaped name", []string{"?access%5Ftoken=T"}, "T", none},
		{"query with an escaped value", []string{"?access_token=%54"}, "T", none},
		{"query of another name", []string{"?xaccess_token=T&access_token2=T&Access_Token=T"}, "", noToken},
		{"query twice", []string{"?access_token=T&access_token=U"}, "", twoPlaces},
		{"query twice, in two spellings", []string{"?access_token=T&access%5ftoken=T"}, "", twoPlaces},
		{"query without value", []string{"?access_token"}, "", emptyToken},
		{"query with a broken escape", []string{"?access_token=%zz"}, "", notBase64},
		{"query with a plus", []string{"?access_token=a+b"}, "", twoTokens},
		{"query with a semicolon", []string{"?x=1;access_token=T"}, "", noToken},
		{"subprotocol", []string{"Sec-WebSocket-Protocol: chat, bearer.T"}, "T", none},
		{"subprotocol in a field of its own", []string{"Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: bearer.T"}, "T", none},
		{"subprotocol twice", []string{"Sec-WebSocket-Protocol: bearer.T, bearer.U"}, "", twoPlaces},
		{"subprotocol without token", []string{"Sec-WebSocket-Protocol: bearer."}, "", emptyToken},
		{"header and cookie", []string{"Authorization: Bearer T", "Cookie: token=U"}, "", twoPlaces},
		{"header and cookie, equal", []string{"Authorization: Bearer T", "Cookie: token=T"}, "", twoPlaces},
		{"cookie and query", []string{"Cookie: token=T", "?access_token=U"}, "", twoPlaces},
		{"header and subprotocol", []string{"Authorization: Bearer T", "Sec-WebSocket-Protocol: bearer.U"}, "", twoPlaces},
		{"too long", []string{"Cookie: token=" + strings.Repeat("a", maxToken+1)}, "", tokenTooLong},
	} {
		got, f := findToken(spread(test.lines...), everywhere)
		if f != test.fault || f == none && got != test.want {
			t.Errorf("%s: got %q, %v", test.name, got, f)
		}
	}
}

func TestStripToken(t *testing.T) {
	t.Parallel()
	r := spread("Authorization: Bearer T", "X-Token: T", "Cookie: a=b; token=T; c=d", "Cookie: e=f", "Sec-WebSocket-Protocol: chat, bearer.T",
		"?a=%20b&access%5ftoken=T&access_token=U&c")
	for i := range everywhere {
		everywhere[i].strip(r)
	}
	if got := r.URL.RawQuery; got != "a=%20b&c" {
		t.Errorf("the query is %q", got)
	}
	want := http.Header{"Cookie": {"a=b; c=d; e=f"}, subprotocols: {"chat"}}
	for name := range r.Header {
		if strings.Join(r.Header[name], "|") != strings.Join(want[name], "|") {
			t.Errorf("%s is %q, want %q", name, r.Header[name], want[name])
		}
	}
	r = spread("Cookie: token =T; token=T", "Sec-WebSocket-Protocol: bearer.T", "?access_token=T")
	for i := range everywhere {
		everywhere[i].strip(r)
	}
	if len(r.Header) > 0 || r.URL.RawQuery != "" {
		t.Errorf("%v and %q are left", r.Header, r.URL.RawQuery)
	}
}

// What is not configured is not looked at, and left alone.
func TestOnlyConfiguredPlaces(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	h.places = []tokenPlace{{inCookie, "token", ""}}
	h.forward = false
	token := ecOne.Token(good(nil), nil)
	r := spread("Cookie: token="+token, "Authorization: Basic eDp5", "?access_token=other")
	x := new(exchange.Exchange)
	if refusal := h.Decide(x, nil, r); refusal != nil || x.Identity == nil {
		t.Fatalf("got %v", refusal)
	}
	if r.Header.Get("Authorization") == "" || r.URL.RawQuery == "" || r.Header["Cookie"] != nil {
		t.Errorf("left are %v and %q", r.Header, r.URL.RawQuery)
	}
	if refusal := h.Decide(x, nil, request("Bearer "+token)); refusal == nil || refusal.Cause != noToken {
		t.Errorf("a token in another place: got %v", refusal)
	}
}

// Every attack with a token is refused alike wherever the token comes from.
func TestAttacksInEveryPlace(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, rsaOne, pssOne, ecOne, edOne, hmacOne)
	h.places = everywhere
	for _, list := range [][]attack{headerAttacks(), signatureAttacks(), claimAttacks()} {
		for _, a := range list {
			for _, line := range []string{"X-Token: " + a.token, "Cookie: token=" + a.token, "?access_token=" + a.token, "Sec-WebSocket-Protocol: bearer." + a.token} {
				if x, refusal := decide(h, spread(line)); refusal == nil || refusal.Cause != a.fault || x.Identity != nil {
					t.Errorf("%s in %.12s: got %v, want %v", a.name, line, refusal, a.fault)
				}
			}
		}
	}
	if _, refusal := decide(h, spread("?access_token="+ecOne.Token(good(nil), nil))); refusal != nil {
		t.Errorf("a good token: %v", refusal.Cause)
	}
}

func TestPlacesCostNoAllocation(t *testing.T) {
	r := spread("Cookie: a=b; token="+ecOne.Token(good(authtest.Claims{}), nil)+"; c=d", "Sec-WebSocket-Protocol: chat", "?a=b&c=%20d")
	if got := testing.AllocsPerRun(100, func() {
		if _, f := findToken(r, everywhere); f != none {
			t.Fatal(f)
		}
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func FuzzStripQuery(f *testing.F) {
	f.Add("a=b&access_token=T&c")
	f.Add("access%5ftoken=T&&")
	f.Fuzz(func(t *testing.T, query string) {
		p := tokenPlace{inQuery, "access_token", ""}
		stripped := p.stripQuery(query)
		if _, f := p.inQuery(stripped); f != noToken {
			t.Errorf("%q has a token left: %q", query, stripped)
		}
		if p.stripQuery(stripped) != stripped {
			t.Errorf("%q is not stripped at once", query)
		}
	})
}
