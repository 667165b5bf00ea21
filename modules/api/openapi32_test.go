package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

const search32 = `openapi: 3.2.0
info: {title: Search, version: "1"}
paths:
  /orders:
    get:
      responses: {"200": {description: ok}}
    query:
      operationId: search
      requestBody:
        required: true
        content: {application/json: {$ref: "#/components/mediaTypes/Search"}}
      responses: {"200": {description: found}}
    additionalOperations:
      COPY:
        operationId: copy
        parameters:
          - {name: Destination, in: header, required: true, schema: {type: string, minLength: 2}}
          - {name: flags, in: cookie, style: cookie, explode: false, schema: {type: array, maxItems: 2, items: {enum: [a, b, "a%2Cb"]}}}
        responses: {"201": {description: copied}}
  /jobs:
    query: {operationId: jobs, responses: {"200": {description: found}}}
components:
  mediaTypes:
    Search: {schema: {type: object, required: [text], properties: {text: {type: string}}}}
`

// gateway32 serves a contract of OpenAPI 3.2; its service says with which method and
// body it was called.
func gateway32(t *testing.T) *gatewaytest.Gateway {
	t.Helper()
	file := filepath.Join(t.TempDir(), "search.yaml")
	if err := os.WriteFile(file, []byte(search32), 0o644); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body any
		_ = json.NewDecoder(r.Body).Decode(&body)
		_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "body": body})
	}))
	t.Cleanup(server.Close)
	return gatewaytest.New(t, ":8080 {\n\tapi search {\n\t\tcontract "+file+"\n\t\tdocs\n\t\treverse_proxy "+strings.TrimPrefix(server.URL, "http://")+"\n\t}\n}\n")
}

// TestMethodsOfOpenAPI32: the operations that 3.2 added are routed and checked.
func TestMethodsOfOpenAPI32(t *testing.T) {
	t.Parallel()
	gw := gateway32(t)
	body := func(text string) []string { return []string{"Content-Type", "application/json", "", text} }
	for _, tt := range []struct {
		method, path string
		header       []string
		status       int
		code, holds  string
	}{
		{"QUERY", "/orders", body(`{"text":"x"}`), 200, "", `{"body":{"text":"x"},"method":"QUERY"}`},
		{"QUERY", "/orders", body(`{"text":1}`), 422, "schema.body", "/text"},
		{"QUERY", "/orders", body(`{}`), 422, "schema.body", "/text"},
		{"QUERY", "/orders", nil, 422, "schema.body", ""},
		{"query", "/orders", body(`{"text":"x"}`), 405, "route.method", ""},
		{"COPY", "/orders", []string{"Destination", "/x"}, 200, "", `"method":"COPY"`},
		{"COPY", "/orders", []string{"Destination", "/"}, 400, "schema.header", "Destination"},
		{"COPY", "/orders", []string{"Destination", "/x", "Cookie", "flags=a,b"}, 200, "", ""},
		{"COPY", "/orders", []string{"Destination", "/x", "Cookie", "flags=a%2Cb"}, 200, "", ""},
		{"COPY", "/orders", []string{"Destination", "/x", "Cookie", "flags=a,b,a%2Cb"}, 400, "schema.cookie", "flags"},
		{"copy", "/orders", nil, 405, "route.method", ""},
		{"MOVE", "/orders", nil, 405, "route.method", ""},
		{"GET", "/orders", nil, 200, "", ""},
		{"HEAD", "/orders", nil, 200, "", ""},
		{"GET", "/jobs", nil, 405, "route.method", ""},
		{"HEAD", "/jobs", nil, 405, "", ""},
	} {
		res := gw.Do(tt.method, tt.path, tt.header...)
		if res.Code != tt.status || res.Problem().Code != tt.code || !strings.Contains(res.Body.String(), tt.holds) {
			t.Errorf("%s %s %q: got %d %s, want %d %s %s", tt.method, tt.path, tt.header, res.Code, res.Body, tt.status, tt.code, tt.holds)
		}
	}
	for path, want := range map[string]string{"/orders": "COPY, GET, HEAD, QUERY", "/jobs": "QUERY"} {
		if got := gw.Do("DELETE", path).Header().Get("Allow"); got != want {
			t.Errorf("%s: Allow is %q, want %q", path, got, want)
		}
	}
}

// TestDocumentOfOpenAPI32: the refusals stand where the operations do, and the document
// says what it is.
func TestDocumentOfOpenAPI32(t *testing.T) {
	t.Parallel()
	gw := gateway32(t)
	res := gw.Do("GET", "/docs/search.json")
	var document struct {
		OpenAPI string
		Paths   map[string]struct {
			Query, Copy          *struct{ Responses map[string]any }
			AdditionalOperations map[string]struct{ Responses map[string]any }
		}
	}
	if err := json.Unmarshal(res.Body.Bytes(), &document); err != nil {
		t.Fatalf("%d %s", res.Code, res.Body)
	}
	orders := document.Paths["/orders"]
	switch {
	case document.OpenAPI != "3.2.0":
		t.Errorf("the document is %q", document.OpenAPI)
	case orders.Query == nil || orders.Query.Responses["422"] == nil:
		t.Error("QUERY has no refusals")
	case orders.Copy != nil || len(orders.AdditionalOperations) != 1 || orders.AdditionalOperations["COPY"].Responses["400"] == nil:
		t.Errorf("COPY stands elsewhere, or has no refusals: %+v", orders)
	}
}
