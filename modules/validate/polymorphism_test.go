package validate

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

const payments = `{
"openapi":"3.0.3","info":{"title":"Payments","version":"1"},"paths":{"/payments":{"post":{"operationId":"pay",
 "requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Payment"}}}},"responses":{"200":{"description":"ok"}}}},
 "/accounts":{"post":{"operationId":"open",
 "requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Account"}}}},"responses":{"200":{"description":"ok"}}}}},
"components":{"schemas":{
 "Payment":{"oneOf":[{"$ref":"#/components/schemas/Card"},{"$ref":"#/components/schemas/Iban"}],
  "discriminator":{"propertyName":"kind","mapping":{"card":"#/components/schemas/Card","transfer":"Iban"}}},
 "Card":{"type":"object","required":["kind","number"],"properties":{"kind":{"type":"string"},"number":{"type":"string"}}},
 "Iban":{"type":"object","required":["kind","iban"],"properties":{"kind":{"type":"string"},"iban":{"type":"string","nullable":true}}},
 "Identified":{"type":"object","properties":{"id":{"$ref":"#/components/schemas/ID"}}},
 "ID":{"type":"string","readOnly":true},
 "Account":{"allOf":[{"$ref":"#/components/schemas/Identified"},{"type":"object","required":["id","owner"],"properties":{"owner":{"type":"string"},"secret":{"type":"string","writeOnly":true}}}]}
}}}`

// TestPolymorphism follows discriminators and read-only properties through
// references and allOf.
func TestPolymorphism(t *testing.T) {
	t.Parallel()
	s, err := serve(t, "payments.json", []byte(payments), &testSettings)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, body, want string }{
		{"/payments", `{"kind":"card","number":"1"}`, ""},
		{"/payments", `{"kind":"transfer","iban":null}`, ""},
		{"/payments", `{"kind":"card","iban":"1"}`, ""}, // a discriminator explains, it does not validate (OpenAPI 3.1.1 §4.8.25)
		{"/payments", `{"kind":"card","bank":"1"}`, `/number: required: is required`},
		{"/payments", `{"kind":"transfer","iban":7}`, `/iban: type: must be a string or null, not a number`},
		{"/payments", `{"kind":"Iban"}`, `/iban: required: is required`},
		{"/payments", `{"kind":"crad"}`, `/kind: discriminator: must be one of "Card", "Iban", "card" or "transfer"`},
		{"/payments", `{"number":"1"}`, `/kind: required: is required`},
		{"/payments", `[]`, `: type: must be an object, not an array`},
		{"/accounts", `{"owner":"me","secret":"x"}`, ""},
		{"/accounts", `{}`, `/owner: required: is required`},
		{"/accounts", `{"owner":"me","id":"x"}`, `/id: readOnly: is read-only: only the service sets it`},
	} {
		r := httptest.NewRequest("POST", test.path, strings.NewReader(test.body))
		r.Header.Set("Content-Type", "application/json")
		refusal, found := s.decide(r)
		got := ""
		if refusal != nil {
			got = strings.Join(texts(refusal), "; ")
		}
		if !found || got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.path, test.body, got, test.want)
		}
	}
}

// TestDefaultMapping: a value that names no branch is explained by the one for all others
// (OpenAPI 3.2).
func TestDefaultMapping(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"Iban", "#/components/schemas/Iban"} {
		text := strings.Replace(payments, `"openapi":"3.0.3"`, `"openapi":"3.2.0"`, 1)
		text = strings.Replace(text, `"type":"string","nullable":true`, `"type":["string","null"]`, 1)
		text = strings.Replace(text, `"propertyName":"kind",`, `"propertyName":"kind","defaultMapping":"`+target+`",`, 1)
		s, err := serve(t, "payments.json", []byte(text), &testSettings)
		if err != nil {
			t.Fatal(err)
		}
		for body, want := range map[string]string{
			`{"kind":"card"}`: `/number: required: is required`,
			`{"kind":"crad"}`: `/iban: required: is required`,
			`{"kind":7}`:      `/iban: required: is required; /kind: type: must be a string, not a number`,
			`{"iban":"1"}`:    `/kind: required: is required`,
		} {
			r := httptest.NewRequest("POST", "/payments", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			refusal, _ := s.decide(r)
			if refusal == nil {
				t.Errorf("%s %s: accepted", target, body)
			} else if got := strings.Join(texts(refusal), "; "); got != want {
				t.Errorf("%s %s: got %q, want %q", target, body, got, want)
			}
		}
	}
}

// TestUnsupportedBodies: what cannot be validated is an error at load, a warning
// beside something that can, and passes by name where the configuration says so.
func TestUnsupportedBodies(t *testing.T) {
	t.Parallel()
	contract := func(content string) []byte {
		return []byte(fmt.Sprintf(`{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"post":{"operationId":"send",
			"requestBody":{"content":{%s}},"responses":{"200":{"description":"ok"}}}}}}`, content))
	}
	const xml, csv = `"application/xml":{"schema":{"type":"object"}}`, `"text/csv":{"schema":{"type":"string"}}`
	if _, err := serve(t, "c.json", contract(xml), &testSettings); err == nil || !strings.Contains(err.Error(), "pass application/xml") {
		t.Errorf("only XML: %v", err)
	}
	s, err := serve(t, "c.json", contract(xml+`,"application/json":{}`), &testSettings)
	if err != nil || len(s.warnings) != 1 {
		t.Fatalf("XML and JSON: %v, %v", err, s)
	}
	r := httptest.NewRequest("POST", "/a", strings.NewReader("<a/>"))
	r.Header.Set("Content-Type", "application/xml")
	if refusal, _ := s.decide(r); refusal == nil || refusal.Detail != "send takes application/json." {
		t.Errorf("XML: %+v", refusal)
	}
	if s, err = serve(t, "c.json", contract(csv), &testSettings); err != nil || len(s.warnings) != 0 {
		t.Fatalf("CSV: %v", err)
	}
	r = httptest.NewRequest("POST", "/a", strings.NewReader("a,b"))
	r.Header.Set("Content-Type", "text/csv")
	if refusal, _ := s.decide(r); refusal != nil {
		t.Errorf("CSV: %+v", refusal)
	}
}
