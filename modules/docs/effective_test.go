package docs

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gateway/internal/openapi"
	"gateway/internal/testfile"
)

func contract(t testing.TB) *openapi.Contract {
	t.Helper()
	c, err := openapi.Load("testdata/orders/v1/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// everything is a document in front of which all policies stand.
func everything(c *openapi.Contract) Document {
	return Document{
		API: "orders", Version: "v1", Contract: c, Auth: true, RateLimit: true, Validate: true, Versioned: true,
		Deprecated: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Sunset: time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC),
	}
}

// shape is what the tests look at in an effective document.
type shape struct {
	OpenAPI string
	Servers []struct{ URL string }
	Paths   map[string]map[string]struct {
		Deprecated bool
		Responses  map[string]struct {
			Ref         string `json:"$ref"`
			Description string
			Headers     map[string]any
		}
	}
	Components struct {
		Responses map[string]struct {
			Description string
			Headers     map[string]any
			Content     map[string]struct {
				Examples map[string]struct{ Value map[string]any }
			}
		}
		Headers map[string]struct{ Example string }
	}
}

func effectiveShape(t testing.TB, d Document) shape {
	t.Helper()
	content, err := Effective(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openapi.Parse("effective.json", content); err != nil {
		t.Fatalf("the effective document is not a valid contract: %v", err)
	}
	var s shape
	if err := json.Unmarshal(content, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEffective(t *testing.T) {
	t.Parallel()
	s := effectiveShape(t, everything(contract(t)))
	create, health := s.Paths["/orders"]["post"], s.Paths["/health"]["get"]
	want := []string{"201", "400", "401", "403", "404", "410", "413", "415", "422", "429", "503"}
	if diff := cmp.Diff(want, sortedKeys(create.Responses)); diff != "" {
		t.Errorf("responses of createOrder (-want +got):\n%s", diff)
	}
	want = []string{"200", "400", "401", "403", "404", "410", "429", "503"}
	if diff := cmp.Diff(want, sortedKeys(health.Responses)); diff != "" {
		t.Errorf("responses of health, which takes nothing (-want +got):\n%s", diff)
	}
	if got := create.Responses["400"].Ref + " " + health.Responses["400"].Ref + " " + health.Responses["429"].Ref; got != "#/components/responses/gateway.400 #/components/responses/gateway.400-2 #/components/responses/gateway.429" {
		t.Errorf("the shared responses are %s", got)
	}
	if got := s.Components.Responses["gateway.400-2"].Description; strings.Contains(got, "schema.") || !strings.Contains(got, "version.missing") {
		t.Errorf("an operation that takes nothing is refused for %s", got)
	}
	if got := create.Responses["422"].Description; got != "The service has its own opinion." {
		t.Errorf("the contract's own 422 has become %q", got)
	}
	fields := []string{"Deprecation", "RateLimit", "RateLimit-Policy", "Sunset"}
	if diff := cmp.Diff(fields, sortedKeys(create.Responses["201"].Headers)); diff != "" {
		t.Errorf("header fields of a shared response (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append(fields, "X-Build"), sortedKeys(health.Responses["200"].Headers)); diff != "" {
		t.Errorf("header fields of a response with its own (-want +got):\n%s", diff)
	}
	if !create.Deprecated || !health.Deprecated {
		t.Error("the operations of a deprecated version are not marked")
	}
	if got := s.Servers[0].URL; got != "/shop" {
		t.Errorf("the server is %s", got)
	}
	if got := s.Components.Headers["gateway.Deprecation"].Example + " " + s.Components.Headers["gateway.Sunset"].Example; got != "@1796083200 Wed, 30 Jun 2027 00:00:00 GMT" {
		t.Errorf("announced are %s", got)
	}
	examples := s.Components.Responses["gateway.401"].Content["application/problem+json"].Examples
	if got := examples["auth.missing"].Value["code"]; got != "auth.missing" {
		t.Errorf("the example of a 401 has the code %v", got)
	}
	if _, leaked := examples["auth.signature"]; leaked {
		t.Error("a reason that clients never see is documented")
	}
	if got := sortedKeys(s.Components.Responses["gateway.429"].Headers); !slices.Equal(got, []string{"Retry-After"}) {
		t.Errorf("a 429 has the fields %v", got)
	}
}

// TestEffectiveWithoutPolicies: nothing is announced that does not happen.
func TestEffectiveWithoutPolicies(t *testing.T) {
	t.Parallel()
	s := effectiveShape(t, Document{API: "orders", Contract: contract(t)})
	if diff := cmp.Diff([]string{"201", "404", "422"}, sortedKeys(s.Paths["/orders"]["post"].Responses)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := s.Paths["/orders"]["post"].Responses["201"].Ref; got != "#/components/responses/Created" {
		t.Errorf("a response that nothing was added to has become %q", got)
	}
}

// TestEffectiveSecurity: where the contract says nothing about security, the document
// says what the gateway asks for; elsewhere it stays.
func TestEffectiveSecurity(t *testing.T) {
	t.Parallel()
	d := everything(contract(t))
	d.Bearer, d.KeyField = true, "X-Key"
	for anonymous, want := range map[bool]string{
		false: `[{"gateway.token":[]},{"gateway.key":[]}]`, true: `[{},{"gateway.token":[]},{"gateway.key":[]}]`,
	} {
		d.Anonymous = anonymous
		content, err := Effective(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := openapi.Parse("effective.json", content)
		if err != nil {
			t.Fatal(err)
		}
		create, health := again.Operations[0], again.Operations[1]
		if len(create.Security) != 1 || create.Security[0][0].Name != "token" {
			t.Errorf("the security of createOrder has become %+v", create.Security)
		}
		if !strings.Contains(string(content), `"security":`+want) || len(health.Security) != strings.Count(want, "{") {
			t.Errorf("the security of health is %+v, want %s", health.Security, want)
		}
		if key := health.Security[len(health.Security)-1][0]; key.Type != "apiKey" || key.In != "header" || key.Param != "X-Key" {
			t.Errorf("the API key is %+v", key)
		}
	}
	d.Auth = false
	if content, err := Effective(d); err != nil || strings.Contains(string(content), "gateway.token") {
		t.Errorf("nobody asks for a token: %v", err)
	}
}

// TestEffectiveAnswers: an enforced contract and a mock have refusals of their own.
func TestEffectiveAnswers(t *testing.T) {
	t.Parallel()
	d := Document{API: "orders", Contract: contract(t), Responses: func(id string) bool { return id == "health" }, Validate: true, Mock: true}
	s := effectiveShape(t, d)
	for status, code := range map[string]string{"502": "schema.response", "406": "mock.accept", "400": "mock.prefer"} {
		if s.Paths["/health"]["get"].Responses[status].Ref == "" || !strings.Contains(s.Components.Responses["gateway."+status].Description, code) {
			t.Errorf("%s does not say %s: %+v", status, code, s.Components.Responses["gateway."+status])
		}
	}
	if got := s.Paths["/orders"]["post"].Responses["502"].Ref; got != "" {
		t.Errorf("an operation whose responses are not enforced has %s", got)
	}
}

func TestEffectivePaths(t *testing.T) {
	t.Parallel()
	d := everything(contract(t))
	d.Public = func(op *openapi.Operation) string { return "/shop/v1" + op.Template }
	if got := effectiveShape(t, d).Servers[0].URL; got != "/shop/v1" {
		t.Errorf("the server is %s", got)
	}
	d.Public = func(op *openapi.Operation) string { return op.Template }
	if got := effectiveShape(t, d).Servers[0].URL; got != "/" {
		t.Errorf("the server is %s", got)
	}
	d.Public = func(op *openapi.Operation) string {
		if op.Template == "/health" {
			return "/v1/health"
		}
		return op.Template
	}
	content, err := Effective(d)
	if err != nil || !strings.Contains(string(content), `"servers":[{"url":"/v1"}]`) {
		t.Errorf("a path with another base is not marked: %v", err)
	}
}

// TestEffectiveKeepsNames: names of the contract that look like ours stay theirs.
func TestEffectiveKeepsNames(t *testing.T) {
	t.Parallel()
	c, err := openapi.Parse("openapi.json", []byte(`{
		"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
		"paths": {"/a": {"get": {"responses": {"200": {"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/gateway.Problem"}}}}}}}},
		"components": {"schemas": {"gateway.Problem": {"type": "string"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	content, err := Effective(everything(c))
	if err != nil || !strings.Contains(string(content), `"gateway.Problem":{"type":"string"}`) || !strings.Contains(string(content), `"gateway_.Problem":{"type":"object"`) {
		t.Errorf("%v: %.2000s", err, content)
	}
}

// TestEffectiveOrder: the document reads as its author wrote it.
func TestEffectiveOrder(t *testing.T) {
	t.Parallel()
	content, err := Effective(everything(contract(t)))
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, name := range []string{`"openapi"`, `"info"`, `"paths"`, `"/orders"`, `"createOrder"`, `"/health"`, `"components"`} {
		i := strings.Index(string(content), name)
		if i <= last {
			t.Errorf("%s has moved", name)
		}
		last = i
	}
}

// TestEffectiveOfOthers: the effective documents of real contracts are valid contracts
// with the same operations.
func TestEffectiveOfOthers(t *testing.T) {
	t.Parallel()
	for _, file := range corpus(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			c, err := openapi.Load(file)
			if err != nil {
				t.Skip("the contract is not accepted")
			}
			content, err := Effective(everything(c))
			if err != nil {
				t.Fatal(err)
			}
			again, err := openapi.Parse("effective.json", content)
			if err != nil {
				t.Fatalf("%.2000s", err.Error())
			}
			if len(again.Operations) != len(c.Operations) {
				t.Errorf("%d operations have become %d", len(c.Operations), len(again.Operations))
			}
		})
	}
}

// corpus is a selection of the documents of others that stand beside the checkout.
func corpus(t testing.TB) []string {
	t.Helper()
	dir := testfile.Shared(t, "openapi-specs")
	var files []string
	for _, pattern := range []string{"*/*.json", "*/*.yaml", "*/*/*.json", "*/*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// TestEffectiveFollows: shared path items and responses are described where they are
// used, and stay what they are where others refer to them.
func TestEffectiveFollows(t *testing.T) {
	t.Parallel()
	c, err := openapi.Parse("openapi.json", []byte(`{
		"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
		"paths": {
			"/a~b": {"get": {"responses": {"200": {"$ref": "#/components/responses/x%2Ey"}}}},
			"/c": {"$ref": "#/paths/~1a~0b"},
			"/d": {"$ref": "#/components/pathItems/shared"}},
		"components": {
			"pathItems": {"shared": {"get": {"responses": {"200": {"description": "shared"}}}}},
			"responses": {"x.y": {"description": "chained"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := effectiveShape(t, everything(c))
	for path, want := range map[string]string{"/a~b": "chained", "/c": "chained", "/d": "shared"} {
		got := s.Paths[path]["get"].Responses["200"]
		if got.Description != want || len(got.Headers) != 4 || s.Paths[path]["get"].Responses["404"].Ref == "" {
			t.Errorf("%s: %+v", path, s.Paths[path]["get"])
		}
	}
	if got := s.Components.Responses["x.y"]; got.Description != "chained" || len(got.Headers) != 0 {
		t.Errorf("the shared response has become %+v", got)
	}
}
