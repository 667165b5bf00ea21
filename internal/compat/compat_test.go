package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gateway/internal/openapi"
	"gateway/internal/testfile"
)

// side makes a contract of text.
func side(t testing.TB, name, text string) Side {
	t.Helper()
	traced, err := openapi.TraceData(name+".yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return Side{Traced: traced, Label: name}
}

func compare(t testing.TB, older, newer string) *Report {
	t.Helper()
	r, err := Compare(side(t, "old", older), side(t, "new", newer))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// describe writes a report for a golden file.
func describe(r *Report) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%s %s\n\t%s%s\n\twas %s:%d:%d\n\tnow %s:%d:%d\n", c.Severity, c.Rule, c.Where(), c.Message,
			filepath.Base(c.Old.File), c.Old.Line, c.Old.Column, filepath.Base(c.New.File), c.New.Line, c.New.Column)
		if c.Overlay != "" {
			fmt.Fprintf(&b, "\tours: %s\n", c.Overlay)
		}
		if c.Advice != "" {
			fmt.Fprintf(&b, "\tdo: %s\n", c.Advice)
		}
		if c.Waived != "" {
			fmt.Fprintf(&b, "\twaived: %s\n", c.Waived)
		}
	}
	return b.String()
}

// TestChanges compares two contracts that differ in a dozen ways, with every place.
func TestChanges(t *testing.T) {
	t.Parallel()
	older, err := openapi.Trace("testdata/old.yaml")
	if err != nil {
		t.Fatal(err)
	}
	newer, err := openapi.Trace("testdata/new.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Compare(Side{Traced: older, Label: "old"}, Side{Traced: newer, Label: "new"})
	if err != nil {
		t.Fatal(err)
	}
	testfile.Golden(t, "testdata/changes.golden", describe(r))
}

// TestSame: what is the same is no change.
func TestSame(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"old", "new"} {
		text, err := os.ReadFile("testdata/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if r := compare(t, string(text), string(text)); len(r.Changes) > 0 {
			t.Errorf("%s differs from itself:\n%s", name, describe(r))
		}
	}
}

const shop = `openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /items/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: ok
          content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}
    delete:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}}
components:
  schemas:
    Item:
      type: object
      properties:
        id: {type: string}
        fax: {type: string}
`

// TestSeverity is one edit a row, with what it means for clients.
func TestSeverity(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, to string
		want           Severity
		rule           string
	}{
		{"a field that responses lose", "        fax: {type: string}\n", "", Breaking, "response-optional-property-removed"},
		{"a field that responses gain", "        fax:", "        mail: {type: string}\n        fax:", Compatible, "response-optional-property-added"},
		{"another type", "fax: {type: string}", "fax: {type: integer}", Breaking, "response-property-type-changed"},
		{"an operation that goes", "    delete:", "    x-delete:", Breaking, "api-removed-without-deprecation"},
		{"a parameter that callers have to send", `responses: {"200"`, `requestBody: {required: true, content: {application/json: {}}}` + "\n      " + `responses: {"200"`, Breaking, "request-body-added-required"},
		{"security where there was none", "    get:", "    get:\n      security: [{k: []}]", Breaking, ruleSecurity},
		{"security as a choice", "    get:", "    get:\n      security: [{k: []}, {}]", Compatible, "api-security-added"},
		{"another base path", "paths:", "servers: [{url: /shop}]\npaths:", Breaking, ruleBase},
		{"another base path of one operation", "    delete:", "    delete:\n      servers: [{url: /shop}]", Breaking, ruleBase},
		{"a status that errors have", `"200":` + "\n          description: ok", `"404": {description: no}` + "\n        " + `"200":` + "\n          description: ok", Compatible, "response-non-success-status-added"},
	} {
		newer := strings.Replace(shop, tt.from, tt.to, 1)
		if newer == shop {
			t.Fatalf("%s: nothing was edited", tt.name)
		}
		newer += "  securitySchemes: {k: {type: apiKey, in: header, name: K}}\n"
		r := compare(t, shop, newer)
		i := slices.IndexFunc(r.Changes, func(c Change) bool { return c.Rule == tt.rule })
		if i < 0 || r.Changes[i].Severity != tt.want {
			t.Errorf("%s: want %s %s, got\n%s", tt.name, tt.want, tt.rule, describe(r))
		}
		for _, c := range r.Changes {
			if c.New.Line == 0 || c.Old.Line == 0 || c.Severity != Compatible && c.Advice == "" {
				t.Errorf("%s: %s has no place or no advice: %+v", tt.name, c.Rule, c)
			}
		}
	}
}

// TestParameterNames: what a path parameter is called is nothing that clients see.
func TestParameterNames(t *testing.T) {
	t.Parallel()
	newer := strings.NewReplacer("{id}:", "{item}:", "name: id,", "name: item,").Replace(shop)
	if r := compare(t, shop, newer); newer == shop || len(r.Breaks()) > 0 {
		t.Errorf("got\n%s", describe(r))
	}
}

// TestVersionsInPaths: the version that every path begins with is no difference.
func TestVersionsInPaths(t *testing.T) {
	t.Parallel()
	for _, form := range []struct{ from, to string }{
		{"  /items/", "  /VERSION/items/"},
		{"paths:", "servers: [{url: /shop/VERSION}]\npaths:"},
	} {
		text := strings.Replace(shop, form.from, form.to, 1)
		older, newer := side(t, "v1", strings.ReplaceAll(text, "VERSION", "v1")), side(t, "v2", strings.Replace(strings.ReplaceAll(text, "VERSION", "v2"), "        fax: {type: string}\n", "", 1))
		older.Version, newer.Version = "v1", "v2"
		r, err := Compare(older, newer)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Breaks()) != 1 || r.Breaks()[0].Old.Line == 0 || len(r.Breaks()[0].Operations) != 2 {
			t.Errorf("%s: got\n%s", form.to, describe(r))
		}
	}
}

// TestReleases: the same contract in OpenAPI 3.0 and 3.1 is the same.
func TestReleases(t *testing.T) {
	t.Parallel()
	older := strings.Replace(strings.Replace(shop, "3.1.0", "3.0.3", 1), "fax: {type: string}", "fax: {type: string, nullable: true}", 1)
	newer := strings.Replace(shop, "fax: {type: string}", "fax: {type: [string, 'null']}", 1)
	if r := compare(t, older, newer); len(r.Changes) > 0 {
		t.Errorf("got\n%s", describe(r))
	}
}

func withoutFax(waiver string) string {
	return strings.Replace(shop, "      properties:\n        id: {type: string}\n        fax: {type: string}\n", "      "+waiver+"\n      properties:\n        id: {type: string}\n", 1)
}

func TestWaivers(t *testing.T) {
	t.Parallel()
	r := compare(t, shop, withoutFax("x-allow-breaking: {response-optional-property-removed: nobody has one, api-operation-id-removed: no}"))
	if len(r.Breaks()) != 0 || r.Changes[0].Waived != "nobody has one" {
		t.Errorf("got\n%s", describe(r))
	}
	if len(r.Unused) != 1 || r.Unused[0].Rule != "api-operation-id-removed" || r.Unused[0].At.Line == 0 {
		t.Errorf("unused are %+v", r.Unused)
	}
	// At one of two operations the waiver does not cover the other.
	text := strings.Replace(withoutFax("title: Item"), "    get:\n", "    get:\n      x-allow-breaking: {response-optional-property-removed: nobody has one}\n", 1)
	if r := compare(t, shop, text); len(r.Breaks()) != 1 || len(r.Unused) != 1 {
		t.Errorf("got\n%s", describe(r))
	}
}

// TestWaiversThatAreWrong compares every message.
func TestWaiversThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, waiver := range map[string]string{
		"no_reason":    `x-allow-breaking: {response-optional-property-removed: " "}`,
		"no_object":    "x-allow-breaking: yes",
		"empty":        "x-allow-breaking: {}",
		"unknown_rule": "x-allow-breaking: {response-optional-property-remove: nobody has one}",
	} {
		_, err := Compare(side(t, "old", shop), side(t, "new", withoutFax(waiver)))
		if err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		testfile.Golden(t, "testdata/waiver_"+name+".golden", err.Error()+"\n")
	}
	_, err := Compare(side(t, "old", shop), side(t, "new", shop+"x-allow-breaking: {api-operation-id-removed: no}\n"))
	if err == nil {
		t.Fatal("a waiver for everything is accepted")
	}
	testfile.Golden(t, "testdata/waiver_too_high.golden", err.Error()+"\n")
}

// TestOverlays: every rule that is judged anew is one of oasdiff's, and judged otherwise.
func TestOverlays(t *testing.T) {
	t.Parallel()
	for rule, j := range overlays {
		if kind, ok := rules[rule]; !ok || kind.severity == j.severity || j.because == "" {
			t.Errorf("%s: oasdiff says %q, we %q", rule, kind.severity, j.severity)
		}
	}
	for rule := range advices {
		if _, ok := rules[rule]; !ok && !slices.Contains(ownRules, rule) {
			t.Errorf("there is advice for %s, which is no rule", rule)
		}
	}
}
