package docs_test

import (
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

const byHand = `:8080 {
	docs /reference {
		contract testdata/orders/v1/openapi.yaml
		contract testdata/orders/v1/openapi.yaml users
	}
	respond "not documentation: {path}"
}
`

// TestByHand: docs as an ordinary directive, without an api block.
func TestByHand(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, byHand)
	for path, want := range map[string]string{
		"/docs/errors/auth.missing":     "# auth.missing",
		"/docs/errors/":                 "# Reasons",
		"/reference/":                   `<option value="users/v1.json">users v1</option>`,
		"/reference/orders/v1.json":     `"openapi":"3.1`,
		"/reference/_/docs.js":          "SwaggerUIBundle",
		"/docs/":                        "not documentation: /docs/",
		"/orders":                       "not documentation: /orders",
		"/referenced/orders/v1.json":    "not documentation: /referenced/orders/v1.json",
		"/reference/orders/v2.json":     `"code":"route.not_found"`,
		"/docs/errors/auth.nothing":     `"code":"route.not_found"`,
		"/docs/errors/auth.missing.txt": `"code":"route.not_found"`,
	} {
		if res := gw.Do("GET", path); !strings.Contains(res.Body.String(), want) {
			t.Errorf("%s: got %d %.200s, want %s", path, res.Code, res.Body, want)
		}
	}
}

// TestWithoutContracts: only the pages about the reasons.
func TestWithoutContracts(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tdocs\n\trespond \"not documentation\"\n}\n")
	if res := gw.Do("GET", "/docs/errors/limit.exceeded", "Accept", "text/html"); !strings.Contains(res.Body.String(), "<h1>limit.exceeded</h1>") {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
	if res := gw.Do("GET", "/docs/"); res.Body.String() != "not documentation" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
}

// TestTypeURLsLead: the page of a refusal is where its problem document says.
func TestTypeURLsLead(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tversioning {\n\t\theader\n\t\tversion v1\n\t}\n\tdocs\n\trespond ok\n\thandle_errors {\n\t\tproblem\n\t}\n}\n")
	p := gw.Do("GET", "/orders").Problem()
	if res := gw.Do("GET", p.Type, "API-Version", "v1"); res.Code != 200 || !strings.HasPrefix(res.Body.String(), "# "+p.Code) {
		t.Errorf("%s: got %d %.100s", p.Type, res.Code, res.Body)
	}
}

// TestRefusedConfigs compares the message of every mistake in testdata/refused, which
// is named after the mistake.
func TestRefusedConfigs(t *testing.T) {
	t.Parallel()
	gatewaytest.Refused(t, "testdata/refused/*.caddyfile")
}
