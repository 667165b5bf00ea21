package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dunglas/httpsfv"

	"gateway/internal/gatewaytest"
)

// site wraps directives into a Caddyfile whose other directives say hello.
func site(directives string) string {
	return ":8080 {\n\t" + directives + "\n\trespond \"hello\"\n\thandle_errors {\n\t\tproblem\n\t}\n}\n"
}

// Tests run in one process and state is shared within it, so each test has policy
// names or addresses of its own.
var fresh atomic.Int64

func named(format string) string {
	return strings.ReplaceAll(format, "NAME", "test-"+strconv.FormatInt(fresh.Add(1), 10))
}

func address() string {
	n := fresh.Add(1)
	return fmt.Sprintf("198.18.%d.%d", n/256, n%256)
}

func get(gw *gatewaytest.Gateway, ip string, header ...string) *gatewaytest.Response {
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080/", nil)
	r.RemoteAddr = ip + ":40000"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return gw.Serve(r)
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	client := address()
	gw := gatewaytest.New(t, site("ratelimit 3/1h"))
	for i := range 3 {
		resp := get(gw, client)
		if resp.Code != http.StatusOK || resp.Header().Get("RateLimit-Policy") != `"default";q=3;w=3600` {
			t.Fatalf("request %d: %d, RateLimit-Policy: %s", i, resp.Code, resp.Header().Get("RateLimit-Policy"))
		}
		if want := fmt.Sprintf(`"default";r=%d;t=%d`, 2-i, 1200*(i+1)); resp.Header().Get("RateLimit") != want {
			t.Errorf("request %d: RateLimit: %s, want %s", i, resp.Header().Get("RateLimit"), want)
		}
	}
	resp := get(gw, client)
	if resp.Code != http.StatusTooManyRequests || resp.Header().Get("Retry-After") != "1200" || resp.Header().Get("RateLimit") != `"default";r=0;t=1200` {
		t.Fatalf("got %d with %v", resp.Code, resp.Header())
	}
	if p := resp.Problem(); p.Code != "limit.exceeded" || p.RetryAfter != 1200 || p.Detail != `Policy "default" allows 3 requests in 1h.` {
		t.Errorf("got %s", resp.Body)
	}
	if problem := resp.Problem(); problem.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" {
		t.Errorf("the type of the problem is %s", problem.Type)
	}
	if !strings.Contains(resp.Body.String(), `"help":"/docs/errors/limit.exceeded"`) {
		t.Errorf("the page about the reason is not named: %s", resp.Body)
	}
	if !strings.Contains(resp.Body.String(), `"violated-policies":["default"]`) {
		t.Errorf("the body does not name the policy: %s", resp.Body)
	}
	if cache := resp.Header().Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control: %q; a 429 must not be stored (RFC 6585 §4)", cache)
	}
	if code := get(gw, address()).Code; code != http.StatusOK {
		t.Errorf("another address got %d", code)
	}
}

func TestSeveralPoliciesTogether(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(`ratelimit {
		policy few {
			quota 2/1h
			key {header.X-Tenant}
		}
		policy many {
			quota 5/1h
			key global
		}
	}`))
	for _, step := range []struct {
		tenant string
		code   int
		limit  string
	}{
		{"a", 200, `"few";r=1;t=1800, "many";r=4;t=720`},
		{"a", 200, `"few";r=0;t=3600, "many";r=3;t=1440`},
		{"a", 429, `"few";r=0;t=1800, "many";r=3;t=1440`},
		{"a", 429, `"few";r=0;t=1800, "many";r=3;t=1440`}, // refusals cost nobody anything
		{"b", 200, `"few";r=1;t=1800, "many";r=2;t=2160`},
		{"c", 200, `"few";r=1;t=1800, "many";r=1;t=2880`},
		{"d", 200, `"few";r=1;t=1800, "many";r=0;t=3600`},
		{"e", 429, `"few";r=2;t=0, "many";r=0;t=720`},
	} {
		resp := get(gw, "192.0.2.1", "X-Tenant", step.tenant)
		if resp.Code != step.code || resp.Header().Get("RateLimit") != step.limit {
			t.Fatalf("%s: got %d, RateLimit: %s\nwant %d, %s", step.tenant, resp.Code, resp.Header().Get("RateLimit"), step.code, step.limit)
		}
	}
}

func TestTwoDirectivesBothTell(t *testing.T) {
	t.Parallel()
	client := address()
	gw := gatewaytest.New(t, site("ratelimit 5/1h {\n\t\tpolicy first\n\t}\n\tratelimit 9/1h global {\n\t\tpolicy second\n\t}"))
	resp := get(gw, client)
	list, err := httpsfv.UnmarshalList(resp.Header().Values("RateLimit"))
	if err != nil || len(list) != 2 {
		t.Fatalf("RateLimit: %q, %v", resp.Header().Values("RateLimit"), err)
	}
	if first, second := list[0].(httpsfv.Item).Value, list[1].(httpsfv.Item).Value; first != "first" || second != "second" {
		t.Errorf("got %v, %v", first, second)
	}
	if policies, err := httpsfv.UnmarshalList(resp.Header().Values("RateLimit-Policy")); err != nil || len(policies) != 2 {
		t.Errorf("RateLimit-Policy: %q, %v", resp.Header().Values("RateLimit-Policy"), err)
	}
}

func TestOnlyTrustedProxiesNameTheClient(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, "{\n\tservers {\n\t\ttrusted_proxies static 10.0.0.0/8\n\t}\n}\n"+site("ratelimit 1/1h {client_ip}"))
	for _, step := range []struct {
		peer, forwarded string
		code            int
	}{
		{"192.0.2.1", "203.0.113.1", 200},
		{"192.0.2.1", "203.0.113.2", 429}, // not a proxy: what it says does not count
		{"10.0.0.1", "203.0.113.1", 200},
		{"10.0.0.2", "203.0.113.1", 429}, // the same client through another proxy
		{"10.0.0.1", "203.0.113.2", 200},
		{"10.0.0.1", "2001:db8::1", 200},
		{"10.0.0.1", "2001:db8::ffff:2", 429},   // the same /64
		{"10.0.0.1", "::ffff:203.0.113.2", 429}, // the same address, mapped
	} {
		if resp := get(gw, step.peer, "X-Forwarded-For", step.forwarded); resp.Code != step.code {
			t.Errorf("%s for %s: got %d, want %d", step.peer, step.forwarded, resp.Code, step.code)
		}
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]struct {
		code int
		tell bool
	}{"enforce": {429, true}, "report": {200, false}, "off": {200, false}} {
		client := address()
		gw := gatewaytest.New(t, site("ratelimit 1/1h {\n\t\tmode "+mode+"\n\t}"))
		get(gw, client)
		resp := get(gw, client)
		if _, told := resp.Header()["Ratelimit"]; resp.Code != want.code || told != want.tell {
			t.Errorf("%s: got %d, told %t", mode, resp.Code, told)
		}
	}
}

func TestHeaderOptions(t *testing.T) {
	t.Parallel()
	client := address()
	gw := gatewaytest.New(t, site("ratelimit 4/1h {\n\t\theaders off\n\t}"))
	if header := get(gw, client).Header(); header["Ratelimit"] != nil || header["Ratelimit-Policy"] != nil {
		t.Errorf("headers off: %v", header)
	}
	gw = gatewaytest.New(t, site("ratelimit 4/1h {\n\t\tlegacy_headers on\n\t}"))
	header := get(gw, address()).Header()
	got := header.Get("X-RateLimit-Limit") + " " + header.Get("X-RateLimit-Remaining") + " " + header.Get("X-RateLimit-Reset")
	if got != "4 3 900" || header.Get("RateLimit") == "" {
		t.Errorf("legacy_headers on: %q in %v", got, header)
	}
}

func TestReloadKeepsState(t *testing.T) {
	t.Parallel()
	client := address()
	for name, tt := range map[string]struct{ before, after string }{
		"same config":     {"ratelimit 2/1h {\n\t\tpolicy NAME\n\t}", "ratelimit 2/1h {\n\t\tpolicy NAME\n\t}"},
		"changed numbers": {"ratelimit 2/1h {\n\t\tpolicy NAME\n\t}", "ratelimit 1/1d {\n\t\tpolicy NAME\n\t\tmax_keys 500\n\t}"},
		"block form":      {"ratelimit 2/1h {\n\t\tpolicy NAME\n\t}", "ratelimit {\n\t\tpolicy NAME {\n\t\t\tquota 2/1h\n\t\t}\n\t}"},
	} {
		pair := strings.Split(named(tt.before+"|"+tt.after), "|")
		gw := gatewaytest.New(t, site(pair[0]))
		get(gw, client)
		get(gw, client)
		gw = gw.Reload(site(pair[1]))
		if resp := get(gw, client); resp.Code != http.StatusTooManyRequests {
			t.Errorf("%s: got %d after the reload, RateLimit: %s", name, resp.Code, resp.Header().Get("RateLimit"))
		}
		if resp := get(gw, address()); resp.Code != http.StatusOK {
			t.Errorf("%s: another address got %d", name, resp.Code)
		}
	}
}

func TestFailedReloadChangesNothing(t *testing.T) {
	t.Parallel()
	client := address()
	directive := named("ratelimit 2/1h {\n\t\tpolicy NAME\n\t}")
	gw := gatewaytest.New(t, site(directive))
	get(gw, client)
	for range 3 {
		// The expression is compiled when the second directive is provisioned,
		// after the first has taken its state.
		broken := site(directive + "\n\trequest_header X-Any ( y")
		if _, err := gatewaytest.Load(t, broken); err == nil {
			t.Fatal("the broken config loads")
		}
	}
	if resp := get(gw, client); resp.Header().Get("RateLimit") == "" || resp.Code != http.StatusOK {
		t.Errorf("got %d after the failed reload", resp.Code)
	}
	if resp := get(gw, client); resp.Code != http.StatusTooManyRequests {
		t.Errorf("got %d, so the failed reload gave the quota back", resp.Code)
	}
}

func TestRequestsMayOutliveTheirConfig(t *testing.T) {
	t.Parallel()
	client := address()
	gw := gatewaytest.New(t, site("ratelimit 2/1h"))
	get(gw, client)
	gw.Close()
	if first, second := get(gw, client), get(gw, client); first.Code != 200 || second.Code != 429 {
		t.Errorf("got %d, %d after the clean-up", first.Code, second.Code)
	}
}

func TestSitesShareByName(t *testing.T) {
	t.Parallel()
	client := address()
	shared := named("ratelimit 2/1h {\n\t\tpolicy NAME\n\t}")
	other := strings.Replace(site(shared), ":8080", ":8081", 1)
	gw := gatewaytest.New(t, site(shared)+other)
	get(gw.On(":8080"), client)
	get(gw.On(":8081"), client)
	if resp := get(gw.On(":8080"), client); resp.Code != http.StatusTooManyRequests {
		t.Errorf("two sites with one policy: got %d", resp.Code)
	}
	unnamed := site("ratelimit 1/1h")
	gw = gatewaytest.New(t, unnamed+strings.Replace(unnamed, ":8080", ":8081", 1))
	get(gw.On(":8080"), client)
	if resp := get(gw.On(":8081"), client); resp.Code != http.StatusOK {
		t.Errorf("two sites without names: got %d", resp.Code)
	}
}

func TestExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	client := address()
	const quota, workers = 200, 8
	gw := gatewaytest.New(t, site(fmt.Sprintf("ratelimit %d/1d", quota)))
	var passed atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range quota / 4 {
				if get(gw, client).Code == http.StatusOK {
					passed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if passed.Load() != quota {
		t.Errorf("%d requests passed, want exactly %d", passed.Load(), quota)
	}
}

func TestMetricsOfTheStore(t *testing.T) {
	t.Parallel()
	directive := named("ratelimit 5/1h {\n\t\tpolicy NAME\n\t\tmax_keys 3\n\t}")
	name := strings.Fields(directive)[4]
	gw := gatewaytest.New(t, site(directive))
	for i := range 5 {
		get(gw, fmt.Sprintf("192.0.2.%d", i))
	}
	for metric, want := range map[string]float64{"keys": 3, "max_keys": 3, "evicted_total": 2} {
		if got := gw.Metric("gateway_ratelimit_store_"+metric, "policy", name); got != want {
			t.Errorf("%s: got %v, want %v", metric, got, want)
		}
	}
	gw = gw.Reload(site(directive))
	if got := gw.Metric("gateway_ratelimit_store_evicted_total", "policy", name); got != 2 {
		t.Errorf("the counter is %v after a reload, want 2", got)
	}
}
