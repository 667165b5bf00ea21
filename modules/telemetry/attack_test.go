//go:build !race

package telemetry_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestAttackOnCardinality is not parallel: it looks at the memory of the process. What
// clients choose is random here: paths, methods, versions, hosts and consumers.
func TestAttackOnCardinality(t *testing.T) {
	gw := gatewaytest.New(t, site("attacked", upstream(t, ok), "", "\t\tslo availability 99.9 latency 250ms 99\n\t\tratelimit {\n\t\t\tpolicy default {\n\t\t\t\tquota 100/1s\n\t\t\t\tkey {http.request.header.X-Consumer}\n\t\t\t\tmax_keys 1000\n\t\t\t}\n\t\t}\n")).On(":8080")
	random := rand.New(rand.NewPCG(7, 7))
	methods := []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
	attack := func(requests int) {
		for range requests {
			r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/v%d/%x/%x", 1+random.IntN(3), random.Uint32(), random.Uint64()), nil)
			if random.IntN(10) == 0 {
				r.URL.Path = fmt.Sprintf("/v1/things/x%d", random.Uint64()) // an operation, but a bad parameter
			}
			if r.Method = fmt.Sprintf("M%X", random.Uint32()); random.IntN(2) == 0 {
				r.Method = methods[random.IntN(len(methods))]
			}
			r.Host = fmt.Sprintf("%x.example", random.Uint64())
			r.Header.Set("X-Consumer", fmt.Sprintf("%x", random.Uint64()))
			r.Header.Set("Api-Version", fmt.Sprintf("v%d", random.Uint64()))
			gw.ServeHTTP(&discard{make(http.Header, 8)}, r)
		}
	}
	attack(5000)
	series, memory := len(totals(t, gw, "attacked"))+len(totals(t, gw, "_other")), heap()
	attack(100_000)
	if got := len(totals(t, gw, "attacked")) + len(totals(t, gw, "_other")); got > series+20 || got > 200 {
		t.Errorf("%d series became %d", series, got)
	}
	if got := heap(); got > memory+4<<20 {
		t.Errorf("%d KiB in use became %d KiB", memory>>10, got>>10)
	}
	t.Logf("%d series, %d KiB before, %d KiB after", series, memory>>10, heap()>>10)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
