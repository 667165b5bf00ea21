package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// upstream is a service that tells what reached it.
func upstream(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"path": r.URL.EscapedPath(), "version": r.Header.Get("Api-Version"),
			"user": r.Header.Get("X-User-Id"), "request_id": r.Header.Get("X-Request-Id"),
		})
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// site is a Caddyfile with the orders API; %s in options is where the service is.
func site(t testing.TB, options string) string {
	t.Helper()
	return fmt.Sprintf(":8080 {\n\tapi orders {\n\t\tcontract testdata/orders\n%s\t\treverse_proxy %s\n\t}\n}\n", options, upstream(t))
}

func TestOperationsAreFoundByPathAndMethod(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(t, "\t\tauth off\n"))
	for _, tt := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v1/orders", 200, ""},
		{"GET", "/v2/orders/42", 200, ""},
		{"HEAD", "/v1/orders", 200, ""},
		{"GET", "/v1/orders/42/items", 404, "route.not_found"},
		{"GET", "/v1/order", 404, "route.not_found"},
		{"GET", "/v9/orders", 404, "version.unknown"},
		{"GET", "/orders", 404, "route.not_found"},
		{"GET", "/", 404, "route.not_found"},
		{"DELETE", "/v1/orders", 405, "route.method"},
		{"post", "/v1/orders", 405, "route.method"},
		{"TRACE", "/v1/orders", 405, "route.method"},
		{"GET", "/v1/orders/..%2fhealth", 400, "route.path"},
		{"GET", "/v1//orders", 400, "route.path"},
		{"GET", "/v1/orders/x", 400, "schema.path"},
		{"GET", "/v1/orders?limit=0", 400, "schema.query"},
		{"GET", "/v1/%6frders", 200, ""},
	} {
		res := gw.Do(tt.method, tt.path)
		if res.Code != tt.status || res.Problem().Code != tt.code {
			t.Errorf("%s %s: got %d %s, want %d %s", tt.method, tt.path, res.Code, res.Body, tt.status, tt.code)
		}
	}
	if got := gw.Do("DELETE", "/v1/orders").Header().Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow is %q", got)
	}
	if got := gw.Do("GET", "/v1/%6frders").Body.String(); !strings.Contains(got, `"path":"/v1/orders"`) {
		t.Errorf("what is matched is not what is forwarded: %s", got)
	}
}

func TestADefaultVersionNeedsNoPrefix(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(t, "\t\tauth off\n\t\tversioning {\n\t\t\tpath\n\t\t\tdefault v2\n\t\t}\n"))
	if got := gw.Do("GET", "/orders/42").Body.String(); !strings.Contains(got, `"path":"/v2/orders/42","request_id"`) || !strings.Contains(got, `"version":"v2"`) {
		t.Errorf("the service sees %s", got)
	}
	if got := gw.Do("GET", "/nothing").Problem().Code; got != "route.not_found" {
		t.Errorf("got %q", got)
	}
}

func TestThePrefixCanBeStripped(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(t, "\t\tauth off\n\t\tversioning {\n\t\t\tpath\n\t\t\tstrip_prefix on\n\t\t}\n"))
	if got := gw.Do("GET", "/v1/orders/42").Body.String(); !strings.Contains(got, `"path":"/orders/42"`) {
		t.Errorf("the service sees %s", got)
	}
}

func TestVersionsByHeader(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(t, "\t\tauth off\n\t\tversioning {\n\t\t\theader API-Version\n\t\t}\n"))
	body := `{"customer":{"email":"a@example.com"},"items":[{"sku":"x","qty":1}]}`
	for version, want := range map[string]int{"v1": 200, "v2": 422, "v3": 400, "": 400} {
		res := gw.Do("POST", "/orders", "Api-Version", version, "Content-Type", "application/json", "", body)
		if res.Code != want {
			t.Errorf("%q: got %d %s, want %d", version, res.Code, res.Body, want)
		}
		if !strings.Contains(res.Header().Get("Vary"), "Version") {
			t.Errorf("%q: Vary is %q", version, res.Header().Get("Vary"))
		}
	}
}

func TestTheContractDecidesAboutTokensAndBodies(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	gw := gatewaytest.New(t, site(t, fmt.Sprintf("\t\tauth %s {\n\t\t\taudience orders\n\t\t\theader X-User-Id sub\n\t\t}\n\t\tratelimit 4/1m {http.auth.user.id}\n", issuer.URL)))
	reader := "Bearer " + issuer.Token(t, map[string]any{"sub": "alice", "aud": "orders", "scope": "orders:read"})
	writer := "Bearer " + issuer.Token(t, map[string]any{"sub": "bob", "aud": "orders", "scope": "orders:write"})

	if res := gw.Do("GET", "/v1/health"); res.Code != 200 {
		t.Errorf("a public operation: %d %s", res.Code, res.Body)
	}
	res := gw.Do("GET", "/v1/orders")
	if res.Code != 401 || res.Problem().Code != "auth.missing" || res.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("no token: %d %v %s", res.Code, res.Header(), res.Body)
	}
	res = gw.Do("GET", "/v1/orders/42", "Authorization", reader, "X-User-Id", "root", "X_user_id", "root")
	if res.Code != 200 || !strings.Contains(res.Body.String(), `"user":"alice"`) {
		t.Errorf("a good token: %d %s", res.Code, res.Body)
	}
	res = gw.Do("POST", "/v1/orders", "Authorization", reader, "Content-Type", "application/json", "", "{}")
	if res.Code != 403 || res.Problem().Code != "auth.scope" || !strings.Contains(res.Header().Get("WWW-Authenticate"), `scope="orders:write"`) {
		t.Errorf("a missing scope: %d %v %s", res.Code, res.Header(), res.Body)
	}
	res = gw.Do("POST", "/v1/orders", "Authorization", writer, "Content-Type", "application/json", "", `{"customer":{},"items":[{"sku":"x","qty":0}]}`)
	if p := res.Problem(); res.Code != 422 || p.Code != "schema.body" || len(p.Errors) != 2 {
		t.Errorf("a bad body: %d %s", res.Code, res.Body)
	}
	for i := range 5 {
		res = gw.Do("GET", "/v1/orders", "Authorization", reader)
		if limited := res.Code == 429; limited != (i >= 3) {
			t.Errorf("request %d of alice: %d %v", i+2, res.Code, res.Header())
		}
	}
	if p := res.Problem(); p.Code != "limit.exceeded" || p.RetryAfter < 1 || res.Header().Get("Retry-After") == "" {
		t.Errorf("a limit: %+v %v", p, res.Header())
	}
	if got := gw.Metric("gateway_rejections_total", "api", "orders", "reason", "limit.exceeded"); got < 2 {
		t.Errorf("%v rejections by the limit are counted", got)
	}
}

func TestSemicolonsOnlyWhereTheContractGivesThemAMeaning(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tapi paints {\n\t\tcontract testdata/paints.yaml\n\t\trespond {http.gateway.operation}\n\t}\n}\n")
	for path, want := range map[string]int{"/paints/;color=blue": 200, "/paints/;color=7;x=1": 400, "/tins/a;b": 400, "/nothing;x": 400, "/tins/a": 200} {
		if res := gw.Do("GET", path); res.Code != want {
			t.Errorf("%s: got %d %s", path, res.Code, res.Body)
		}
	}
}

func TestContractsMayStandAnywhereAndHaveAnotherBase(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("testdata/users/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	gw := gatewaytest.New(t, ":8080 {\n\tapi users {\n\t\tcontract "+file+"\n\t\tbase /people\n\t\trespond {http.gateway.route}\n\t}\n}\n")
	if res := gw.Do("GET", "/people/alice"); res.Body.String() != "/people/{name}" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
	if res := gw.Do("GET", "/users/alice"); res.Code != 404 {
		t.Errorf("the contract's own base is still there: %d", res.Code)
	}
}

func TestOperationsMayHaveServersOfTheirOwn(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tapi mixed {\n\t\tcontract testdata/servers.yaml\n\t\tdocs\n\t\trespond {http.gateway.route}\n\t}\n}\n")
	for request, want := range map[string]string{
		"GET /v2/orders":         "/v2/orders",
		"POST /v1/orders":        "/v1/orders",
		"POST /public/v1/orders": "/public/v1/orders",
		"GET /files":             "/files",
		"PUT /files":             "/files",
		"GET /v1/orders":         "405",
		"GET /v1/files":          "404",
	} {
		method, path, _ := strings.Cut(request, " ")
		res := gw.Do(method, path)
		if got := res.Body.String(); got != want && fmt.Sprint(res.Code) != want {
			t.Errorf("%s: got %d %s, want %s", request, res.Code, got, want)
		}
	}
	document := gw.Do("GET", "/docs/mixed.json").Body.String()
	if n := strings.Count(document, `"servers":[{"url":"/v2"}]`); n != 1 || strings.Count(document, `"servers":[{"url":"/"}]`) != 2 || !strings.Contains(document, `"version":"1"},"servers":[{"url":"/v1"}]`) || strings.Contains(document, ".example") {
		t.Errorf("the documentation is %s", document)
	}
	gw = gatewaytest.New(t, ":8080 {\n\tapi mixed {\n\t\tcontract testdata/servers.yaml\n\t\tbase /shop\n\t\trespond {http.gateway.route}\n\t}\n}\n")
	if got := gw.Do("GET", "/shop/files").Body.String(); got != "/shop/files" {
		t.Errorf("with a base: %s", got)
	}
}

func TestUpstreamFailuresAreProblems(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract testdata/orders\n\t\tauth off\n\t\treverse_proxy 127.0.0.1:1\n\t}\n}\n")
	res := gw.Do("GET", "/v1/orders")
	if p := res.Problem(); res.Code != 502 || p.Code != "upstream.refused" || p.Status != 502 || p.RequestID != res.Header().Get("X-Request-Id") {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
}

func TestSitesMayHandleErrorsThemselves(t *testing.T) {
	t.Parallel()
	text := strings.TrimSuffix(site(t, "\t\tauth off\n"), "}\n")
	gw := gatewaytest.New(t, text+"\thandle_errors 404 {\n\t\trespond \"own page\" 404\n\t}\n}\n")
	if res := gw.Do("GET", "/v1/nothing"); res.Body.String() != "own page" || res.Code != 404 {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
	if res := gw.Do("DELETE", "/v1/orders"); res.Problem().Code != "route.method" {
		t.Errorf("an error that the site does not handle: %d %s", res.Code, res.Body)
	}
}

func TestSeveralAPIsShareASite(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, fmt.Sprintf(`:8080 {
	api orders {
		contract testdata/orders
		auth off
		respond orders
	}
	api users {
		contract testdata/users/openapi.yaml
		respond users
	}
}
`))
	for path, want := range map[string]string{"/v1/orders": "orders", "/users/alice": "users"} {
		if got := gw.Do("GET", path).Body.String(); got != want {
			t.Errorf("%s is answered by %q", path, got)
		}
	}
	if got := gw.Do("GET", "/other").Problem().Code; got != "route.not_found" {
		t.Errorf("got %q", got)
	}
}

func TestAnyDirectiveMayStandInside(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, `:8080 {
	@late path *
	api orders {
		contract testdata/orders
		auth off
		@one path */1
		handle @one {
			header X-From one
			respond "the first"
		}
		header @late X-Late yes
		respond "{http.gateway.operation} of {http.gateway.api} {http.versioning.version}"
	}
}
`)
	if res := gw.Do("GET", "/v1/orders/1"); res.Body.String() != "the first" || res.Header().Get("X-From") != "one" {
		t.Errorf("got %v %s", res.Header(), res.Body)
	}
	if res := gw.Do("GET", "/v1/orders/2"); res.Body.String() != "getOrder of orders v1" || res.Header().Get("X-Late") != "yes" {
		t.Errorf("got %v %s", res.Header(), res.Body)
	}
}

func TestThePagesAboutReasonsAreServed(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(t, "\t\tauth off\n"))
	problem := gw.Do("GET", "/v1/nothing").Problem()
	if res := gw.Do("GET", problem.Type); res.Code != 200 || !strings.Contains(res.Body.String(), "route.not_found") {
		t.Errorf("%s: %d %s", problem.Type, res.Code, res.Body)
	}
}

// TestSitesKeepTheirAPIs has APIs in two sites, and in a block within one.
func TestSitesKeepTheirAPIs(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, `:8080 {
	api first {
		contract testdata/users/openapi.yaml
		respond first
	}
	handle /inside/* {
		api inside {
			contract testdata/users/openapi.yaml
			base /inside
			respond inside
		}
	}
}
:8081 {
	api second {
		contract testdata/users/openapi.yaml
		respond second
	}
}
`)
	for _, want := range []struct{ site, path, body string }{
		{":8080", "/users/kim", "first"},
		{":8080", "/inside/kim", "inside"},
		{":8081", "/users/kim", "second"},
	} {
		if res := gw.On(want.site).Do("GET", want.path); res.Body.String() != want.body {
			t.Errorf("%s%s is answered with %d %q, want %q", want.site, want.path, res.Code, res.Body, want.body)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	block := func(lines string) string {
		return ":8080 {\n\tapi orders {\n" + lines + "\t}\n}\n"
	}
	for name, caddyfile := range map[string]string{
		"no_name":             ":8080 {\n\tapi {\n\t\trespond ok\n\t}\n}\n",
		"bad_name":            ":8080 {\n\tapi Orders! {\n\t\trespond ok\n\t}\n}\n",
		"no_contract":         block("\t\trespond ok\n"),
		"contract_missing":    block("\t\tcontract testdata/nothing.yaml\n\t\trespond ok\n"),
		"nothing_answers":     block("\t\tcontract testdata/orders\n\t\tauth off\n"),
		"security_demanded":   block("\t\tcontract testdata/orders\n\t\trespond ok\n"),
		"contract_twice":      block("\t\tcontract testdata/orders\n\t\tcontract testdata/orders\n\t\trespond ok\n"),
		"auth_twice":          block("\t\tcontract testdata/orders\n\t\tauth off\n\t\tauth off\n\t\trespond ok\n"),
		"matcher_inside":      block("\t\tcontract testdata/orders\n\t\tauth /v1/* off\n\t\trespond ok\n"),
		"versions_missing":    block("\t\tcontract testdata/users/openapi.yaml\n\t\tversioning {\n\t\t\tpath\n\t\t}\n\t\trespond ok\n"),
		"unknown_version":     block("\t\tcontract testdata/orders\n\t\tauth off\n\t\tversioning {\n\t\t\tdefault v3\n\t\t}\n\t\trespond ok\n"),
		"unknown_directive":   block("\t\tcontract testdata/orders\n\t\tratelimt 10/1s\n\t\trespond ok\n"),
		"base_without_slash":  block("\t\tcontract testdata/orders\n\t\tbase shop\n\t\trespond ok\n"),
		"same_path_twice":     block("\t\tcontract testdata/users/openapi.yaml\n\t\trespond ok\n\t}\n\tapi people {\n\t\tcontract testdata/users/openapi.yaml\n\t\trespond ok\n"),
		"contract_scheme":     block("\t\tcontract ftp://orders/openapi.json\n\t\trespond ok\n"),
		"contract_password":   block("\t\tcontract http://user:secret@orders/openapi.json\n\t\trespond ok\n"),
		"contract_option":     block("\t\tcontract http://orders/openapi.json {\n\t\t\trefesh 1s\n\t\t}\n\t\trespond ok\n"),
		"refresh_interval":    block("\t\tcontract http://orders/openapi.json {\n\t\t\trefresh often\n\t\t}\n\t\trespond ok\n"),
		"refresh_range":       block("\t\tcontract http://orders/openapi.json {\n\t\t\trefresh 1ms\n\t\t}\n\t\trespond ok\n"),
		"refresh_of_file":     block("\t\tcontract testdata/orders {\n\t\t\trefresh 1s\n\t\t}\n\t\trespond ok\n"),
		"canary_unused":       block("\t\tcontract testdata/users/openapi.yaml\n\t\treverse_proxy @canary localhost:1\n\t\trespond ok\n"),
		"canary_twice":        block("\t\tcontract testdata/users/openapi.yaml\n\t\tcanary 5%\n\t\tcanary 5%\n\t\trespond ok\n"),
		"canary_version":      block("\t\tcontract testdata/orders\n\t\tauth off\n\t\tcanary 5% {\n\t\t\tversion v11\n\t\t}\n\t\trespond ok\n"),
		"version_matcher":     block("\t\tcontract testdata/orders\n\t\tauth off\n\t\trespond @v11 ok\n"),
		"versioning_of_url":   block("\t\tcontract http://orders/openapi.json\n\t\tversioning {\n\t\t\tpath\n\t\t}\n\t\trespond ok\n"),
		"schemas":             block("\t\tcontract testdata/mistakes\n\t\trespond ok\n"),
		"slo_empty":           block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo\n\t\trespond ok\n"),
		"slo_unknown":         block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo availabilty 99.9\n\t\trespond ok\n"),
		"slo_percent":         block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo availability 100\n\t\trespond ok\n"),
		"slo_no_percent":      block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo latency 250ms\n\t\trespond ok\n"),
		"slo_swapped":         block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo latency 99 250ms\n\t\trespond ok\n"),
		"slo_twice":           block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo availability 99 availability 99.9\n\t\trespond ok\n"),
		"slo_twice_in_block":  block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo availability 99\n\t\tslo latency 1s 99\n\t\trespond ok\n"),
		"slo_block":           block("\t\tcontract testdata/users/openapi.yaml\n\t\tslo availability 99 {\n\t\t\tlatency 1s 99\n\t\t}\n\t\trespond ok\n"),
		"same_name_twice":     block("\t\tcontract testdata/users/openapi.yaml\n\t\trespond ok\n\t}\n\tapi orders {\n\t\tcontract testdata/users/openapi.yaml\n\t\trespond ok\n"),
		"claim_without_auth":  block("\t\tcontract testdata/orders\n\t\tversioning {\n\t\t\tclaim api_version\n\t\t}\n\t\trespond ok\n"),
		"claim_with_auth_off": block("\t\tcontract testdata/orders\n\t\tauth off\n\t\tversioning {\n\t\t\tclaim api_version\n\t\t}\n\t\trespond ok\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gatewaytest.Load(t, caddyfile)
			if err == nil {
				t.Fatal("it loaded")
			}
			gatewaytest.Golden(t, filepath.Join("testdata", "errors", name+".golden"), []byte(caddyfile+"\n"+err.Error()+"\n"))
		})
	}
}
