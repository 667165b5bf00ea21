package ratelimit_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// modes is a directive with a policy of each mode. Fewest pass by the one that reports.
func modes(options string) string {
	return strings.ReplaceAll(named(`ratelimit {
		policy NAME-real {
			quota 4/1h
			OPTIONS
		}
		policy NAME-tried {
			quota 2/1h
			OPTIONS
			mode report
		}
		policy NAME-loose {
			quota 5/1h
			OPTIONS
			mode report
		}
		policy NAME-off {
			quota 1/1h
			OPTIONS
			mode off
		}
	}`), "OPTIONS", options)
}

// checkModes sends six requests of one client, of which the enforced policy lets four
// through, and looks at what the client is told and what was counted.
func checkModes(t *testing.T, gw *gatewaytest.Gateway, directive string, ask func(client string) *gatewaytest.Response) {
	t.Helper()
	base := strings.TrimSuffix(strings.Fields(directive)[3], "-real")
	before := make(map[string]float64)
	count := func(policy, decision string) float64 {
		return gw.Metric("gateway_ratelimit_decisions_total", "policy", base+"-"+policy, "decision", decision)
	}
	each := func(do func(policy, decision string)) {
		for _, policy := range []string{"real", "tried", "loose", "off"} {
			for _, decision := range []string{"passed", "refused", "reported"} {
				do(policy, decision)
			}
		}
	}
	each(func(policy, decision string) { before[policy+" "+decision] = count(policy, decision) })
	client := address()
	for i, want := range []int{200, 200, 200, 200, 429, 429} {
		resp := ask(client)
		if resp.Code != want {
			t.Errorf("request %d: got %d, want %d", i, resp.Code, want)
		}
		for name, values := range resp.Header() {
			for _, word := range []string{"tried", "loose", "off"} {
				if strings.Contains(strings.Join(values, " "), base+"-"+word) {
					t.Errorf("request %d tells the client %s: %s", i, name, values)
				}
			}
		}
	}
	want := map[string]float64{"real passed": 4, "real refused": 2, "tried passed": 2, "tried reported": 2, "loose passed": 4}
	each(func(policy, decision string) {
		key := policy + " " + decision
		if got := count(policy, decision) - before[key]; got != want[key] {
			t.Errorf("%s: counted %v, want %v", key, got, want[key])
		}
	})
}

// TestModesOfPolicies: a policy that reports lets through, keeps no other from charging,
// is charged only for what gets past the enforced ones, and is not told.
func TestModesOfPolicies(t *testing.T) {
	t.Parallel()
	directive := modes("")
	gw := gatewaytest.New(t, site(directive))
	checkModes(t, gw, directive, func(client string) *gatewaytest.Response { return get(gw, client) })
}

func TestModesOfPoliciesShared(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for _, store := range []string{"exact", "lease 1", "local"} {
		directive := modes("store " + store)
		gw := gatewaytest.New(t, sharing(server.Addr, "", directive))
		if store != "local" {
			shares(t, gw, server)
		}
		checkModes(t, gw, directive, func(client string) *gatewaytest.Response { return get(gw, client) })
	}
}

func TestModesOfPoliciesBeforeAuth(t *testing.T) {
	t.Parallel()
	directive := strings.Replace(modes(""), "ratelimit {", "ratelimit {\n\t\tbefore_auth on", 1)
	gw, err := loadAPI(t, "1", "\t\t"+strings.ReplaceAll(directive, "\n", "\n\t")+"\n")
	if err != nil {
		t.Fatal(err)
	}
	named := strings.Replace(directive, "\n\t\tbefore_auth on", "", 1)
	checkModes(t, gw, named, func(client string) *gatewaytest.Response {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:8080/things", nil)
		r.RemoteAddr = client + ":40000"
		return gw.Serve(r)
	})
}

// TestModeOfAPolicyGoesFirst: what a policy says counts more than the directive.
func TestModeOfAPolicyGoesFirst(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(named("ratelimit {\n\t\tmode off\n\t\tpolicy NAME {\n\t\t\tquota 1/1h\n\t\t\tmode enforce\n\t\t}\n\t\tpolicy NAME-b {\n\t\t\tquota 1/1h\n\t\t}\n\t}")))
	client := address()
	for i, want := range []int{200, 429} {
		if code := get(gw, client).Code; code != want {
			t.Errorf("request %d: got %d, want %d", i, code, want)
		}
	}
	all := gatewaytest.New(t, site(named("ratelimit {\n\t\tpolicy NAME {\n\t\t\tquota 1/1h\n\t\t\tmode off\n\t\t}\n\t}")))
	for i := range 3 {
		if code := get(all, client).Code; code != http.StatusOK {
			t.Errorf("request %d with the policy off: got %d", i, code)
		}
	}
}
