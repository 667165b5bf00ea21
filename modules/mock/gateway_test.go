package mock_test

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/internal/openapi"
)

// shop mocks the contract in testdata. Its own answers have to keep the contract.
func shop(t testing.TB, options string) *gatewaytest.Gateway {
	t.Helper()
	gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", `:8080 {
	api shop {
		contract shop.yaml
		validate {
			responses enforce
		}
		`+options+`
		mock
	}
}
`)
	if err != nil {
		t.Fatal(err)
	}
	return gw
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	gw := shop(t, "")
	const pretty = `[{"quantity":2,"id":"z"},{"quantity":1,"id":"a"}]`
	for _, test := range []struct {
		method, target string
		header         []string
		status         int
		mediaType      string
		body           string
	}{
		{"GET", "/orders", nil, 200, "application/json", pretty},
		{"HEAD", "/orders", nil, 200, "application/json", pretty}, // the server leaves it out
		{"GET", "/orders", []string{"Prefer", "example=none"}, 200, "application/json", "[]"},
		{"GET", "/orders", []string{"Accept", "text/csv"}, 200, "text/csv", "id,quantity\nz,2\n"},
		{"GET", "/orders", []string{"Accept", "text/*;q=0.9, application/json;q=0.8"}, 200, "text/csv", "id,quantity\nz,2\n"},
		{"GET", "/orders", []string{"Accept", "*/*, application/json;q=0"}, 200, "text/csv", "id,quantity\nz,2\n"},
		{"GET", "/orders", []string{"Accept", "nonsense"}, 200, "application/json", pretty},
		{"GET", "/orders", []string{"Prefer", "code=404"}, 404, "application/problem+json", `{"title":"No shop"}`},
		{"GET", "/orders", []string{"Prefer", "wait=10, code=503"}, 503, "text/html", "<h1>Closed</h1>"},
		{"GET", "/orders", []string{"Prefer", "wait=10", "Prefer", "Code = 503 ; example=\"closed\""}, 503, "application/json", `{"open":false}`},
		{"GET", "/orders", []string{"Prefer", "example=closed"}, 500, "application/json", `{"open":false}`},
		{"GET", "/orders", []string{"Prefer", "respond-async"}, 200, "application/json", pretty},
		{"POST", "/orders", []string{"Content-Type", "application/json", "", `{"quantity":1,"secret":"s"}`}, 201, "application/json", `{"id":"ord_1","quantity":1}`},
		{"POST", "/orders", []string{"Content-Type", "application/json", "Prefer", "code=422", "", `{"quantity":1,"secret":"s"}`}, 422, "", ""},
		{"GET", "/orders/7", nil, 207, "text/plain", "several"},
		{"GET", "/orders/7", []string{"Prefer", "code=200"}, 200, "application/json", `{"id":"ord_1","quantity":1}`},
		{"DELETE", "/orders/7", nil, 204, "", ""},
		{"DELETE", "/orders/7", []string{"Prefer", "code=418"}, 418, "application/json", "{}"},
		{"GET", "/old", nil, 308, "", ""},
		{"GET", "/picture", nil, 202, "application/octet-stream", "later"},
	} {
		got := gw.Do(test.method, test.target, test.header...)
		if got.Code != test.status || got.Header().Get("Content-Type") != test.mediaType || got.Body.String() != test.body {
			t.Errorf("%s %s %q: got %d %s %s", test.method, test.target, test.header, got.Code, got.Header().Get("Content-Type"), got.Body)
		}
		if got.Header().Get("Gateway-Mock") != "true" || got.Header().Get("Cache-Control") != "no-store" || got.Header().Get("Vary") == "" {
			t.Errorf("%s %s: the header is %v", test.method, test.target, got.Header())
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	gw := shop(t, "")
	got := gw.Do("GET", "/orders", "Prefer", `code=200, example="two"`).Header()
	for name, want := range map[string]string{
		"X-Total": "7", "X-Page": "number,2,size,10", "X-Sizes": "a=1,b=2", "X-Facets": `{"red":1}`, "X-Optional": "",
		"Content-Length": "49", "Preference-Applied": "code=200, example=two",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	if vary := got.Values("Vary"); !slices.Contains(vary, "Accept") || !slices.Contains(vary, "Prefer") {
		t.Errorf("Vary is %q", vary)
	}
	if got := gw.Do("GET", "/old").Header().Get("Location"); got != "/orders" {
		t.Errorf("Location is %q", got)
	}
}

// TestRefusals keeps what clients read who ask for what there is not.
func TestRefusals(t *testing.T) {
	t.Parallel()
	gw := shop(t, "")
	var text strings.Builder
	for _, header := range [][]string{
		{"Prefer", "code=409"}, {"Prefer", "code=abc"}, {"Prefer", "code=1000"}, {"Prefer", "code=100"}, {"Prefer", "example=three"},
		{"Prefer", "code=404, example=two"}, {"Accept", "application/pdf"}, {"Accept", "image/*, application/json;q=0"},
		{"Prefer", "example=none", "Accept", "text/csv"},
	} {
		got := gw.Do("GET", "/orders", header...)
		p := got.Problem()
		fmt.Fprintf(&text, "%s\n  %d %s: %s\n", strings.Join(header, " "), got.Code, p.Code, p.Detail)
		if !slices.Contains([]string{"mock.prefer", "mock.accept"}, p.Code) || got.Header().Get("Gateway-Mock") != "" {
			t.Errorf("%q: got %d %s", header, got.Code, got.Body)
		}
	}
	got := gw.Do("GET", "/picture", "Prefer", "code=200")
	fmt.Fprintf(&text, "%s\n  %d %s: %s\n", "/picture Prefer code=200", got.Code, got.Problem().Code, got.Problem().Detail)
	got = gw.Do("DELETE", "/orders/7", "Prefer", "code=404", "Accept", "text/html")
	fmt.Fprintf(&text, "%s\n  %d %s: %s\n", "DELETE Accept text/html", got.Code, got.Problem().Code, got.Problem().Detail)
	gatewaytest.Golden(t, "testdata/refusals.golden", []byte(text.String()))
}

// TestPolicies: requests are decided about as if there were a service.
func TestPolicies(t *testing.T) {
	t.Parallel()
	gw := shop(t, "auth https://idp.invalid {\n\t\t\taudience shop\n\t\t}\n\t\tratelimit 1/1h")
	if got := gw.Do("GET", "/orders"); got.Problem().Code != "auth.missing" {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	gw = shop(t, "ratelimit 3/1h")
	for _, test := range []struct {
		method, target string
		header         []string
		code           string
	}{
		{"GET", "/orders?limit=51", nil, "schema.query"},
		{"POST", "/orders", []string{"Content-Type", "application/json", "", "{}"}, "schema.body"},
		{"GET", "/orders/12345", nil, "schema.path"},
		{"GET", "/nothing", nil, "route.not_found"},
		{"GET", "/orders", nil, "limit.exceeded"},
	} {
		if got := gw.Do(test.method, test.target, test.header...); got.Problem().Code != test.code {
			t.Errorf("%s %s: got %d %s, want %s", test.method, test.target, got.Code, got.Body, test.code)
		}
	}
}

// TestBesideAService: what the directives of the block do not answer, the mock does.
func TestBesideAService(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Total", "9")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("[]"))
	}))
	defer service.Close()
	gw := shop(t, "header X-Stage preview\n\t\treverse_proxy /orders "+service.URL)
	if got := gw.Do("GET", "/orders"); got.Body.String() != "[]" || got.Header().Get("Gateway-Mock") != "" {
		t.Errorf("the service is there, and the mock says %s", got.Body)
	}
	if got := gw.Do("GET", "/orders/7"); got.Code != 207 || got.Header().Get("Gateway-Mock") != "true" || got.Header().Get("X-Stage") != "preview" {
		t.Errorf("got %d %v", got.Code, got.Header())
	}
}

// TestChangedContract: a saved edit is answered without a reload, and one that cannot be
// answered leaves the mock as it was.
func TestChangedContract(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "contract.yaml")
	contract := func(content string) string {
		return "openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\npaths:\n  /a:\n    get:\n      responses:\n        \"200\":\n          description: It.\n          content: {" + content + "}\n"
	}
	write(t, file, contract("application/json: {example: first}"))
	gw, err := gatewaytest.LoadFile(t, filepath.Join(folder, "Caddyfile"), ":8080 {\n\tapi changing-mock {\n\t\tcontract contract.yaml\n\t\tmock\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	eventually := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: still not so after 10 s", what)
			}
		}
	}
	says := func(body string) func() bool {
		return func() bool { return gw.Do("GET", "/a").Body.String() == body }
	}
	eventually("the first answer", says(`"first"`))
	write(t, file, contract("application/json: {example: second}"))
	eventually("the second answer", says(`"second"`))
	write(t, file, contract("image/png: {}"))
	eventually("the finding", func() bool { return gw.Metric("gateway_contract_healthy", "api", "changing-mock") == 0 })
	if !says(`"second"`)() {
		t.Errorf("got %s", gw.Do("GET", "/a").Body)
	}
}

// TestMistakes keeps what people read when a mock does not load.
func TestMistakes(t *testing.T) {
	t.Parallel()
	const head = "openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\npaths:\n  /a:\n    get:\n      operationId: getA\n"
	contracts := map[string]string{
		"no responses":   "",
		"no example":     "      responses:\n        \"200\":\n          description: A picture.\n          content: {image/png: {}, application/xml: {schema: {type: object}}}\n",
		"no value":       "      responses:\n        \"200\":\n          description: Nothing.\n          content: {application/json: {schema: {type: string, minLength: 9, maxLength: 3}}}\n",
		"no field":       "      responses:\n        \"200\":\n          description: Nothing.\n          headers: {X-A: {required: true, schema: {type: integer, minimum: 4, maximum: 3}}}\n",
		"control":        "      responses:\n        \"200\":\n          description: Two lines.\n          headers: {X-A: {example: \"a\\nb\"}}\n",
		"only a default": "      responses:\n        default:\n          description: A picture.\n          content: {image/*: {}}\n",
	}
	var text strings.Builder
	load := func(name, caddyfile, contract string) {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "contract.yaml"), contract)
		_, err := gatewaytest.LoadFile(t, filepath.Join(folder, "Caddyfile"), caddyfile)
		if err == nil {
			t.Errorf("%s loads", name)
			return
		}
		message := strings.ReplaceAll(err.Error(), folder+"/", "")
		fmt.Fprintf(&text, "# %s\n%s\n\n", name, message)
	}
	for _, name := range slices.Sorted(maps.Keys(contracts)) {
		load(name, ":8080 {\n\tapi a {\n\t\tcontract contract.yaml\n\t\tmock\n\t}\n}\n", head+contracts[name])
	}
	const good = head + "      responses: {\"200\": {description: Fine.}}\n"
	for _, block := range []string{"mock now", "mock {\n\t\t\tdelay 1s\n\t\t}", "mock\n\t\tmock", "mock\n\t\treverse_proxy localhost:9001", "respond 200\n\t\tmock"} {
		load(block, ":8080 {\n\tapi a {\n\t\tcontract contract.yaml\n\t\t"+block+"\n\t}\n}\n", good)
	}
	load("outside", ":8080 {\n\tmock\n}\n", good)
	gatewaytest.Golden(t, "testdata/mistakes.golden", []byte(text.String()))
}

func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wrongExamples are the operations whose own examples break the contract.
var wrongExamples = map[string]string{
	"post-legalEntities-id-checkVerificationErrors": "codes are strings, and numbers in the example",
	"create-booking-payment":                        "the example of the response is that of the request, with what is write-only",
}

// unanswerable are real contracts with an operation that has no answer, and why.
var unanswerable = map[string]string{
	"exoapi.dev_1.0.0.json":          "image/png cannot be made up",
	"v3.1-non-oauth-scopes.json":     "it declares no response",
	"3.1-schema-encoding-style.json": "it declares no response",
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// TestRealContracts mocks every real contract that loads: what the mock says keeps the
// contract, for every operation and every declared response.
func TestRealContracts(t *testing.T) {
	t.Parallel()
	folder := gatewaytest.Testdata(t, "openapi-specs")
	tried, contracts, answered := 0, 0, 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(path)) {
			return err
		}
		if tried++; raceEnabled && tried%8 != 0 {
			return nil // the detector is slow, and all of them do the same
		}
		contract, err := openapi.Load(path)
		if err != nil {
			return nil // the contract's own room has a test for each of these
		}
		name := strings.TrimPrefix(path, folder+"/")
		gw, err := gatewaytest.LoadFile(t, "testdata/Caddyfile", `:8080 {
	api a {
		contract `+path+`
		base /
		auth off
		validate {
			mode off
			pass */*
			responses enforce
		}
		mock
	}
}
`)
		if why := unanswerable[filepath.Base(name)]; err != nil && why != "" && strings.Contains(err.Error(), why) {
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		contracts++
		for _, op := range contract.Operations {
			answered += askAll(t, gw, name, op)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !raceEnabled && (contracts < 40 || answered < 400) {
		t.Errorf("only %d contracts were mocked, with %d answers", contracts, answered)
	}
}

// askAll asks for every declared response of an operation.
func askAll(t *testing.T, gw *gatewaytest.Gateway, file string, op *openapi.Operation) (answered int) {
	if op.Method == "TRACE" || op.Method == "HEAD" {
		return 0
	}
	for _, status := range op.Statuses() {
		code := strings.Replace(strings.Replace(status, "XX", "11", 1), "default", "511", 1)
		if code[0] == '1' {
			continue
		}
		got := gw.Do(op.Method, variable.ReplaceAllString(op.Template, "1"), "Prefer", "code="+code)
		answered++
		if wrongExamples[op.ID] != "" && got.Problem().Code == "schema.response" {
			continue
		}
		if fmt.Sprint(got.Code) != code && got.Problem().Code != "mock.prefer" {
			t.Errorf("%s: %s: %s: got %d %s", file, op.ID, status, got.Code, got.Body)
		}
	}
	return answered
}
