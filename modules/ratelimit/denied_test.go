package ratelimit_test

import (
	"net/http"
	"strings"
	"testing"

	"gateway/internal/redis/redistest"
)

// TestStoreThatDoesNotWrite: a store that answers and does not write is down: one that is
// full and does not evict, and one that has become a replica.
func TestStoreThatDoesNotWrite(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]struct{ begin, end []string }{
		"full":       {[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
		"replica of": {[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
	} {
		for onError, want := range map[string]int{"closed": http.StatusServiceUnavailable, "open": http.StatusOK, "local": http.StatusTooManyRequests} {
			server := redistest.Start(t)
			directive := named("ratelimit 2/1d {\n\t\tpolicy NAME\n\t\ton_error " + onError + "\n\t}")
			gw := gateways(t, 1, server, directive)[0]
			policy := strings.Fields(directive)[4]
			alone := func() float64 {
				return gw.Metric("gateway_ratelimit_store_alone_total", "policy", policy, "on_error", onError)
			}
			first := alone() // until the store was in use
			server.Do(does.begin...)
			client := address()
			var codes []int
			for range 3 {
				codes = append(codes, get(gw, client).Code)
			}
			if codes[2] != want || onError != "closed" && codes[0] != http.StatusOK {
				t.Errorf("%s, on_error %s: got %d, want %d in the end", name, onError, codes, want)
			}
			if n := alone() - first; n != 3 {
				t.Errorf("%s, on_error %s: %v decisions without the store are counted, want 3", name, onError, n)
			}
			server.Do(does.end...)
			before := alone()
			within(t, "counted in the store again", func() bool {
				code := get(gw, address()).Code
				if now := alone(); now != before {
					before = now
					return false
				}
				return code == http.StatusOK
			})
			server.Kill()
		}
	}
}
