// Package examples_test loads every example as it stands and does what its README says.
package examples_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gateway/examples/services/issuer"
	"gateway/examples/services/orders"
	"gateway/internal/gatewaytest"
)

// example is a loaded example in front of a running service, with an issuer.
type example struct {
	*gatewaytest.Gateway
	issuer *issuer.Issuer
}

// load loads the Caddyfile of a folder. The addresses in it become those of servers
// that were started for the test; nothing else changes.
func load(t *testing.T, folder string) example {
	t.Helper()
	service := httptest.NewServer(orders.New(orders.Options{}))
	t.Cleanup(service.Close)
	issuerServer := httptest.NewUnstartedServer(nil)
	t.Cleanup(issuerServer.Close)
	i, err := issuer.New("http://"+issuerServer.Listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	issuerServer.Config.Handler = i
	issuerServer.Start()

	path, err := filepath.Abs(filepath.Join(folder, "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	addresses := strings.NewReplacer("localhost:9001", strings.TrimPrefix(service.URL, "http://"), "http://localhost:9002", i.URL())
	gw, err := gatewaytest.LoadFile(t, path, addresses.Replace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return example{gw, i}
}

// token returns the value of Authorization for a persona, once the gateway has the
// issuer's keys.
func (e example) token(t *testing.T, persona string) string {
	t.Helper()
	token, err := e.issuer.Token(persona)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + token
}

// waitForKeys waits until the gateway has fetched the issuer's keys.
func (e example) waitForKeys(t *testing.T, target string) {
	t.Helper()
	token := e.token(t, "reader")
	for deadline := time.Now().Add(10 * time.Second); e.Do("GET", target, "Authorization", token).Code == 503; {
		if time.Now().After(deadline) {
			t.Fatal("the gateway does not get the issuer's keys")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// want checks the status and the code of one answer.
func (e example) want(t *testing.T, status int, code, method, target string, header ...string) *gatewaytest.Response {
	t.Helper()
	response := e.Do(method, target, header...)
	if got := response.Problem().Code; response.Code != status || got != code {
		t.Errorf("%s %s: got %d %q, want %d %q; the body is %.300s", method, target, response.Code, got, status, code, response.Body)
	}
	return response
}

const body = `{"customer":{"email":"ada@example.com"},"items":[{"sku":"TEA-001","qty":2}],"currency":"EUR"}`

var bodyV2 = strings.Replace(body, `"qty"`, `"quantity"`, 1)

func TestHello(t *testing.T) {
	t.Parallel()
	e := load(t, "01-hello")
	e.want(t, 200, "", "GET", "/v1/orders?limit=2")
	e.want(t, 201, "", "POST", "/v1/orders", "Content-Type", "application/json", "", body)
	e.want(t, 404, "route.not_found", "GET", "/v1/invoices")
	e.want(t, 405, "route.method", "DELETE", "/v1/orders")
	e.want(t, 400, "schema.query", "GET", "/v1/orders?limit=many")
	refused := e.want(t, 422, "schema.body", "POST", "/v1/orders", "Content-Type", "application/json", "", `{"items":[{"sku":"TEA-001","qty":0}]}`)
	if got := len(refused.Problem().Errors); got != 3 {
		t.Errorf("got %d errors, want 3: customer, currency and qty", got)
	}
	if lines, err := os.ReadFile("01-hello/Caddyfile"); err != nil || strings.Count(string(lines), "\n") > 5 {
		t.Errorf("the first example has more than five lines (%v)", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	e := load(t, "02-tokens")
	e.waitForKeys(t, "/v1/orders")
	reader, writer := e.token(t, "reader"), e.token(t, "writer")
	e.want(t, 401, "auth.missing", "GET", "/v1/orders")
	e.want(t, 401, "auth.expired", "GET", "/v1/orders", "Authorization", e.token(t, "expired"))
	e.want(t, 401, "auth.rejected", "GET", "/v1/orders", "Authorization", e.token(t, "other-audience"))
	e.want(t, 403, "auth.scope", "POST", "/v1/orders", "Authorization", reader, "Content-Type", "application/json", "", body)
	e.want(t, 201, "", "POST", "/v1/orders", "Authorization", writer, "Content-Type", "application/json", "", body)
	passed := e.want(t, 200, "", "GET", "/v1/orders", "Authorization", reader)
	if passed.Header().Get("RateLimit") == "" {
		t.Error("the answer has no RateLimit")
	}
	e.want(t, 200, "", "GET", "/docs/")

	for range 100 {
		if passed = e.Do("GET", "/v1/orders", "Authorization", reader); passed.Code != 200 {
			break
		}
	}
	if passed.Code != 429 || passed.Header().Get("Retry-After") == "" {
		t.Errorf("after 100 requests of one user: got %d, want 429 with Retry-After", passed.Code)
	}
	e.want(t, 200, "", "GET", "/v1/orders", "Authorization", writer)
}

func TestVersions(t *testing.T) {
	t.Parallel()
	e := load(t, "03-versions")
	e.waitForKeys(t, "/orders")
	reader := e.token(t, "reader")
	const target = "/orders/ord_000001"
	second := e.want(t, 200, "", "GET", target, "Authorization", reader)
	first := e.want(t, 200, "", "GET", target, "Authorization", reader, "API-Version", "v1")
	e.want(t, 400, "version.unknown", "GET", target, "Authorization", reader, "API-Version", "v3")
	if !strings.Contains(second.Body.String(), `"quantity"`) || !strings.Contains(first.Body.String(), `"qty"`) {
		t.Errorf("got %s for v2 and %s for v1", second.Body, first.Body)
	}
	for _, field := range []string{"Deprecation", "Sunset", "Link"} {
		if first.Header().Get(field) == "" || second.Header().Get(field) != "" {
			t.Errorf("%s: got %q for v1 and %q for v2, want it for v1 only", field, first.Header().Get(field), second.Header().Get(field))
		}
	}
	for _, response := range []*gatewaytest.Response{first, second} {
		if vary := response.Header().Get("Vary"); !strings.EqualFold(vary, "API-Version") {
			t.Errorf("got Vary %q, want API-Version", vary)
		}
	}
}

func TestByHand(t *testing.T) {
	t.Parallel()
	e := load(t, "04-by-hand")
	e.waitForKeys(t, "/orders")
	writer := e.token(t, "writer")
	e.want(t, 200, "", "GET", "/health")
	e.want(t, 401, "auth.missing", "GET", "/orders")
	e.want(t, 400, "version.unknown", "GET", "/orders", "Authorization", writer, "API-Version", "v3")
	e.want(t, 200, "", "GET", "/orders", "Authorization", writer)
	if first := e.want(t, 200, "", "GET", "/orders", "Authorization", writer, "API-Version", "v1"); first.Header().Get("Deprecation") == "" {
		t.Error("version 1 is not said to be deprecated")
	}
	e.want(t, 403, "auth.scope", "POST", "/orders", "Authorization", e.token(t, "reader"), "Content-Type", "application/json", "", bodyV2)
	e.want(t, 422, "schema.body", "POST", "/orders", "Authorization", writer, "Content-Type", "application/json", "", `{}`)
	e.want(t, 201, "", "POST", "/orders", "Authorization", writer, "Content-Type", "application/json", "", bodyV2)
	if got := e.want(t, 404, "", "GET", "/elsewhere", "Authorization", writer).Problem(); got.Type != "about:blank" || got.Status != 404 {
		t.Errorf("got the problem %+v, want about:blank with 404", got)
	}
	var last *gatewaytest.Response
	for range 21 {
		if last = e.Do("GET", "/health"); last.Code != 200 {
			break
		}
	}
	if got := last.Problem().Code; last.Code != 429 || got != "limit.exceeded" {
		t.Errorf("after 21 requests of one address: got %d %q, want 429 limit.exceeded", last.Code, got)
	}
}

func TestMock(t *testing.T) {
	t.Parallel()
	e := load(t, "05-mock")
	mocked := func(response *gatewaytest.Response, body string) {
		t.Helper()
		if got := response.Header().Get("Gateway-Mock"); got != "true" || !strings.Contains(response.Body.String(), body) {
			t.Errorf("got %s, Gateway-Mock %q; want %s", response.Body, got, body)
		}
	}
	const target = "/v1/orders/ord_000001"
	if list := e.want(t, 200, "", "GET", "/v1/orders"); list.Header().Get("Gateway-Mock") != "" {
		t.Error("the list is not the service's")
	}
	mocked(e.want(t, 200, "", "GET", target), `"status":"placed"`)
	mocked(e.want(t, 200, "", "GET", target, "Accept", "text/csv"), "ord_000001,placed,18.5")
	mocked(e.want(t, 200, "", "GET", target, "Prefer", "example=shipped"), `"status":"shipped"`)
	mocked(e.want(t, 404, "", "GET", target, "Prefer", "code=404"), "No such order")
	mocked(e.want(t, 200, "", "GET", target+"/invoice"), `"number":"INV-`)
	e.want(t, 400, "schema.path", "GET", "/v1/orders/first")
	e.want(t, 400, "mock.prefer", "GET", target, "Prefer", "code=500")
}

// TestEveryExampleIsTested keeps this file complete.
func TestEveryExampleIsTested(t *testing.T) {
	t.Parallel()
	caddyfiles, err := filepath.Glob("*/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile("examples_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, caddyfile := range caddyfiles {
		folder := filepath.Dir(caddyfile)
		if !strings.Contains(string(self), `load(t, "`+folder+`")`) {
			t.Errorf("no test loads %s", folder)
		}
		if _, err := os.Stat(filepath.Join(folder, "README.md")); err != nil {
			t.Errorf("%s has no README: %v", folder, err)
		}
	}
}

// TestChanges: a client of version 1 and one of version 2 work on the same orders, with a
// service that speaks version 2 only.
func TestChanges(t *testing.T) {
	t.Parallel()
	e := load(t, "06-changes")
	const mediaType = "application/json"
	created := e.want(t, 201, "", "POST", "/v1/purchases", "Content-Type", mediaType, "", body)
	if got := created.Body.String(); !strings.Contains(got, `"qty":2`) || strings.Contains(got, "quantity") {
		t.Errorf("v1 gets %s", got)
	}
	second := e.want(t, 200, "", "GET", "/v2/orders/ord_000004")
	if got := second.Body.String(); !strings.Contains(got, `"quantity":2`) {
		t.Errorf("v2 gets %s for what v1 has ordered", got)
	}
	first := e.want(t, 200, "", "GET", "/v1/purchases/ord_000004")
	if got, want := strings.TrimSpace(first.Body.String()), strings.TrimSpace(strings.Replace(second.Body.String(), `"quantity"`, `"qty"`, 1)); got != want {
		t.Errorf("v1 gets %s, want %s", got, want)
	}
	refused := e.want(t, 422, "schema.body", "POST", "/v1/purchases", "Content-Type", mediaType, "", strings.Replace(body, `"qty":2`, `"quantity":2`, 1))
	if got := refused.Body.String(); !strings.Contains(got, "/items/0/qty") {
		t.Errorf("v1 is judged by another contract than its own: %s", got)
	}
	e.want(t, 404, "", "GET", "/v1/purchases/ord_999999")
	e.want(t, 404, "route.not_found", "GET", "/v1/orders")
	e.want(t, 404, "route.not_found", "GET", "/v2/purchases")
	e.want(t, 200, "", "GET", "/v1/health")
	if got, want := pages(t, e, "/v1/purchases?page_size=2", "page", "data", "next_page"), pages(t, e, "/v2/orders?limit=2", "cursor", "orders", "next_cursor"); len(got) != 4 || !slices.Equal(got, want) {
		t.Errorf("page by page v1 sees %v, v2 %v", got, want)
	}
	if got := e.want(t, 200, "", "GET", "/v1/purchases?status=canceled").Body.String(); !strings.Contains(got, `"data":[]`) {
		t.Errorf("got %s, want no canceled orders", got)
	}
	changes := e.want(t, 200, "", "GET", "/docs/orders/changes")
	if got := changes.Body.String(); !strings.HasPrefix(got, "# Changes of orders") || strings.Index(got, "2026-05-21: Orders are listed") > strings.Index(got, "2026-03-02: The quantity of an item") {
		t.Errorf("the changelog is %s", got)
	}
	html := e.want(t, 200, "", "GET", "/docs/orders/changes", "Accept", "text/html")
	if !strings.Contains(html.Body.String(), "<li>2026-03-02: The quantity of an item is called quantity.") || html.Header().Get("Vary") == "" {
		t.Errorf("the changelog for browsers is %v %s", html.Header(), html.Body)
	}
	if index := e.want(t, 200, "", "GET", "/docs/"); !strings.Contains(index.Body.String(), `href="orders/changes"`) {
		t.Error("the page does not lead to the changelog")
	}
	if first.Header().Get("Deprecation") == "" || first.Header().Get("API-Version") != "v1" || second.Header().Get("API-Version") != "v2" {
		t.Errorf("the versions are not told: %v, %v", first.Header(), second.Header())
	}
}

// pages reads all pages of a list and returns the ids on them.
func pages(t *testing.T, e example, target, parameter, list, next string) []string {
	t.Helper()
	var ids []string
	for cursor := ""; ; {
		var page map[string]any
		if err := json.Unmarshal(e.want(t, 200, "", "GET", target+cursor).Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		orders, ok := page[list].([]any)
		if !ok || len(ids) > 10 {
			t.Fatalf("%s%s: a page has no %s, or there is no end of them: %v", target, cursor, list, page)
		}
		for _, order := range orders {
			ids = append(ids, order.(map[string]any)["id"].(string))
		}
		mark, more := page[next].(string)
		if !more {
			return ids
		}
		cursor = "&" + parameter + "=" + mark
	}
}
