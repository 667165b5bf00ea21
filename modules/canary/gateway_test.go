package canary_test

import (
	"fmt"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestByHand: the consumers of a site are divided, each always the same way, and nobody
// can say which group he is in.
func TestByHand(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, `:8080 {
	canary 30% {
		by {http.request.header.X-Tenant}
	}
	@new canary
	@old canary stable
	respond @new "new {http.canary.group} {header.API-Canary}"
	respond @old "old {http.canary.group} {header.API-Canary}"
	respond "neither"
}
`)
	count := map[string]int{}
	for i := range 300 {
		tenant := fmt.Sprint("tenant-", i)
		first := gw.Do("GET", "/", "X-Tenant", tenant).Body.String()
		count[first]++
		if again := gw.Do("GET", "/", "X-Tenant", tenant, "API-Canary", "canary", "Api_Canary", "canary").Body.String(); again != first {
			t.Fatalf("%s: first %q, then %q", tenant, first, again)
		}
	}
	if len(count) != 2 || count["new canary canary"] < 60 || count["new canary canary"] > 120 || count["old stable stable"] == 0 {
		t.Errorf("got %v", count)
	}
	if got := gw.Do("GET", "/").Body.String(); got != "old stable stable" {
		t.Errorf("without a tenant: %q", got)
	}
}

// TestByConsumer: inside an api block the verified subject decides, and versions and the
// canary have services of their own by the names of their matchers.
func TestByConsumer(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	gw := gatewaytest.New(t, `:8080 {
	api orders {
		contract ../api/testdata/orders
		auth `+issuer.URL+` {
			audience orders
		}
		canary 50% {
			version v2
		}
		respond @v1 "the old service"
		respond @canary "the new service"
		respond "the service {http.canary.group}"
	}
}
`)
	// The process counts, over all its gateways.
	requests := func(labels ...string) float64 {
		return gw.Metric("gateway_canary_requests_total", append(labels, "api", "orders")...)
	}
	groups := map[string]string{"canary": "the new service", "stable": "the service stable"}
	before := map[string]float64{}
	for group := range groups {
		before[group] = requests("version", "v2", "group", group, "class", "2xx")
	}
	count := map[string]int{}
	for i := range 60 {
		token := "Bearer " + issuer.Token(t, map[string]any{"sub": fmt.Sprint("user-", i), "aud": "orders", "scope": "orders:read"})
		if got := gw.Do("GET", "/v1/orders/1", "Authorization", token).Body.String(); got != "the old service" {
			t.Fatalf("v1 is answered by %q", got)
		}
		first := gw.Do("GET", "/v2/orders/1", "Authorization", token).Body.String()
		if again := gw.Do("GET", "/v2/orders/2", "Authorization", token).Body.String(); again != first {
			t.Fatalf("user %d meets %q, then %q", i, first, again)
		}
		count[first]++
	}
	if len(count) != 2 || count["the new service"] < 15 || count["the service stable"] < 15 {
		t.Errorf("got %v", count)
	}
	for group, answer := range groups {
		if got := requests("version", "v2", "group", group, "class", "2xx") - before[group]; got != float64(2*count[answer]) {
			t.Errorf("%g requests are counted as %s, want %d", got, group, 2*count[answer])
		}
	}
	if got := requests("version", "v1"); got != 0 {
		t.Errorf("%g requests of v1 are counted, which nobody divides", got)
	}
}

// TestRefusedConfigs compares the message of every mistake in testdata/refused.
func TestRefusedConfigs(t *testing.T) {
	gatewaytest.Refused(t, "testdata/refused/*.caddyfile")
}
