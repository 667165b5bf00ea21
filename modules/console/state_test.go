package console_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gateway/internal/finding"
	"gateway/internal/freeport"
	"gateway/internal/loads"
)

// told reads one answer of the console.
func told(t *testing.T, address, path string, into any) string {
	t.Helper()
	res, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%s: got %d %s, %v", path, res.StatusCode, text, err)
	}
	return string(text)
}

const shopContract = `openapi: 3.1.0
info: {title: Shop, version: 1.0.0}
servers: [{url: /shop}]
components:
  securitySchemes:
    login: {type: oauth2, flows: {clientCredentials: {tokenUrl: /t, scopes: {"orders:write": write}}}}
paths:
  /orders:
    post:
      operationId: createOrder
      security: [{login: ["orders:write"]}]
      parameters: [{name: dry, in: query, schema: {type: boolean}}, {name: X-Trace, in: header, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: made}, "4XX": {description: no}}
    get:
      operationId: listOrders
      deprecated: true
      responses: {"200": {description: ok}}
`

// TestRoutes: the page learns of every operation what stands in its way, and of sites
// that are made by hand what is known.
func TestRoutes(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeport.Address(t)
	file := filepath.Join(dir, "shop.yaml")
	if err := os.WriteFile(file, []byte(shopContract), 0o600); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "key.json")
	if err := os.WriteFile(key, []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	started(t, address, `	api shop {
		contract `+file+`
		auth https://idp.example {
			key `+key+`
			audience shop
			optional
		}
		ratelimit 100/1m {client_ip}
		reverse_proxy localhost:9001 localhost:9002
	}
	handle /static/* {
		ratelimit 10/1s
		respond "hello"
	}`)
	var got struct {
		Routes []struct {
			Method, Template, Operation, API, Version, Auth string
			Scopes, Upstream                                []string
			Limits                                          []struct{ Policy, Quota string }
			Schema                                          struct{ Body, Parameters, Responses []string }
			Deprecated                                      bool
			Source                                          finding.Position
		}
		Directives []struct {
			Matchers, Upstream, Listen []string
			Directive                  string
			APIs                       []string
			Source                     *finding.Position
		}
	}
	text := told(t, address, "/api/routes", &got)
	if len(got.Routes) != 2 {
		t.Fatalf("got %s", text)
	}
	list, create := got.Routes[0], got.Routes[1]
	if list.Operation != "listOrders" {
		list, create = create, list
	}
	if create.Method != "POST" || create.Template != "/shop/orders" || create.Auth != "token" || strings.Join(create.Scopes, ",") != "orders:write" ||
		strings.Join(create.Upstream, " ") != "localhost:9001 localhost:9002" || len(create.Limits) != 1 || create.Limits[0].Quota != "100/1m" ||
		strings.Join(create.Schema.Body, " ") != "application/json" || strings.Join(create.Schema.Parameters, ", ") != "query dry, header X-Trace (required)" ||
		strings.Join(create.Schema.Responses, " ") != "201 4XX" || create.Source.Line != 9 || create.Source.File != file || create.Deprecated {
		t.Errorf("the operation that creates: %+v", create)
	}
	if list.Auth != "optional token" || !list.Deprecated || len(list.Scopes) != 0 || list.Schema.Body == nil {
		t.Errorf("the operation that lists: %+v", list)
	}
	var seen []string
	for _, d := range got.Directives {
		seen = append(seen, strings.TrimSpace(strings.Join(d.Matchers, " and ")+" "+d.Directive+" "+strings.Join(d.APIs, " ")))
	}
	if got := strings.Join(seen, "; "); got != "path /static/* ratelimit; path /static/* static_response; api shop" {
		t.Errorf("the directives: %s", got)
	}
	if at := got.Directives[0].Source; at == nil || at.Line != 18 {
		t.Errorf("the place of the limit: %+v", at)
	}
}

// TestLimits: the limits, what they decided, and who has little left, called by an alias.
func TestLimits(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, "\tratelimit 3/1h {header.X-Tenant} {\n\t\tpolicy console-test\n\t}\n\trespond hello")
	for range 5 {
		r := httptest.NewRequest("GET", "http://localhost:8080/", nil)
		r.Header.Set("X-Tenant", "acme<script>")
		gw.Serve(r)
	}
	type policy struct {
		Policy, Quota, Source string
		Decisions             struct{ Passed, Refused int }
		Nearest               []struct {
			Key              string
			Hashed           bool
			Remaining, Limit int
		}
	}
	var got struct {
		Store    *struct{ Up bool }
		Policies []*policy
	}
	text := told(t, address, "/api/limits", &got)
	ours := func() int { // other tests of this process have limits too
		return slices.IndexFunc(got.Policies, func(p *policy) bool { return p.Policy == "console-test" && p.Decisions.Refused == 2 })
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && ours() < 0; {
		time.Sleep(50 * time.Millisecond) // the overview may be a second old
		text = told(t, address, "/api/limits", &got)
	}
	if ours() < 0 || got.Store != nil || strings.Contains(text, "acme") {
		t.Fatalf("got %s", text)
	}
	p := got.Policies[ours()]
	if p.Quota != "3/1h" || p.Source != "Caddyfile:7" || p.Decisions.Passed != 3 || p.Decisions.Refused != 2 ||
		len(p.Nearest) != 1 || p.Nearest[0].Remaining != 0 || p.Nearest[0].Limit != 3 || !p.Nearest[0].Hashed || len(p.Nearest[0].Key) != 16 {
		t.Errorf("got %s", text)
	}
}

// TestHealth: what the gateway depends on.
func TestHealth(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	started(t, address, "\treverse_proxy localhost:9002 localhost:9001 {\n\t\thealth_uri /up\n\t}")
	var got struct {
		Upstreams []struct {
			Address, Checks string
			Healthy         bool
		}
		Keys, Contracts []any
		Store           any
	}
	text := told(t, address, "/api/health", &got)
	if len(got.Upstreams) != 2 || got.Upstreams[0].Address != "localhost:9001" || got.Upstreams[0].Checks != "active" || got.Store != nil || got.Keys == nil || got.Contracts == nil {
		t.Errorf("got %s", text)
	}
}

// TestLoadErrors: why the newest configuration is not the live one stands on the
// console until the next one is. The state is that of the whole process, so nothing else
// may load meanwhile.
func TestLoadErrors(t *testing.T) {
	address := freeport.Address(t)
	book := loads.Process()
	started(t, address, "\tapi things {\n\t\tcontract testdata/things.yaml\n\t\trequest_header Authorization \"Bearer hunter2\"\n\t\t\trespond ok\n\t}")
	type answer struct {
		Process struct {
			Generation, PID int
			Dev             bool
			Addresses       []string
			Started         string
		}
		LoadError *struct {
			Text     string
			Findings []struct {
				File, Message, Hint, Text string
				Line, Column              int
			}
		} `json:"load_error"`
		Contracts []any
	}
	var fine answer
	told(t, address, "/api/state", &fine)
	if fine.LoadError != nil || fine.Process.PID != os.Getpid() || fine.Process.Generation == 0 || !strings.HasSuffix(fine.Process.Started, "Z") || len(fine.Contracts) != 1 || len(fine.Process.Addresses) != 1 || fine.Process.Addresses[0] != "http://localhost:8080" {
		t.Errorf("at first: %+v", fine)
	}
	var config struct {
		Config, Inferred any
		Caddyfile        string
		Findings         []struct{ Severity, Message, Text string }
	}
	text := told(t, address, "/api/config", &config)
	if config.Caddyfile != "Caddyfile" || strings.Contains(text, "hunter2") || !strings.Contains(text, "••••") || !strings.Contains(text, "requests are validated, with the defaults of validate") {
		t.Errorf("the configuration: %s", text)
	}
	if len(config.Findings) == 0 || config.Findings[0].Severity != "warning" || !strings.Contains(config.Findings[0].Message, "not formatted") {
		t.Errorf("its warnings: %s", text)
	}

	_ = book.Do(func() error {
		return (&finding.Error{Message: `"respnd" is not a directive`, At: finding.Position{File: "Caddyfile", Line: 2, Column: 2}, Hint: "did you mean respond?", Word: "respnd"}).In([]byte(":8080\n\trespnd hello\n"))
	})
	var broken answer
	told(t, address, "/api/state", &broken)
	if e := broken.LoadError; e == nil || len(e.Findings) != 1 || e.Findings[0].Column != 2 || e.Findings[0].Hint != "did you mean respond?" || !strings.Contains(e.Text, " > 2 │   respnd hello") {
		t.Errorf("the error: %+v", broken.LoadError)
	}
	if text := told(t, address, "/api/config", &config); config.Findings[0].Severity != "error" {
		t.Errorf("the findings: %s", text)
	}
	_ = book.Do(func() error { return errors.New("<script>") })
	_ = book.Do(func() error { return nil })
	var repaired answer
	if told(t, address, "/api/state", &repaired); repaired.LoadError != nil {
		t.Errorf("the error stays: %+v", repaired.LoadError)
	}
}

// TestVersions: who uses which version, and how long each lives.
func TestVersions(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t)
	gw := started(t, address, "\tversioning {\n\t\tpath\n\t\tversion v1 {\n\t\t\tdeprecated 2020-01-01\n\t\t\tsunset 2999-12-31\n\t\t}\n\t\tversion v2\n\t}\n\trespond hello")
	for range 3 {
		gw.Do("GET", "/v1/orders")
	}
	var got struct {
		APIs []struct {
			API      string
			Versions []struct {
				Version, State, Successor string
				Sunset                    *time.Time
				Requests, Anonymous       int
			}
		}
	}
	text := told(t, address, "/api/versions", &got)
	for _, api := range got.APIs {
		if api.API != "Caddyfile:7" {
			continue // of another test
		}
		if v := api.Versions[0]; len(api.Versions) != 2 || v.Version != "v1" || v.State != "deprecated" || v.Successor != "v2" || v.Sunset == nil || v.Requests != 3 || v.Anonymous != 3 {
			t.Errorf("got %s", text)
		}
		return
	}
	t.Errorf("nothing is told of the site: %s", text)
}
