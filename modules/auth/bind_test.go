package auth

import (
	"context"
	"strings"
	"testing"

	"gateway/internal/exchange"
	"gateway/internal/openapi"
	"gateway/modules/auth/authtest"
)

var (
	bearerScheme = openapi.Requirement{Name: "token", Type: "http", Scheme: "Bearer"}
	apiKeyScheme = openapi.Requirement{Name: "key", Type: "apiKey"}
	basicScheme  = openapi.Requirement{Name: "login", Type: "http", Scheme: "basic"}
)

func oauth(scopes ...string) openapi.Requirement {
	return openapi.Requirement{Name: "oauth", Type: "oauth2", Scopes: scopes}
}

func oidc(scopes ...string) openapi.Requirement {
	return openapi.Requirement{Name: "oidc", Type: "openIdConnect", Scopes: scopes}
}

func TestTheContractDecidesWhatIsDemanded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		security  []openapi.Alternative
		own       []string
		anonymous string            // the answer without token
		answers   map[string]string // by scope
	}{
		{"nothing said", nil, nil, "auth.missing", map[string]string{"": ""}},
		{"taken back", []openapi.Alternative{}, nil, "", map[string]string{"": ""}},
		{"anonymous is fine", []openapi.Alternative{{}}, nil, "", map[string]string{"": ""}},
		{"anonymous is fine, or a scope", []openapi.Alternative{{oauth("a")}, {}}, nil, "", map[string]string{"": "", "a": ""}},
		{"bearer", []openapi.Alternative{{bearerScheme}}, nil, "auth.missing", map[string]string{"": ""}},
		{"one scope", []openapi.Alternative{{oauth("a")}}, nil, "auth.missing", map[string]string{"a": "", "b": "auth.scope", "": "auth.scope", "ab": "auth.scope", "b a": ""}},
		{"two scopes", []openapi.Alternative{{oauth("a", "b")}}, nil, "auth.missing", map[string]string{"a": "auth.scope", "a b": "", "b a c": ""}},
		{"two schemes at once", []openapi.Alternative{{oauth("a"), oidc("b")}}, nil, "auth.missing", map[string]string{"a": "auth.scope", "a b": ""}},
		{"alternatives", []openapi.Alternative{{oauth("a")}, {oidc("b")}}, nil, "auth.missing", map[string]string{"a": "", "b": "", "c": "auth.scope"}},
		{"a token or a key", []openapi.Alternative{{apiKeyScheme}, {oauth("a")}}, nil, "auth.missing", map[string]string{"a": "", "": "auth.scope"}},
		{"a token with a key", []openapi.Alternative{{apiKeyScheme, oauth("a")}, {bearerScheme}}, nil, "auth.missing", map[string]string{"": ""}},
		{"and the configuration's", []openapi.Alternative{{oauth("a")}}, []string{"z"}, "auth.missing", map[string]string{"a": "auth.scope", "z": "auth.scope", "a z": ""}},
		{"anonymous, the configuration's for tokens", []openapi.Alternative{{}}, []string{"z"}, "", map[string]string{"a": "auth.scope", "z": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := handlerFor(t, ecOne)
			h.Scopes = test.own
			prepared, err := h.Bind(&openapi.Operation{Method: "GET", Template: "/x", Security: test.security}, nil)
			if err != nil {
				t.Fatal(err)
			}
			ask := func(credentials ...string) string {
				x := &exchange.Exchange{Route: new(exchange.Route)}
				x.Route.Prepared[exchange.Auth] = prepared
				if refusal := h.Decide(x, nil, request(credentials...)); refusal != nil {
					return refusal.Reason.Code
				}
				return ""
			}
			if got := ask(); got != test.anonymous {
				t.Errorf("without token: got %q, want %q", got, test.anonymous)
			}
			if got := ask("Bearer x"); got != "auth.malformed" {
				t.Errorf("with a bad token: got %q", got)
			}
			for scope, want := range test.answers {
				if got := ask("Bearer " + ecOne.Token(good(authtest.Claims{"scope": scope}), nil)); got != want {
					t.Errorf("scope %q: got %q, want %q", scope, got, want)
				}
			}
		})
	}
}

func TestWhatCannotBeVerifiedStopsTheLoad(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		security []openapi.Alternative
		want     string
	}{
		"apiKey":            {[]openapi.Alternative{{apiKeyScheme}}, "demands key (apiKey), which auth does not verify"},
		"basic":             {[]openapi.Alternative{{basicScheme}}, "demands login (http basic)"},
		"both":              {[]openapi.Alternative{{apiKeyScheme, bearerScheme}, {basicScheme}}, "demands key (apiKey) and token (http Bearer), or login (http basic)"},
		"scope with spaces": {[]openapi.Alternative{{oauth("a b")}}, `names the scope "a b"`},
	} {
		op := &openapi.Operation{Method: "GET", Template: "/x", Security: test.security, Source: openapi.Position{File: "openapi.yaml", Line: 7, Column: 5}}
		_, err := handlerFor(t, ecOne).Bind(op, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "openapi.yaml:7:5: GET /x") {
			t.Errorf("%s: got %v", name, err)
		}
		for _, off := range []*Handler{{Off: true}, {Mode: exchange.ModeOff}} {
			if _, err := off.Bind(op, nil); err != nil {
				t.Errorf("%s, switched off: %v", name, err)
			}
		}
	}
}

func TestDemanded(t *testing.T) {
	t.Parallel()
	for want, list := range map[bool][][]openapi.Alternative{
		false: {nil, {}, {{}}, {{bearerScheme}, {}}},
		true:  {{{bearerScheme}}, {{apiKeyScheme}}, {{oauth("a")}, {basicScheme}}},
	} {
		for _, security := range list {
			if got := Demanded(&openapi.Operation{Security: security}); got != want {
				t.Errorf("%v: got %t", security, got)
			}
		}
	}
}

func TestTheContractTellsKeysFromTokens(t *testing.T) {
	t.Parallel()
	ours := openapi.Requirement{Name: "key", Type: "apiKey", In: "header", Param: "x-api-key"}
	set, err := readAPIKeys([]byte(`{"keys": [{"id": "billing", "keys": ["` + hashAPIKey("k") + `"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name                  string
		security              []openapi.Alternative
		key, token, anonymous string
	}{
		{"nothing said", nil, "", "", "auth.missing"},
		{"a key", []openapi.Alternative{{ours}}, "", "auth.missing", "auth.missing"},
		{"a token", []openapi.Alternative{{oauth("orders:read")}}, "auth.missing", "", "auth.missing"},
		{"either", []openapi.Alternative{{ours}, {oauth("orders:read")}}, "", "", "auth.missing"},
		{"either, and the token lacks a scope", []openapi.Alternative{{ours}, {oauth("admin")}}, "", "auth.scope", "auth.missing"},
		{"a key, or nothing", []openapi.Alternative{{ours}, {}}, "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := handlerFor(t, ecOne)
			h.Issuers, h.APIKeys = []*Issuer{{}}, &APIKeys{File: "keys.json"}
			h.keys = &apiKeys{field: h.APIKeys.field(), store: keysInMemory{set}}
			prepared, err := h.Bind(&openapi.Operation{Method: "GET", Template: "/x", Security: test.security}, nil)
			if err != nil {
				t.Fatal(err)
			}
			ask := func(field, value string) string {
				x := &exchange.Exchange{Route: new(exchange.Route)}
				x.Route.Prepared[exchange.Auth] = prepared
				r := request()
				r.Header.Set(field, value)
				if refusal := h.Decide(x, nil, r); refusal != nil {
					return refusal.Reason.Code
				}
				return ""
			}
			for _, c := range []struct{ what, got, want string }{
				{"a key", ask("X-Api-Key", "k"), test.key},
				{"a token", ask("Authorization", "Bearer "+ecOne.Token(good(nil), nil)), test.token},
				{"neither", ask("X-Other", "x"), test.anonymous},
			} {
				if c.got != c.want {
					t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
				}
			}
		})
	}
	h := handlerFor(t, ecOne)
	h.APIKeys = &APIKeys{File: "keys.json"}
	if _, err := h.Bind(&openapi.Operation{Security: []openapi.Alternative{{oauth("a")}}}, nil); err == nil {
		t.Error("a handler without issuer cannot verify tokens, and says nothing")
	}
	ours.In = "query"
	if _, err := h.Bind(&openapi.Operation{Security: []openapi.Alternative{{ours}}}, nil); err == nil {
		t.Error("a key in the query is not looked at, and nothing is said")
	}
}

// keysInMemory is a store without a file.
type keysInMemory struct{ set apiKeySet }

func (m keysInMemory) find(_ context.Context, sum *tokenSum) (*apiKey, fault) { return m.set.find(sum) }
