package ratelimit_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

const contract = `openapi: 3.1.0
info: {title: Things, version: 1.0.0}
paths:
  /things:
    get:
      operationId: listThings
      responses: {"200": {description: Things.}}
    post:
      operationId: importThings
      x-ratelimit-cost: %s
      responses: {"200": {description: Done.}}
  /health:
    get:
      operationId: health
      x-ratelimit-cost: 0
      responses: {"200": {description: Alive.}}
`

// loadAPI loads a gateway with limits in front of the contract.
func loadAPI(t *testing.T, cost, limits string) (*gatewaytest.Gateway, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "openapi.yaml"), fmt.Appendf(nil, contract, cost), 0o644); err != nil {
		t.Fatal(err)
	}
	return gatewaytest.LoadFile(t, filepath.Join(dir, "Caddyfile"),
		":8080 {\n\tapi things {\n\t\tcontract openapi.yaml\n"+limits+"\t\trespond \"hello\"\n\t}\n}\n")
}

func TestLimitsOfAnAPIAreDecidedTogether(t *testing.T) {
	t.Parallel()
	gw, err := loadAPI(t, "2", "\t\tratelimit 3/1h\n\t\tratelimit 10/1h {header.X-Tenant} {\n\t\t\tmissing skip\n\t\t}\n")
	if err != nil {
		t.Fatal(err)
	}
	client := address()
	for _, step := range []struct {
		method, path, tenant string
		code                 int
		limit                string
	}{
		{"POST", "/things", "a", 200, `"default";r=1;t=2400, "default-2";r=8;t=720`},
		{"POST", "/things", "a", 429, `"default";r=1;t=1200, "default-2";r=8;t=720`},
		{"GET", "/things", "a", 200, `"default";r=0;t=3600, "default-2";r=7;t=1080`},
		{"GET", "/things", "a", 429, `"default";r=0;t=1200, "default-2";r=7;t=1080`},
		{"GET", "/health", "a", 200, ""}, // free
		{"GET", "/things", "", 429, `"default";r=0;t=1200`},
	} {
		r := httptest.NewRequest(step.method, "http://localhost:8080"+step.path, nil)
		r.RemoteAddr = client + ":40000"
		if step.tenant != "" {
			r.Header.Set("X-Tenant", step.tenant)
		}
		resp := gw.Serve(r)
		if resp.Code != step.code || resp.Header().Get("RateLimit") != step.limit {
			t.Fatalf("%s %s: got %d, RateLimit: %s\nwant %d, %s", step.method, step.path, resp.Code, resp.Header().Get("RateLimit"), step.code, step.limit)
		}
	}
	if got := gw.Metric("gateway_policy_decisions_total", "policy", "ratelimit", "decision", "refused"); got == 0 {
		t.Error("the decisions were not counted")
	}
}

func TestReportingLimitsDoNotCountForEnforcedOnes(t *testing.T) {
	t.Parallel()
	gw, err := loadAPI(t, "1", "\t\tratelimit 1/1h {\n\t\t\tmode report\n\t\t}\n\t\tratelimit 2/1h\n\t\tratelimit 1/1h {\n\t\t\tmode off\n\t\t}\n")
	if err != nil {
		t.Fatal(err)
	}
	client := address()
	for i, want := range []int{200, 200, 429} {
		r := httptest.NewRequest("GET", "http://localhost:8080/things", nil)
		r.RemoteAddr = client + ":40000"
		resp := gw.Serve(r)
		if resp.Code != want || !strings.HasPrefix(resp.Header().Get("RateLimit-Policy"), `"default";q=2;w=3600`) {
			t.Errorf("request %d: got %d, RateLimit-Policy: %s", i, resp.Code, resp.Header().Get("RateLimit-Policy"))
		}
	}
	if got := gw.Metric("gateway_policy_decisions_total", "policy", "ratelimit", "decision", "reported"); got == 0 {
		t.Error("the reported decision was not counted")
	}
}

func TestCostsThatCannotBeRefuseToLoad(t *testing.T) {
	t.Parallel()
	for cost, want := range map[string]string{
		"4":   `x-ratelimit-cost 4 is more than the burst 3 of policy "default", so importThings would always be refused`,
		"-1":  "x-ratelimit-cost of importThings must be a whole number of quota units, at least 0",
		"0.5": "x-ratelimit-cost of importThings must be a whole number of quota units, at least 0",
		"two": "x-ratelimit-cost of importThings must be a whole number of quota units, at least 0",
	} {
		if _, err := loadAPI(t, cost, "\t\tratelimit 3/1h\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("cost %s: got %v, want %q", cost, err, want)
		}
	}
}

func TestLimitsOfOneNameInAnAPI(t *testing.T) {
	t.Parallel()
	limit := "\t\tratelimit 3/1h {\n\t\t\tpolicy same\n\t\t}\n"
	if _, err := loadAPI(t, "1", limit+limit); err == nil || !strings.Contains(err.Error(), `two rate limit policies on one request are called "same"`) {
		t.Errorf("got %v", err)
	}
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }
