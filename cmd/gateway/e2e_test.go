package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

const goodOrder = `{"customer":{"email":"ada@example.com"},"items":[{"sku":"TEA-001","quantity":2}],"currency":"EUR"}`

// problem is what the tests read from a problem document.
type problem struct {
	Type, Title, Code string
	Status            int
	RequestID         string `json:"request_id"`
	Errors            []struct{ Pointer, Parameter, Rule string }
}

// problemSchema is the schema of RFC 9457, Appendix A, or nil where it is absent.
func problemSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(), "..", "shared", "testdata", "problem-details", "problem.json"))
	if err != nil {
		t.Log("the schema of problem details is not beside this checkout")
		return nil
	}
	// The RFC folds long lines with a backslash.
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAll(text, nil)
	schema, err := jsonschema.CompileString("problem.json", string(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// wantProblem checks everything that is true of every refusal (RFC 9457) and returns it.
func (a answer) wantProblem(t *testing.T, schema *jsonschema.Schema, status int, code string) problem {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("got status %d, want %d; the body is %.300s", a.StatusCode, status, a.body)
	}
	if media := a.Header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("got the media type %q, want application/problem+json", media)
	}
	var document any
	var p problem
	if err := json.Unmarshal(a.body, &document); err != nil {
		t.Fatalf("the body is not JSON: %v", err)
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatal(err)
	}
	if schema != nil {
		if err := schema.Validate(document); err != nil {
			t.Errorf("the body is no problem document: %v", err)
		}
	}
	if p.Code != code || p.Status != a.StatusCode {
		t.Errorf("got code %q and status member %d, want %q and the status line's %d", p.Code, p.Status, code, a.StatusCode)
	}
	if p.RequestID == "" || p.RequestID != a.Header.Get("X-Request-Id") {
		t.Errorf("got the request id %q in the body and %q in the header, want one", p.RequestID, a.Header.Get("X-Request-Id"))
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got Cache-Control %q, want no-store", a.Header.Get("Cache-Control"))
	}
	return p
}

// has checks that a header field matches a pattern; "" means that it is absent.
func (a answer) has(t *testing.T, field, pattern string) {
	t.Helper()
	value := strings.Join(a.Header.Values(field), ", ")
	if pattern == "" && value != "" || !regexp.MustCompile(pattern).MatchString(value) {
		t.Errorf("got %s: %q, want it to match %q", field, value, pattern)
	}
}

// TestExampleAnswers goes through everything that a client can meet in front of
// Caddyfile.example as it stands.
func TestExampleAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start(t)
	schema := problemSchema(t)
	reader, writer := w.token(t, "reader", map[string]any{"sub": "answers-r"}), w.token(t, "writer", map[string]any{"sub": "answers-w"})
	const jsonBody = "application/json"

	for _, test := range []struct {
		name, method, target string
		header               []string
		status               int
		code                 string   // of the refusal; "" means that the service answered
		fields               []string // name, pattern
	}{
		{"a page of orders", "GET", "/v2/orders?limit=2", []string{"Authorization", reader}, 200, "",
			[]string{"RateLimit-Policy", `"per-address";q=20;w=10, "per-user";q=100;w=60`, "RateLimit", `;r=\d+;t=\d+`, "X-Request-Id", `^[0-9a-f-]{36}$`, "Deprecation", "", "Sunset", ""}},
		{"the default version", "GET", "/orders", []string{"Authorization", reader}, 200, "", []string{"Vary", `(?i)API-Version`}},
		{"the version in a header", "GET", "/orders", []string{"Authorization", reader, "API-Version", "v1"}, 200, "",
			[]string{"Vary", `(?i)API-Version`, "Deprecation", `^@\d+$`}},
		{"an order", "POST", "/v2/orders", []string{"Authorization", writer, "Content-Type", jsonBody, "", goodOrder}, 201, "", []string{"Location", `orders/ord_`}},
		{"a deprecated version", "GET", "/v1/orders/ord_000001", []string{"Authorization", reader}, 200, "",
			[]string{"Deprecation", `^@1780272000$`, "Sunset", `^Mon, 31 Dec 2029 \d\d:\d\d:\d\d GMT$`, "Link", `rel="?successor-version"?`}},
		{"what the service says", "GET", "/v2/orders/ord_999999", []string{"Authorization", reader}, 404, "", nil},
		{"a public operation", "GET", "/v2/health", nil, 200, "", nil},
		{"the documentation", "GET", "/docs", nil, 200, "", []string{"Content-Type", `text/html`}},
		{"the page about a reason", "GET", "/docs/errors/schema.body", nil, 200, "", nil},

		{"no token", "GET", "/v2/orders", nil, 401, "auth.missing", []string{"WWW-Authenticate", `^Bearer\b`}},
		{"another scheme", "GET", "/v2/orders", []string{"Authorization", "Basic dXNlcjpwYXNz"}, 401, "auth.missing", []string{"WWW-Authenticate", `^Bearer\b`}},
		{"no token at all", "GET", "/v2/orders", []string{"Authorization", "Bearer nonsense"}, 401, "auth.malformed", []string{"WWW-Authenticate", `error="invalid_`}},
		{"an expired token", "GET", "/v2/orders", []string{"Authorization", w.token(t, "expired", nil)}, 401, "auth.expired", []string{"WWW-Authenticate", `error="invalid_token"`}},
		{"another audience", "GET", "/v2/orders", []string{"Authorization", w.token(t, "other-audience", nil)}, 401, "auth.rejected", []string{"WWW-Authenticate", `error="invalid_token"`}},
		{"another issuer", "GET", "/v2/orders", []string{"Authorization", w.token(t, "reader", map[string]any{"iss": "https://elsewhere.example"})}, 401, "auth.rejected", nil},
		{"a scope too few", "POST", "/v2/orders/ord_000001/cancel", []string{"Authorization", reader}, 403, "auth.scope",
			[]string{"WWW-Authenticate", `error="insufficient_scope".*scope="orders:write"|scope="orders:write".*error="insufficient_scope"`}},
		{"no such path", "GET", "/v2/invoices", []string{"Authorization", reader}, 404, "route.not_found", nil},
		{"no such method", "DELETE", "/v2/orders/ord_000001", []string{"Authorization", writer}, 405, "route.method", []string{"Allow", `GET.*PUT|PUT.*GET`}},
		{"no such version", "GET", "/v3/orders", []string{"Authorization", reader}, 404, "version.unknown", nil},
		{"no such version in the header", "GET", "/orders", []string{"Authorization", reader, "API-Version", "v3"}, 400, "version.unknown", nil},
		{"two versions", "GET", "/v1/orders", []string{"Authorization", reader, "API-Version", "v2"}, 400, "version.conflict", nil},
		{"a bad query", "GET", "/v2/orders?limit=0", []string{"Authorization", reader}, 400, "schema.query", nil},
		{"a bad path parameter", "GET", "/v2/orders/17", []string{"Authorization", reader}, 400, "schema.path", nil},
		{"a bad header", "POST", "/v2/orders", []string{"Authorization", writer, "Content-Type", jsonBody, "Idempotency-Key", "no spaces!", "", goodOrder}, 400, "schema.header", nil},
		{"no media type", "POST", "/v2/orders", []string{"Authorization", writer, "", goodOrder}, 415, "schema.content_type", nil},
		{"another media type", "POST", "/v2/orders", []string{"Authorization", writer, "Content-Type", "text/plain", "", goodOrder}, 415, "schema.content_type", nil},
		{"a content coding", "POST", "/v2/orders", []string{"Authorization", writer, "Content-Type", jsonBody, "Content-Encoding", "compress", "", goodOrder}, 415, "schema.encoding", nil},
		{"a broken content coding", "POST", "/v2/orders", []string{"Authorization", writer, "Content-Type", jsonBody, "Content-Encoding", "zstd", "", goodOrder}, 400, "schema.encoding", nil},
		{"no body", "POST", "/v2/orders", []string{"Authorization", writer, "Content-Type", jsonBody}, 422, "schema.body", nil},
		{"a body of the other version", "POST", "/v1/orders", []string{"Authorization", writer, "Content-Type", jsonBody, "", goodOrder}, 422, "schema.body", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := p.send(nil, test.method, test.target, test.header...)
			if test.code != "" {
				a.wantProblem(t, schema, test.status, test.code)
			} else if a.StatusCode != test.status {
				t.Errorf("got %d, want %d; the body is %.300s", a.StatusCode, test.status, a.body)
			}
			for i := 0; i < len(test.fields); i += 2 {
				a.has(t, test.fields[i], test.fields[i+1])
			}
			if got := w.recorder.find(a) != nil; got != (test.code == "" && !strings.HasPrefix(test.target, "/docs")) {
				t.Errorf("the service has seen the request: %v", got)
			}
		})
	}

	t.Run("all mistakes at once", func(t *testing.T) {
		a := p.send(nil, "POST", "/v2/orders", "Authorization", writer, "Content-Type", jsonBody,
			"", `{"customer":{},"items":[{"sku":"TEA-001","quantity":0},{"sku":"tea","quantity":1}],"currency":"EUR"}`)
		var got []string
		for _, e := range a.wantProblem(t, schema, 422, "schema.body").Errors {
			got = append(got, e.Pointer+" "+e.Rule)
		}
		want := "/customer/email required, /items/0/quantity minimum, /items/1/sku pattern"
		if strings.Join(got, ", ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("type leads to a page", func(t *testing.T) {
		a := p.send(nil, "GET", "/v2/orders")
		page := p.send(nil, "GET", a.wantProblem(t, schema, 401, "auth.missing").Type)
		if page.StatusCode != http.StatusOK || !bytes.Contains(page.body, []byte("auth.missing")) {
			t.Errorf("got %d %.100s, want the page about auth.missing", page.StatusCode, page.body)
		}
	})
	t.Run("limits", func(t *testing.T) {
		c := client()
		var last answer
		for range 21 {
			if last = p.send(c, "GET", "/v2/health"); last.StatusCode != http.StatusOK {
				break
			}
		}
		last.wantProblem(t, schema, 429, "limit.exceeded")
		last.has(t, "Retry-After", `^[1-9]\d*$`)
		last.has(t, "RateLimit", `;r=0;t=[1-9]`)
	})
	t.Run("idle memory", func(t *testing.T) {
		if got := memoryOf(t, p.cmd.Process.Pid, "VmRSS"); got > 120<<20 {
			t.Errorf("the gateway holds %d MB, want at most 120", got>>20)
		}
	})
}

// TestExampleIdentity is about X-User-Id: it is the token's subject, whatever a
// client sends and however it is spelled.
func TestExampleIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start(t)
	writer := w.token(t, "writer", map[string]any{"sub": "somebody"})
	for _, forged := range [][]string{
		nil,
		{"X-User-Id", "mallory"},
		{"x-user-id", "mallory"},
		{"X_User_Id", "mallory"},
		{"X-User_Id", "mallory"},
		{"X.User.Id", "mallory"},
		{"X-User-Id", "mallory", "X-User-Id", "trudy"},
		{"Connection", "X-User-Id"},
		{"Connection", "close, x-user-id", "X-User-Id", "mallory"},
		{"Connection", "X_User_Id", "X_User_Id", "mallory"},
	} {
		for _, test := range []struct {
			target, want string
			header       []string
		}{
			{"/v2/orders", "X-User-Id: somebody", append([]string{"Authorization", writer}, forged...)},
			{"/v2/health", "", forged},
		} {
			a := p.send(nil, "GET", test.target, test.header...)
			if a.StatusCode == http.StatusBadRequest {
				continue // a refusal is fine, too
			}
			seen := w.recorder.find(a)
			if seen == nil {
				t.Errorf("%q: the request did not arrive (%d)", test.header, a.StatusCode)
				continue
			}
			if got := identity(seen.Header); got != test.want {
				t.Errorf("%s with %q: the service sees %q, want %q", test.target, forged, got, test.want)
			}
		}
	}

	a := p.send(nil, "POST", "/v2/orders", "Authorization", writer, "Content-Type", "application/json", "X-User-Id", "mallory", "", goodOrder)
	if !bytes.Contains(a.body, []byte(`"created_by":"somebody"`)) {
		t.Errorf("got %s, want created_by somebody", a.body)
	}
}

// identity returns every field that a service might read as X-User-Id.
func identity(header http.Header) string {
	var found []string
	for name, values := range header {
		if strings.EqualFold(strings.NewReplacer("_", "-", ".", "-").Replace(name), "X-User-Id") {
			for _, value := range values {
				found = append(found, name+": "+value)
			}
		}
	}
	return strings.Join(found, ", ")
}

// TestExampleMetrics compares the metrics with what the client has counted.
func TestExampleMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start(t)
	reader := w.token(t, "reader", map[string]any{"sub": "metrics"})
	requests := []struct {
		times                      int
		method, target, token      string
		version, route, code, kind string
	}{
		{4, "GET", "/v2/orders?limit=1", reader, "v2", "/v2/orders", "200", ""},
		{2, "GET", "/v1/orders/ord_000001", reader, "v1", "/v1/orders/{id}", "200", ""},
		{3, "GET", "/v2/orders", "", "v2", "/v2/orders", "401", "auth.missing"},
		{2, "POST", "/v2/orders/ord_000001/cancel", reader, "v2", "/v2/orders/{id}/cancel", "403", "auth.scope"},
		{1, "GET", "/v2/orders?limit=x", reader, "v2", "/v2/orders", "400", "schema.query"},
		{5, "GET", "/v2/nowhere", reader, "v2", "_other", "404", "route.not_found"},
	}
	count := func(i int) (total, rejected float64) {
		r := requests[i]
		total = p.metric("gateway_requests_total", "api", "orders", "version", r.version, "route", r.route, "method", r.method, "code", r.code)
		if r.kind != "" {
			rejected = p.metric("gateway_rejections_total", "api", "orders", "version", r.version, "route", r.route, "reason", r.kind)
		}
		return total, rejected
	}
	before := make([][2]float64, len(requests))
	for i := range requests {
		before[i][0], before[i][1] = count(i)
	}
	duration := p.metric("gateway_request_duration_seconds")
	passed := p.metric("gateway_policy_decisions_total", "policy", "auth", "decision", "passed")
	sum := 0
	for _, r := range requests {
		for range r.times {
			var header []string
			if r.token != "" {
				header = []string{"Authorization", r.token}
			}
			p.send(nil, r.method, r.target, header...)
			sum++
		}
	}
	for i, r := range requests {
		total, rejected := count(i)
		if got := total - before[i][0]; got != float64(r.times) {
			t.Errorf("%s %s: gateway_requests_total counts %v of %d", r.method, r.target, got, r.times)
		}
		if got := rejected - before[i][1]; r.kind != "" && got != float64(r.times) {
			t.Errorf("%s %s: gateway_rejections_total counts %v of %d", r.method, r.target, got, r.times)
		}
	}
	if got := p.metric("gateway_request_duration_seconds") - duration; got != float64(sum) {
		t.Errorf("gateway_request_duration_seconds counts %v of %d", got, sum)
	}
	if got := p.metric("gateway_policy_decisions_total", "policy", "auth", "decision", "passed") - passed; got != 7 {
		t.Errorf("auth passed %v requests, want 7", got)
	}
	if got := p.metric("gateway_requests_in_flight"); got != 0 {
		t.Errorf("%v requests are in flight, want none", got)
	}
}

// TestExampleLog checks that every request leaves one line with the gateway's words.
func TestExampleLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start(t)
	a := p.send(nil, "GET", "/v2/orders?limit=0", "Authorization", w.token(t, "reader", map[string]any{"sub": "log"}))
	id := a.Header.Get("X-Request-Id")
	var lines []string
	p.waitFor("the line in the access log", func() bool {
		lines = nil
		for line := range strings.Lines(p.log()) {
			if strings.Contains(line, id) && strings.Contains(line, "http.log.access") {
				lines = append(lines, line)
			}
		}
		return len(lines) > 0
	})
	if len(lines) != 1 {
		t.Fatalf("got %d lines with the request id, want 1", len(lines))
	}
	for _, word := range []string{"schema.query", "/v2/orders", "listOrders", "v2"} {
		if !strings.Contains(lines[0], word) {
			t.Errorf("the line lacks %q: %s", word, lines[0])
		}
	}
}

// copyExample copies Caddyfile.example to a folder of its own, beside the contracts.
func copyExample(t *testing.T) (path, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(gatewaytest.Root(), "api"), filepath.Join(dir, "api")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(gatewaytest.Root(), "Caddyfile.example"))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "Caddyfile")
	write(t, path, string(b))
	return path, string(b)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replaced replaces a text that has to be there.
func replaced(t *testing.T, text, old, by string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("Caddyfile.example lacks %q", old)
	}
	return strings.Replace(text, old, by, 1)
}

// TestReload changes the Caddyfile under a running gateway: for the better, and for
// the worse.
func TestReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, text := copyExample(t)
	p := start(t, startOptions{config: path, upstream: w.upstream, issuer: w.issuerURL})
	c := client()
	p.waitFor("a limit that is used up", func() bool {
		return p.send(c, "GET", "/v2/health").StatusCode == http.StatusTooManyRequests
	})

	write(t, path, replaced(t, text, "sunset 2029-12-31", "sunset 2030-01-31"))
	if output, err := p.reload(path); err != nil {
		t.Fatalf("reloading: %v\n%s", err, output)
	}
	// A few units may have come back meanwhile, but not half of the quota.
	spent := false
	for range 10 {
		spent = spent || p.send(c, "GET", "/v2/health").StatusCode == http.StatusTooManyRequests
	}
	if !spent {
		t.Error("after the reload: ten more requests got through: the limit is forgotten")
	}
	sunset := func() string { return p.send(nil, "GET", "/v1/health").Header.Get("Sunset") }
	if got := sunset(); !strings.Contains(got, "2030") {
		t.Errorf("after the reload: got Sunset %q, want one in 2030", got)
	}

	for name, test := range map[string]struct{ old, by, says string }{
		"an unknown option":  {"audience orders", "audiense orders", "audience"},
		"an unclosed block":  {"\t\tdocs\n", "\t\thandle /x {\n\t\tdocs\n", "Caddyfile:"},
		"an unset variable":  {"{$ORDERS_UPSTREAM:localhost:9001}", "{$NOBODY_SETS_THIS}", "NOBODY_SETS_THIS"},
		"a missing contract": {"\tapi orders {\n", "\tapi orders {\n\t\tcontract api/nowhere\n", "api/nowhere"},
		"no auth":            {"auth {$ISSUER:http://localhost:9002} {\n\t\t\taudience orders\n\t\t\theader X-User-Id sub\n\t\t}", "", "auth"},
		"a limit of nothing": {"\t\t\t\tquota 20/10s\n", "", "policy"},
		"an early sunset":    {"sunset 2029-12-31", "sunset 2020-01-01", "sunset"},
	} {
		write(t, path, replaced(t, text, test.old, test.by))
		output, err := p.reload(path)
		if err == nil {
			t.Errorf("%s: the reload went through", name)
		}
		if !strings.Contains(output, test.says) || !regexp.MustCompile(`[\w./-]+:\d+`).MatchString(output) {
			t.Errorf("%s: got %q, want %q with file and line", name, output, test.says)
		}
		if got := sunset(); !strings.Contains(got, "2030") {
			t.Fatalf("%s: the old config is gone: Sunset is %q", name, got)
		}
	}
}

// TestIssuerDown starts a gateway before its issuer: the token is not at fault.
func TestIssuerDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := fmt.Sprintf("127.0.0.1:%d", freeport.Port(t))
	p := start(t, startOptions{upstream: w.upstream, issuer: "http://" + address})
	token := w.token(t, "reader", map[string]any{"iss": "http://" + address})
	schema := problemSchema(t)

	a := p.send(nil, "GET", "/v2/orders", "Authorization", token)
	a.wantProblem(t, schema, 503, "auth.keys_unavailable")
	a.has(t, "Retry-After", `^[1-9]\d*$`)
	a.has(t, "WWW-Authenticate", "")
	p.send(nil, "GET", "/v2/orders").wantProblem(t, schema, 401, "auth.missing")
	if a := p.send(nil, "GET", "/v2/health"); a.StatusCode != http.StatusOK {
		t.Errorf("the public operation: got %d, want 200", a.StatusCode)
	}

	late := serveIssuer(t, address)
	claims, err := late.Claims("reader")
	if err != nil {
		t.Fatal(err)
	}
	good, err := late.Mint(claims)
	if err != nil {
		t.Fatal(err)
	}
	p.waitFor("the gateway to find the issuer", func() bool {
		a := p.send(nil, "GET", "/v2/orders", "Authorization", "Bearer "+good)
		if a.StatusCode != http.StatusOK && a.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("got %d, want 503 until it is 200", a.StatusCode)
		}
		return a.StatusCode == http.StatusOK
	})
}

// TestServiceDown tells a service that is not there from one that breaks off.
func TestServiceDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	schema := problemSchema(t)
	p := start(t, startOptions{upstream: fmt.Sprintf("127.0.0.1:%d", freeport.Port(t)), issuer: w.issuerURL})
	p.send(nil, "GET", "/v2/health").wantProblem(t, schema, 502, "upstream.refused")

	p = start(t, startOptions{upstream: w.upstream, issuer: w.issuerURL})
	p.waitFor("the issuer's keys", func() bool {
		return p.send(nil, "GET", "/v2/orders", "Authorization", w.token(t, "reader", nil)).StatusCode == http.StatusOK
	})
	var last answer
	for range 4 { // the fourth is cut off; Go would send a GET again
		last = p.send(nil, "POST", "/v2/orders/ord_000001/cancel", "Authorization", w.token(t, "writer", nil), "Demo-Mode", "flaky")
	}
	last.wantProblem(t, schema, 502, "upstream.reset")
}

// TestStop lets a request in flight end before the gateway does.
func TestStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := start(t, startOptions{upstream: w.upstream, issuer: w.issuerURL})
	status := make(chan int)
	go func() {
		response, err := client().Do(slowRequest(p))
		if err != nil {
			status <- 0
			return
		}
		response.Body.Close()
		status <- response.StatusCode
	}()
	p.waitFor("the slow request to be on its way", func() bool { return w.recorder.count() > 0 })
	if err := p.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if got := <-status; got != http.StatusOK {
		t.Errorf("the request in flight got %d, want 200", got)
	}
}

func slowRequest(p *process) *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.api+"/v2/health", nil)
	if err != nil {
		panic(err) // the URL is plain
	}
	r.Header.Set("Demo-Mode", "slow")
	return r
}
