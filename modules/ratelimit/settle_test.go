package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// pricing answers with the cost that the request asks for.
func pricing(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, cost := range r.Header["Wanted-Cost"] {
			w.Header().Add("X-Cost", cost)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestCostOfTheResponse tells the story of what a client has left after responses that
// name their cost.
func TestCostOfTheResponse(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	upstream := pricing(t)
	for store, quota := range map[string]string{"local": "10/1h", "exact": "10/1h", "lease 1": "10/1h", "local ": "10/month", "exact ": "10/month"} {
		directive := named(fmt.Sprintf("ratelimit {\n\t\tpolicy NAME {\n\t\t\tquota %s\n\t\t\tkey {header.X-Tenant}\n\t\t\tstore %s\n\t\t}\n\t\tcost_header x-cost\n\t}", quota, store))
		caddyfile := strings.Replace(sharing(redis.Addr, "", directive), "respond \"hello\"", "reverse_proxy "+upstream, 1)
		gw := gatewaytest.New(t, caddyfile)
		if store = strings.TrimSpace(store); store != "local" {
			shares(t, gw, redis)
		}
		for i, step := range []struct {
			cost string // of this response
			left int    // after the response before
		}{{"4", 9}, {"", 5}, {"0", 4}, {"1", 4}, {"nonsense", 3}, {"-3", 2}, {"99", 1}, {"1", -1}} {
			header := []string{"X-Tenant", "t"}
			if step.cost != "" {
				header = append(header, "Wanted-Cost", step.cost)
			}
			resp := get(gw, "192.0.2.1", header...)
			if step.left < 0 {
				if resp.Code != http.StatusTooManyRequests {
					t.Errorf("%s %s, step %d: got %d, want a refusal", store, quota, i, resp.Code)
				}
				continue
			}
			if limit := resp.Header().Get("RateLimit"); !strings.Contains(limit, fmt.Sprintf(";r=%d;", step.left)) {
				t.Errorf("%s %s, step %d: %d, RateLimit: %s, want %d left", store, quota, i, resp.Code, limit, step.left)
			}
		}
	}
}

func TestCostHeadersHaveToAgree(t *testing.T) {
	t.Parallel()
	_, err := loadAPI(t, "1", "\t\tratelimit 3/1h {\n\t\t\tcost_header X-Cost\n\t\t}\n\t\tratelimit 9/1h global {\n\t\t\tcost_header X-Price\n\t\t}\n")
	if err == nil || !contains(err, `cost_header is "X-Price" here, and "X-Cost" in another ratelimit of the same api`) {
		t.Errorf("got %v", err)
	}
}
