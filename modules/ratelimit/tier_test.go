package ratelimit_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"gateway/internal/gatewaytest"
)

// plans tells a caller's plan by the address that it has, since nobody is logged
// in here.
const plans = `map {http.request.remote.host} {plan} {
		192.0.2.10 pro
		192.0.2.11 odd
	}
	`

func TestTiers(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, site(plans+named(`ratelimit 2/1h {
		policy NAME
		tier {plan} {
			pro 4/1m 3
			free 1/1h
		}
	}`)))
	for _, tt := range []struct {
		client, policy string
		passed         int
	}{
		{"192.0.2.10", ";q=4;w=60", 3},
		{"192.0.2.11", ";q=2;w=3600", 2}, // a plan that is not listed
		{"192.0.2.12", ";q=2;w=3600", 2}, // no plan
	} {
		passed := 0
		for range 6 {
			resp := get(gw, tt.client)
			if resp.Code == http.StatusOK {
				passed++
			}
			if field := resp.Header().Get("RateLimit-Policy"); len(field) < len(tt.policy) || field[len(field)-len(tt.policy):] != tt.policy {
				t.Errorf("%s: RateLimit-Policy: %s, want %s", tt.client, field, tt.policy)
			}
		}
		if passed != tt.passed {
			t.Errorf("%s: %d requests passed, want %d", tt.client, passed, tt.passed)
		}
	}
}

// TestTierChangesMeetTheState: who is moved to another tier keeps what was spent.
func TestTierChangesMeetTheState(t *testing.T) {
	t.Parallel()
	directive := named("ratelimit 2/1h {\n\t\tpolicy NAME\n\t\ttier {plan} {\n\t\t\tpro 4/1h\n\t\t}\n\t}")
	client := "192.0.2.10"
	gw := gatewaytest.New(t, site(plans+directive))
	for range 4 {
		get(gw, client)
	}
	gw = gw.Reload(site(directive)) // without the map nobody has a plan
	if resp := get(gw, client); resp.Code != http.StatusTooManyRequests {
		t.Errorf("got %d: the other tier begins anew", resp.Code)
	}
}

func TestCostsBeyondATierRefuseToLoad(t *testing.T) {
	t.Parallel()
	_, err := loadAPI(t, "4", "\t\tratelimit 10/1h {\n\t\t\ttier {plan} {\n\t\t\t\tfree 3/1h\n\t\t\t}\n\t\t}\n")
	want := `x-ratelimit-cost 4 is more than the burst 3 of tier "free" of policy "default", so importThings would always be refused`
	if err == nil || !contains(err, want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestJitter: clients wait at least as long as they have to, and not all the same.
func TestJitter(t *testing.T) {
	t.Parallel()
	client := address()
	gw := gatewaytest.New(t, site("ratelimit 1/1h {\n\t\tjitter 1h\n\t}"))
	get(gw, client)
	seen := make(map[int]bool)
	for range 20 {
		wait, _ := strconv.Atoi(get(gw, client).Header().Get("Retry-After"))
		if wait < 3599 || wait > 7200 {
			t.Fatalf("Retry-After: %d", wait)
		}
		seen[wait] = true
	}
	if len(seen) < 5 {
		t.Errorf("twenty refusals said %s", fmt.Sprint(seen))
	}
}
