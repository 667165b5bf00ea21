package auth

import (
	"net/http"
	"slices"
	"testing"

	"gateway/modules/auth/authtest"
)

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	claims, ok := decodeObject(`{"sub":"alice","scope":"a b","n":12345678901234567890,"ok":true,"no":null,
		"realm_access":{"roles":["x","y"],"deep":{"er":1.50}},"https://a.example/role":"admin","a.b":"dotted","a":{"b":"nested","c.d":"mixed"}}`)
	if !ok {
		t.Fatal("the claims are not read")
	}
	v := &verified{user: "alice", claims: claims}
	for name, want := range map[string]any{
		"id": "alice", "sub": "alice", "claims.sub": "alice", "scope": "a b",
		"n": "12345678901234567890", "ok": "true",
		"realm_access.roles": "x,y", "claims.realm_access.deep.er": "1.50",
		"https://a.example/role": "admin", "claims.https://a.example/role": "admin",
		"a.b": "dotted", "a.c.d": "mixed",
		"no": nil, "realm_access": nil, "absent": nil, "": nil, ".": nil, "claims.": nil, "sub.x": nil,
	} {
		got, ok := v.Placeholder(name)
		if ok != (want != nil) || ok && got != want {
			t.Errorf("%q: got %v, %t, want %v", name, got, ok, want)
		}
	}
	if _, ok := (&verified{}).Placeholder("id"); ok {
		t.Error("a token without subject has an id")
	}
}

func TestFieldValues(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]string{
		`"alice"`:           "alice",
		`"José"`:            "José",
		`"a, b"`:            "a, b",
		`["a","b"]`:         "a,b",
		`[1,true,"x"]`:      "1,true,x",
		`[]`:                "",
		`1e3`:               "1e3",
		`"a\r\nX-Admin: 1"`: "refused",
		`"a\u0000"`:         "refused",
		`"a\u007f"`:         "refused",
		`"\ta"`:             "refused",
		`" a"`:              "refused",
		`"a "`:              "refused",
		`["a,admin"]`:       "refused",
		`["a"," admin"]`:    "refused",
		`["a",""]`:          "refused",
		`["a","b\n"]`:       "refused",
		`[["a"]]`:           "refused",
		`{"a":1}`:           "refused",
		`[null]`:            "refused",
	} {
		object, ok := decodeObject(`{"x":` + literal + `}`)
		if !ok {
			t.Fatalf("%s is not read", literal)
		}
		got, ok := fieldValue(object["x"])
		if !ok {
			got = "refused"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", literal, got, want)
		}
	}
}

// spellings are fields that servers take for X-User-Id.
var spellings = []string{"X-User-Id", "x-user-id", "X-USER-ID", "X_User_Id", "x_user_id", "X.User.Id", "X-User_Id", "x-User.id", "X~User~Id", "x!user|id"}

func TestClientsCannotSpeakForTheGateway(t *testing.T) {
	t.Parallel()
	token := "Bearer " + ecOne.Token(good(nil), nil)
	nameless := "Bearer " + ecOne.Token(good(authtest.Claims{"sub": nil}), nil)
	for name, test := range map[string]struct {
		credentials []string
		change      func(*Handler)
		want        []string
	}{
		"a good token":               {[]string{token}, nil, []string{"alice"}},
		"a token without the claim":  {[]string{nameless}, nil, nil},
		"a bad token":                {[]string{"Bearer x"}, nil, nil},
		"no token":                   {nil, nil, nil},
		"no token, optional":         {nil, func(h *Handler) { h.rule = newRule(true, nil, nil) }, nil},
		"a good token without scope": {[]string{token}, func(h *Handler) { h.rule = newRule(false, [][]string{{"admin"}}, nil) }, nil},
		"two tokens":                 {[]string{token, token}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := handlerFor(t, ecOne)
			h.fields = []identityField{{"X-User-Id", "sub"}, {"X-Roles", "roles"}}
			if test.change != nil {
				test.change(h)
			}
			r := request(test.credentials...)
			for _, spelling := range spellings {
				r.Header[spelling] = []string{"root", "admin"}
			}
			r.Header["x_roles"] = []string{"admin"}
			r.Header["X-User-Id-2"] = []string{"kept"}
			decide(h, r)
			if got := r.Header["X-User-Id"]; !slices.Equal(got, test.want) {
				t.Errorf("X-User-Id is %q, want %q", got, test.want)
			}
			for field := range r.Header {
				if field != "X-User-Id" && (folds(field, "X-User-Id") || folds(field, "X-Roles")) {
					t.Errorf("%s is still there", field)
				}
			}
			if r.Header.Get("X-User-Id-2") != "kept" {
				t.Error("a field of another name is gone")
			}
		})
	}
}

// A refused claim leaves no part of the identity behind, not even where the mode
// lets the request through.
func TestAnUnsafeClaimLeavesNoIdentity(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	h.fields = []identityField{{"X-User-Id", "sub"}, {"X-Name", "name"}}
	r := request("Bearer " + ecOne.Token(good(authtest.Claims{"name": "a\r\nX-Admin: 1"}), nil))
	x, refusal := decide(h, r)
	if refusal == nil || refusal.Code() != http.StatusForbidden || refusal.Cause != unsafeClaim {
		t.Errorf("got %+v", refusal)
	}
	if r.Header["X-User-Id"] != nil || r.Header["X-Name"] != nil || x.Identity != nil {
		t.Errorf("left behind: %v, %v", r.Header, x.Identity)
	}
}

func TestConnectionCannotNameFields(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ fields, want []string }{
		{nil, nil},
		{[]string{"close"}, []string{"close"}},
		{[]string{"keep-alive, Upgrade"}, []string{"keep-alive, Upgrade"}},
		{[]string{"close, X-User-Id"}, []string{"close"}},
		{[]string{"X-User-Id"}, nil},
		{[]string{"close", "x-user-id, TE"}, []string{"close, TE"}},
		{[]string{"Authorization,Upgrade"}, []string{"Upgrade"}},
		{[]string{"X-User-Id\t, \tclose"}, []string{"close"}},
		{[]string{",,"}, []string{",,"}},
		{[]string{"close;X-User-Id"}, nil},
	} {
		header := http.Header{}
		if test.fields != nil {
			header["Connection"] = test.fields
		}
		keepConnection(header)
		if got := header["Connection"]; !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.fields, got, test.want)
		}
	}
}

func TestTheTokenIsForwardedAsConfigured(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	for _, forward := range []bool{true, false} {
		h.forward = forward
		for _, credentials := range []string{"Bearer " + ecOne.Token(good(nil), nil), "Bearer x", "Basic YTpi"} {
			r := request(credentials)
			decide(h, r)
			if got := r.Header["Authorization"] != nil; got != forward {
				t.Errorf("forward %t: the service gets the token: %t", forward, got)
			}
		}
	}
}

// The rules of an operation are judged again for a token that was seen before.
func TestRulesAreNotCached(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	token := "Bearer " + ecOne.Token(good(nil), nil)
	if _, refusal := decide(h, request(token)); refusal != nil {
		t.Fatal(refusal.Cause)
	}
	h.rule = newRule(false, [][]string{{"orders:write"}}, nil)
	_, refusal := decide(h, request(token))
	if refusal == nil || refusal.Reason.Code != "auth.scope" || !slices.Equal(refusal.Scopes, []string{"orders:write"}) {
		t.Fatalf("got %+v", refusal)
	}
	if got, want := refusal.Header.Get("WWW-Authenticate"), `Bearer error="insufficient_scope", scope="orders:write"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	preflight := func() *http.Request {
		r := request()
		r.Method = http.MethodOptions
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		return r
	}
	h := handlerFor(t, ecOne)
	if _, refusal := decide(h, preflight()); refusal == nil {
		t.Error("a preflight passes where none is configured")
	}
	h.Preflight = true
	if _, refusal := decide(h, preflight()); refusal != nil {
		t.Errorf("a preflight is refused: %v", refusal)
	}
	for name, change := range map[string]func(*http.Request){
		"GET":                 func(r *http.Request) { r.Method = http.MethodGet },
		"no origin":           func(r *http.Request) { r.Header.Del("Origin") },
		"no method requested": func(r *http.Request) { r.Header.Del("Access-Control-Request-Method") },
		"a bad token":         func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") },
	} {
		r := preflight()
		change(r)
		if _, refusal := decide(h, r); refusal == nil {
			t.Errorf("%s passes as a preflight", name)
		}
	}
}
