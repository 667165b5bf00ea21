package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/testfile"
	"gateway/modules/auth/authtest"
)

// inspected are tokens with their near misses. The claims are about 2026-11-23 12:00.
func inspected() []struct{ name, token string } {
	key := authtest.New("ES256", "k1")
	now := at(0)
	claims := func(more authtest.Claims) authtest.Claims {
		all := authtest.Claims{"iss": testIssuer, "aud": testAudience, "sub": "alice", "scope": "orders:read", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix()}
		for name, value := range more {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		return all
	}
	with := func(more authtest.Claims) string { return key.Token(claims(more), nil) }
	return []struct{ name, token string }{
		{"good", with(nil)},
		{"expired", with(authtest.Claims{"exp": now.Add(-101 * time.Second).Unix()})},
		{"expired within the leeway", with(authtest.Claims{"exp": now.Add(-41 * time.Second).Unix()})},
		{"no expiry", with(authtest.Claims{"exp": nil})},
		{"not yet", with(authtest.Claims{"nbf": now.Add(3 * time.Hour).Unix()})},
		{"issued later", with(authtest.Claims{"iat": now.Add(5 * time.Minute).Unix()})},
		{"issuer with a slash", with(authtest.Claims{"iss": testIssuer + "/"})},
		{"issuer in capitals", with(authtest.Claims{"iss": strings.ToUpper(testIssuer)})},
		{"another issuer", with(authtest.Claims{"iss": "https://evil.example\x1b[2J"})},
		{"no issuer", with(authtest.Claims{"iss": nil})},
		{"another audience", with(authtest.Claims{"aud": []string{"billing", "stock"}})},
		{"audience in capitals", with(authtest.Claims{"aud": "Orders"})},
		{"no audience", with(authtest.Claims{"aud": nil})},
		{"bound to its sender", with(authtest.Claims{"cnf": authtest.Claims{"jkt": "x"}})},
		{"no scopes", with(authtest.Claims{"scope": nil})},
		{"other scopes", with(authtest.Claims{"scope": "orders:write profile"})},
		{"header that cannot be", with(authtest.Claims{"sub": "a\nb"})},
		{"another key", authtest.New("ES256", "k2").Token(claims(nil), nil)},
		{"same name, another key", (authtest.New("ES256", "k9")).Token(claims(nil), authtest.Claims{"kid": "k1"})},
		{"another algorithm", authtest.New("RS256", "k1").Token(claims(nil), nil)},
		{"none", key.Token(claims(nil), authtest.Claims{"alg": "none"})},
		{"a secret", authtest.Secret("HS256", strings.Repeat("s", 32)).Token(claims(nil), nil)},
		{"critical", key.Token(claims(nil), authtest.Claims{"crit": []string{"b64"}})},
		{"encrypted", "a.b.c.d.e"},
		{"shortened", "eyJhbGciOiJFUzI1NiJ9.eyJ..."},
		{"cut off", with(nil)[:100]},
		{"with its scheme", "bearer " + with(nil)},
		{"claims of wrong types", with(authtest.Claims{"aud": 7})},
	}
}

func inspecting(t *testing.T) *Handler {
	h := handlerFor(t, authtest.New("ES256", "k1"), authtest.New("RS256", "k3"))
	h.fields = []identityField{{"X-User-Id", "sub"}}
	h.rule = newRule(false, [][]string{{"orders:read"}}, nil)
	h.Source = "Caddyfile:2"
	return h
}

func TestInspectionWords(t *testing.T) {
	t.Parallel()
	h := inspecting(t)
	var b strings.Builder
	for _, c := range inspected() {
		fmt.Fprintf(&b, "# %s\n", c.name)
		for _, line := range h.inspect(t.Context(), c.token, h.rule, at(0)) {
			if line.Verdict == failed || c.name == "good" || c.name == "expired within the leeway" && line.Name == "expiry" {
				fmt.Fprintf(&b, "%s %s: %s\n", line.Verdict, line.Name, line.Text)
			}
			if line.Hint != "" {
				fmt.Fprintf(&b, "  hint: %s\n", line.Hint)
			}
		}
	}
	testfile.Golden(t, "testdata/inspection.golden", b.String())
}

// TestInspectionAgrees holds the checks against what a request with the token meets:
// both accept it, or neither does.
func TestInspectionAgrees(t *testing.T) {
	t.Parallel()
	h := inspecting(t)
	for _, c := range inspected() {
		in := inspection{checks: h.inspect(t.Context(), c.token, h.rule, at(0))}
		refusal := h.decide(new(exchange.Exchange), request("Bearer "+c.token), h.rule, at(0))
		if in.failures() != (refusal != nil) {
			t.Errorf("%s: the checks fail is %v, but the request is answered with %v", c.name, in.failures(), refusal)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-41 * time.Second: "41 s", 119 * time.Second: "119 s", 2 * time.Minute: "2 min",
		3 * time.Hour: "3 h", 72 * time.Hour: "3 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
