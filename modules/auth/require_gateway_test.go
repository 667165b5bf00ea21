package auth_test

import (
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func TestRuleMistakes(t *testing.T) {
	t.Parallel()
	in := func(line string) string { return "auth https://idp.example {\n\taudience orders\n\t" + line + "\n}" }
	tellMistakes(t, []struct{ name, lines string }{
		{"require without operator", in("require roles")},
		{"require with an unknown operator", in("require roles contain admin")},
		{"require with another word", in("require roles has admin")},
		{"is with two values", in("require plan is pro team")},
		{"any_of without value", in("require roles any_of")},
		{"exists with a value", in("require email exists yes")},
		{"a number that is none", in("require level gte high")},
		{"a number in hexadecimal", in("require level gte 0x10")},
		{"expression with an unknown name", in("expression `claim.level > 3`")},
		{"expression that does not end", in("expression `claims.level >`")},
		{"expression that is no boolean", in("expression `size(claims)`")},
		{"expression without quotes", in("expression claims.level > 3")},
		{"matcher without rule", "@a claim\nrespond @a x"},
		{"matcher with an unknown operator", "@a claim roles contians admin\nrespond @a x"},
		{"matcher block with a mistake", "@a claim {\n\troles contains admin\n\tlevel above 3\n}\nrespond @a x"},
		{"auth with a matcher about claims", "@a claim roles contains admin\nauth @a https://idp.example {\n\taudience orders\n}"},
		{"auth with one that is the opposite", "@a {\n\tpath /x\n\tnot claim roles contains admin\n}\nauth @a https://idp.example {\n\taudience orders\n}"},
		{"auth with one in an expression", "@a expression `path('/x') && claim('roles', 'contains', 'admin')`\nauth @a https://idp.example {\n\taudience orders\n}"},
		{"auth with one in an expression of its own", "@a `claim('roles', 'contains', 'admin')`\nauth @a https://idp.example {\n\taudience orders\n}"},
	}, "testdata/mistakes_rules.golden")
}

func TestRulesThroughTheGateway(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\trequire realm.roles any_of staff admin\n\texpression `claims.level >= 3 || request.method == \"GET\"`\n}\nhandle_errors {\n\tproblem\n}"))
	token := func(roles []string, level int) string {
		return bearer(signing.Token(iss.Claims("orders", authtest.Claims{"level": level, "realm": authtest.Claims{"roles": roles}}), nil))
	}
	for _, test := range []struct {
		method, token string
		want          int
	}{
		{"GET", token([]string{"staff"}, 1), 200},
		{"POST", token([]string{"admin"}, 3), 200},
		{"POST", token([]string{"admin"}, 1), 403},
		{"GET", token([]string{"guest"}, 9), 403},
		{"GET", bearer(signing.Token(iss.Claims("orders", nil), nil)), 403},
	} {
		res := gw.Do(test.method, "/", "Authorization", test.token)
		if res.Code != test.want || test.want == 403 && res.Problem().Code != "auth.claims" {
			t.Errorf("%s: got %d %s, want %d", test.method, res.Code, res.Problem().Code, test.want)
		}
	}
}

// TestOtherMatchersOfAuth holds that only claims come too early.
func TestOtherMatchersOfAuth(t *testing.T) {
	t.Parallel()
	for _, matcher := range []string{"/private/*", "@a path /private/*", "@a not path /public", "@a expression `path('/private/*')`", "@a header X-Claim claim"} {
		name, definition := matcher, ""
		if matcher[0] == '@' {
			name, definition = "@a", "\t"+matcher+"\n"
		}
		gw := gatewaytest.New(t, ":8080 {\n"+definition+"\tauth "+name+" https://idp.example {\n\t\taudience orders\n\t}\n\trespond \"user={http.auth.user.id}\"\n}\n")
		if got := gw.Do("GET", "/private/x", "X-Claim", "claim").Code; got != 401 {
			t.Errorf("%s: got %d", matcher, got)
		}
		if got := gw.Do("GET", "/public").Code; got != 200 {
			t.Errorf("%s: got %d outside", matcher, got)
		}
	}
}

// The matcher reads the verified identity: nobody matches by what the request says,
// without token, or where auth has not run.
func TestClaimMatcher(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	gw := gatewaytest.New(t, ":8080 {\n\tauth "+iss.URL+" {\n\t\taudience orders\n\t\toptional\n\t}\n"+
		"\t@admin claim roles contains admin\n\t@paid {\n\t\tclaim plan any_of pro team\n\t\tclaim level gte 3\n\t}\n"+
		"\t@both claim {\n\t\tplan is free\n\t\tlevel lt 3\n\t}\n\t@cel expression `claim('plan', 'is', 'gold') && method('GET')`\n\t@early claim sub exists\n"+
		"\tvars @early early yes\n"+
		"\trespond @admin \"admin {vars.early}\"\n\trespond @paid paid\n\trespond @both both\n\trespond @cel cel\n\trespond nobody\n}\n")
	for _, test := range []struct {
		claims authtest.Claims
		want   string
	}{
		{authtest.Claims{"roles": []string{"admin"}}, "admin "},
		{authtest.Claims{"plan": "pro", "level": 3}, "paid"},
		{authtest.Claims{"plan": "pro", "level": 2}, "nobody"},
		{authtest.Claims{"plan": "free", "level": 2}, "both"},
		{authtest.Claims{"plan": "gold", "level": 2}, "cel"},
		{nil, "nobody"},
	} {
		res := gw.Do("GET", "/?roles=admin", "Authorization", bearer(signing.Token(iss.Claims("orders", test.claims), nil)), "X-Roles", "admin")
		if got := res.Body.String(); got != test.want {
			t.Errorf("%v: got %d %q, want %q", test.claims, res.Code, got, test.want)
		}
	}
	if got := gw.Do("GET", "/", "Roles", "admin").Body.String(); got != "nobody" {
		t.Errorf("without token: got %q", got)
	}
}
