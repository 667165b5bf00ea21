package auth

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gateway/internal/exchange"
	"gateway/modules/auth/authtest"
)

// opaqueHandler introspects tokens: what the issuer says about one is in its name.
func opaqueHandler(said map[string]authtest.Claims) *Handler {
	o := new(oracle)
	o.set(func(_ context.Context, token string) (*verified, error) {
		if token == "down" {
			return nil, errors.New("it answered 500")
		}
		claims := authtest.Claims{"active": false}
		if more := said[token]; more != nil {
			claims = authtest.Claims{"active": true, "aud": testAudience}
			for name, value := range more {
				claims[name] = value
			}
		}
		return readAnswer("application/json", []byte(text(claims)))
	})
	iss := &issuer{keys: noKeys{}, introspection: oracleOf(o), expectations: expectations{
		issuer: testIssuer, audience: []string{testAudience}, leeway: defaultLeeway.Microseconds(),
	}}
	h := handlerWith(iss)
	h.issuers.opaque = iss
	h.fields = []identityField{{"X-User-Id", "sub"}}
	h.rule = newRule(false, [][]string{{"orders:read"}}, nil)
	return h
}

// TestOpaqueInspection holds what is said about opaque tokens, and that it comes to the
// same verdict as a request does.
func TestOpaqueInspection(t *testing.T) {
	t.Parallel()
	h := opaqueHandler(map[string]authtest.Claims{
		"good":        {"sub": "alice", "scope": "orders:read"},
		"other":       {"iss": "https://other.example", "scope": "orders:read"},
		"billing":     {"aud": "billing", "scope": "orders:read"},
		"expired":     {"exp": at(0).Unix() - 3600, "scope": "orders:read"},
		"refresh":     {"token_use": "refresh_token", "scope": "orders:read"},
		"bound":       {"cnf": authtest.Claims{"jkt": "x"}, "scope": "orders:read"},
		"scopeless":   {"sub": "alice"},
		"unfit":       {"sub": "a\nb", "scope": "orders:read"},
		"eyA.good.ok": {"sub": "alice", "scope": "orders:read"},
	})
	for token, want := range map[string]string{
		"good": "", "eyA.good.ok": "",
		"other":                         `issuer: "https://other.example" is another issuer`,
		"billing":                       `audience: the token is for "billing"`,
		"expired":                       "expiry: expired 60 min ago",
		"refresh":                       "type: the issuer says that it is no access token",
		"bound":                         "sender: cnf",
		"scopeless":                     "scopes: the token has no scopes",
		"unfit":                         "headers: the claim sub cannot become",
		"unknown":                       "introspection: the issuer does not call it active",
		"down":                          "introspection: the introspection endpoint cannot be asked, or its answer cannot be used: it answered 500",
		"a b":                           "form: characters that no access token has",
		strings.Repeat("x", maxToken+1): "form: the token is longer than 16 KiB",
	} {
		checks := h.inspect(t.Context(), token, h.rule, at(0))
		said := ""
		for i, c := range checks {
			if c.Name != opaqueOrder[i] {
				t.Errorf("%.20s: check %d is %s, want %s", token, i, c.Name, opaqueOrder[i])
			}
			if c.Verdict == failed {
				said += c.Name + ": " + c.Text
			}
		}
		if len(checks) != len(opaqueOrder) || !strings.HasPrefix(said, want) || want == "" && said != "" {
			t.Errorf("%.20s: %d checks say %q, want %q", token, len(checks), said, want)
		}
		refusal := h.decide(new(exchange.Exchange), request("Bearer "+token), h.rule, at(0))
		if (refusal != nil) != (said != "") {
			t.Errorf("%.20s: the checks say %q, and the request is answered with %v", token, said, refusal)
		}
	}
}

// TestInspectionWithoutIssuers holds that a handler for API keys alone has an answer, too.
func TestInspectionWithoutIssuers(t *testing.T) {
	t.Parallel()
	h := handlerWith()
	for _, token := range []string{"opaque", ecOne.Token(good(nil), nil)} {
		in := inspection{checks: h.inspect(t.Context(), token, h.rule, at(0))}
		if !in.failures() || len(in.checks) != len(order) {
			t.Errorf("%.10s: %+v", token, in.checks)
		}
	}
}
