package auth

import (
	"encoding/json"
	"strings"
	"testing"

	"gateway/internal/problem"
	"gateway/modules/auth/authtest"
)

// claimed decodes claims as they arrive in a token.
func claimed(t testing.TB, text string) *verified {
	t.Helper()
	claims, ok := decodeObject(text)
	if !ok {
		t.Fatalf("%s is not an object", text)
	}
	return &verified{claims: claims}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	who := claimed(t, `{"plan":"pro","level":3,"half":2.50,"verified":true,"no":false,"digits":"7","nothing":null,
		"big":9007199254740993,"roles":["reader","admin"],"numbers":[1,2.0],"empty":[],"blank":"","note":"not admin",
		"scope":"orders:read orders:write","realm":{"roles":["staff"],"deep":{"x":1}},"https://example.com/team":"blue","object":{"a":1}}`)
	for _, test := range []struct {
		rule string
		want bool
	}{
		{"plan is pro", true}, {"plan is Pro", false}, {"plan is pr", false}, {"absent is pro", false}, {"nothing is null", false},
		{"blank is ", true},
		{"level is 3", true}, {"level is 3.0", true}, {"level is 03", false}, {"level is 4", false}, {"half is 2.5", true},
		{"digits is 7", true}, {"digits is 7.0", false},
		{"big is 9007199254740993", true}, {"big is 9007199254740992", false},
		{"verified is true", true}, {"verified is false", false}, {"verified is 1", false}, {"no is false", true},
		{"roles is admin", false}, {"object is {}", false},
		{"plan is_not free", true}, {"plan is_not pro", false}, {"absent is_not pro", false}, {"roles is_not admin", false}, {"nothing is_not x", false},
		{"roles contains admin", true}, {"roles contains adm", false}, {"plan contains pro", true}, {"empty contains x", false},
		{"note contains admin", false}, {"scope contains orders:read", true}, {"scope contains orders", false},
		{"numbers contains 2", true}, {"object contains a", false}, {"absent contains x", false},
		{"roles any_of root admin", true}, {"roles any_of root owner", false}, {"plan any_of free pro", true}, {"empty any_of x", false},
		{"roles all_of reader admin", true}, {"roles all_of reader root", false}, {"empty all_of x", false},
		{"level gt 2", true}, {"level gt 3", false}, {"level gte 3", true}, {"level lt 4", true}, {"level lt 3", false}, {"level lte 3", true},
		{"level lte -1e3", false}, {"digits gt 1", false}, {"numbers gt 0", false}, {"absent lt 1", false},
		{"plan exists", true}, {"nothing exists", false}, {"absent exists", false}, {"blank exists", true}, {"no exists", true},
		{"absent absent", true}, {"nothing absent", true}, {"plan absent", false},
		{"realm.roles contains staff", true}, {"realm.deep.x is 1", true}, {"realm.deep.y exists", false}, {"plan.x exists", false},
		{"https://example.com/team is blue", true},
	} {
		words := strings.Split(test.rule, " ")
		c, err := (&Requirement{Claim: words[0], Op: words[1], Values: words[2:]}).compile()
		if err != nil {
			t.Fatalf("%s: %v", test.rule, err)
		}
		if got := c.met(who); got != test.want {
			t.Errorf("%s: got %v", test.rule, got)
		}
	}
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	who := claimed(t, `{"level":3,"half":2.5,"roles":["reader","admin"],"org":{"id":"acme"},"sub":"alice","big":9007199254740993,"nothing":null}`)
	for _, test := range []struct {
		text  string
		want  bool
		stuck bool
	}{
		{`claims.level >= 3`, true, false},
		{`claims.level > 2.5 && claims.half < 3`, true, false},
		{`claims.level == 3.0`, true, false},
		{`claims.big == 9007199254740992`, false, false},
		{`"admin" in claims.roles`, true, false},
		{`claims.roles.exists(r, r.startsWith("ad"))`, true, false},
		{`request.path.startsWith("/orgs/" + claims.org.id + "/")`, true, false},
		{`request.method in ["GET", "HEAD"] && request.host == "example.com"`, true, false},
		{`has(claims.email)`, false, false},
		{`claims.email == "x"`, false, true}, // there is none
		{`claims.sub`, false, true},          // is no boolean
		{`claims.nothing == null`, true, false},
		{`claims.level.startsWith("3")`, false, true},
		{`claims.roles.all(a, claims.roles.all(b, claims.roles.all(c, a + b + c != "")))`, true, false},
	} {
		rules, err := newClaimRules(nil, []string{test.text})
		if err != nil {
			t.Fatalf("%s: %v", test.text, err)
		}
		r := request()
		r.URL.Path = "/orgs/acme/users"
		refusal := rules.judge(who, r)
		if (refusal == nil) != test.want || test.stuck && refusal != rules[0].stuck {
			t.Errorf("%s: got %v", test.text, refusal)
		}
	}
}

// An expression cannot be made to run on by what a token holds.
func TestExpressionsAreBounded(t *testing.T) {
	t.Parallel()
	list, err := json.Marshal(make([]int, 2000))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := newClaimRules(nil, []string{`claims.l.all(a, claims.l.all(b, claims.l.all(c, a + b + c == 0)))`})
	if err != nil {
		t.Fatal(err)
	}
	if refusal := rules.judge(claimed(t, `{"l":`+string(list)+`}`), request()); refusal != rules[0].stuck {
		t.Errorf("got %v, want the refusal for an expression that cannot be evaluated", refusal)
	}
}

// Rules are judged on every request, also for a token that was seen before.
func TestRulesAreJudgedOnEveryRequest(t *testing.T) {
	t.Parallel()
	h := handlerFor(t, ecOne)
	token := "Bearer " + ecOne.Token(good(authtest.Claims{"roles": []string{"reader"}}), nil)
	if _, refusal := decide(h, request(token)); refusal != nil {
		t.Fatal(refusal.Cause)
	}
	var err error
	if h.claims, err = newClaimRules([]Requirement{{Claim: "roles", Op: "contains", Values: []string{"admin"}}}, nil); err != nil {
		t.Fatal(err)
	}
	x, refusal := decide(h, request(token))
	if refusal == nil || refusal.Reason != problem.AuthClaims || refusal.Code() != 403 || x.Identity != nil {
		t.Fatalf("got %v, want auth.claims without identity", refusal)
	}
}

func TestRulesCostNoAllocation(t *testing.T) {
	who := claimed(t, `{"realm":{"roles":["reader","admin"]},"level":3,"scope":"a b c","plan":"pro"}`)
	rules, err := newClaimRules([]Requirement{
		{"realm.roles", "any_of", []string{"root", "admin"}}, {"level", "gte", []string{"3"}},
		{"scope", "contains", []string{"c"}}, {"plan", "is_not", []string{"free"}}, {"absent", "absent", nil},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	if got := testing.AllocsPerRun(100, func() {
		if rules.judge(who, r) != nil {
			t.Fatal("the rules are not met")
		}
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func FuzzExpression(f *testing.F) {
	f.Add(`claims.level >= 3`)
	f.Add("`")
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := newClaimRules(nil, []string{text})
		if err == nil {
			rules.judge(&verified{claims: map[string]any{"a": []any{json.Number("1")}}}, request())
		}
	})
}
