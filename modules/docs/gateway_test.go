package docs_test

import (
	"os"
	"path/filepath"
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

// TestBesideTheAPI: each version has its document where its operations are, unless an
// operation or another document is there.
func TestBesideTheAPI(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	contract := func(name, path string) {
		t.Helper()
		file := filepath.Join(folder, "api", name, "openapi.yaml")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		text := "openapi: 3.1.0\ninfo: {title: " + name + ", version: \"1\"}\npaths:\n  " + path + ":\n    get:\n      responses: {\"200\": {description: Fine.}}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	contract("orders/v1", "/orders")
	contract("orders/v2", "/openapi.json")
	load := func(caddyfile string) *gatewaytest.Gateway {
		t.Helper()
		gw, err := gatewaytest.LoadFile(t, filepath.Join(folder, "Caddyfile"), caddyfile)
		if err != nil {
			t.Fatal(err)
		}
		return gw
	}
	gw := load(":8080 {\n\tapi orders {\n\t\tdocs\n\t\trespond \"the service\"\n\t}\n}\n")
	for path, want := range map[string]string{
		"/v1/openapi.json":     `"title":"orders/v1"`,
		"/v1/openapi.yaml":     "title: orders/v1",
		"/v2/openapi.json":     "the service",
		"/v2/openapi.yaml":     "title: orders/v2",
		"/docs/orders/v1.yaml": "title: orders/v1",
		"/openapi.json":        `"code":"route.not_found"`,
	} {
		if res := gw.Do("GET", path); !strings.Contains(res.Body.String(), want) {
			t.Errorf("%s: got %d %.200s, want %s", path, res.Code, res.Body, want)
		}
	}
	if got := gw.Do("GET", "/v1/openapi.yaml").Header().Get("Content-Type"); got != "application/yaml" {
		t.Errorf("YAML is sent as %s", got)
	}
	byHeader := load(":8080 {\n\tapi orders {\n\t\tversioning {\n\t\t\theader\n\t\t}\n\t\tdocs\n\t\trespond ok\n\t}\n}\n")
	for _, path := range []string{"/openapi.yaml", "/v1/openapi.json"} {
		if res := byHeader.Do("GET", path, "API-Version", "v1"); res.Problem().Code != "route.not_found" {
			t.Errorf("%s, of which two documents might be: got %d %s", path, res.Code, res.Body)
		}
	}
	without := load(":8080 {\n\tapi orders {\n\t\trespond ok\n\t}\n}\n")
	if res := without.Do("GET", "/v1/openapi.json"); res.Problem().Code != "route.not_found" {
		t.Errorf("without docs: got %d %s", res.Code, res.Body)
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
