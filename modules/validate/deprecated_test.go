package validate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"

	"gateway/internal/gatewaytest"
)

const outdated = `openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /a/{id}:
    parameters:
      - {name: id, in: path, required: true, deprecated: true, schema: {type: string}}
    get:
      operationId: getA
      responses: {'200': {description: OK}}
  /b:
    get:
      operationId: getB
      deprecated: true
      x-deprecated: "2026-12-01"
      parameters:
        - {name: 'sta"tus', in: query, deprecated: true, schema: {type: string}}
        - {name: filter, in: query, deprecated: true, style: deepObject, schema: {type: object}}
        - {name: X-Old, in: header, deprecated: true, schema: {type: string}}
        - {name: tracker, in: cookie, deprecated: true, schema: {type: string}}
        - {name: fresh, in: query, schema: {type: integer}}
      responses: {'200': {description: OK}}
    post:
      operationId: postB
      deprecated: true
      responses: {'200': {description: OK}}
    delete:
      operationId: deleteB
      parameters:
        - {name: "größe", in: query, deprecated: true, schema: {type: string}}
      responses: {'200': {description: OK}}
`

// TestDeprecated sends requests that use what is deprecated, and some that do not.
func TestDeprecated(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "openapi.yaml"), []byte(outdated), 0o600); err != nil {
		t.Fatal(err)
	}
	gw, err := gatewaytest.LoadFile(t, filepath.Join(folder, "Caddyfile"), ":8080 {\n\tapi outdated {\n\t\tcontract openapi.yaml\n\t\trespond ok\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, target string
		header         []string
		want, date     string
	}{
		{"GET", "/a/1", nil, `path;name="id"`, ""},
		{"GET", "/b", nil, `operation;id="getB"`, "@1796083200"},
		{"GET", "/b?fresh=x", nil, `operation;id="getB"`, "@1796083200"}, // refused
		{"GET", "/b?fresh=1&sta%22tus=1", nil, `operation;id="getB", query;name="sta\"tus"`, "@1796083200"},
		{"GET", "/b?filter[a]=1&filter[b]=2", []string{"X-Old", "1", "Cookie", "a=b; tracker=c"}, `operation;id="getB", query;name="filter", header;name="X-Old", cookie;name="tracker"`, "@1796083200"},
		{"POST", "/b", nil, `operation;id="postB"`, ""},
		{"DELETE", "/b?other=1", nil, "", ""},
		{"DELETE", "/b?gr%C3%B6%C3%9Fe=1", nil, `query;name="gr%C3%B6%C3%9Fe"`, ""},
	} {
		resp := gw.Do(test.method, test.target, test.header...)
		got := strings.Join(resp.Header().Values("Gateway-Deprecated"), ", ")
		if got != test.want || resp.Header().Get("Deprecation") != test.date {
			t.Errorf("%s %s: got %s, %s", test.method, test.target, got, resp.Header())
		}
		if _, err := httpsfv.UnmarshalList(resp.Header().Values("Gateway-Deprecated")); err != nil {
			t.Errorf("%s is no List: %v", got, err)
		}
	}
	for _, want := range []struct {
		route, part string
		count       float64
	}{{"/a/{id}", "parameter", 1}, {"/a/{id}", "operation", 0}, {"/b", "operation", 5}, {"/b", "parameter", 3}} {
		if n := gw.Metric("gateway_deprecated_requests_total", "api", "outdated", "route", want.route, "part", want.part); n != want.count {
			t.Errorf("%s %s: counted %v times, want %v", want.route, want.part, n, want.count)
		}
	}
	for extension, says := range map[string]string{"x-deprecated: soon": "not a date", "x-deprecated: '2026-12-01'": "is not deprecated"} {
		if _, err := limited(t, extension, "\t\t\tmax_depth 3\n"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: loaded with %v", extension, err)
		}
	}
}
