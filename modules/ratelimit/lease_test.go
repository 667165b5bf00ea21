package ratelimit_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gateway/internal/redis/redistest"
)

const nodes = 3

// TestLeasedUnitsAddUp: three gateways that take units ahead let through no more than
// one would, and what they did not use comes back.
func TestLeasedUnitsAddUp(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	const quota, lease = 300, 10
	gws := gateways(t, nodes, server, named("ratelimit 300/1d {\n\t\tpolicy NAME\n\t\tstore lease 10\n\t}"))
	client := address()
	before := calls(server)
	passed := hammer(gws, 2*quota, client)
	if passed > quota || passed < quota-(nodes-1)*lease {
		t.Errorf("%d requests passed, want %d to %d", passed, quota-(nodes-1)*lease, quota)
	}
	if asked := calls(server) - before; asked > 6*quota/4 {
		t.Errorf("the store was asked %d times for %d requests", asked, 6*quota)
	}
	within(t, "all units come back", func() bool {
		passed += hammer(gws[:1], 4, client)
		return passed == quota
	})
	if passed += hammer(gws, 100, client); passed != quota {
		t.Errorf("%d requests passed in the end, want %d", passed, quota)
	}
}

// calls is how often the script was called.
func calls(server *redistest.Server) (n int) {
	for line := range strings.Lines(server.Do("INFO", "commandstats")) {
		if stats, ok := strings.CutPrefix(line, "cmdstat_evalsha:calls="); ok {
			_, _ = fmt.Sscanf(stats, "%d,", &n)
		}
	}
	return n
}

// served is one request that passed, somewhere between two times.
type served struct{ begin, end time.Time }

// TestLeaseBounds holds the formula of the README: in any window of t seconds at most
// burst + rate × t + nodes × lease requests pass, and while the demand lasts no fewer
// than burst + rate × t - nodes × lease.
func TestLeaseBounds(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	const burst, rate, lease = 60, 60.0, 6
	const demand = 2 * time.Second
	gws := gateways(t, nodes, server, named("ratelimit 60/1s {\n\t\tpolicy NAME\n\t\tstore lease 6\n\t}"))
	client := address()
	var mu sync.Mutex
	var passed []served
	var group sync.WaitGroup
	start := time.Now()
	for _, gw := range gws {
		for range 2 {
			group.Go(func() {
				for time.Since(start) < demand {
					s := served{begin: time.Now()}
					if get(gw, client).Code != http.StatusOK {
						time.Sleep(time.Millisecond) // a client that is refused, and impatient
						continue
					}
					s.end = time.Now()
					mu.Lock()
					passed = append(passed, s)
					mu.Unlock()
				}
			})
		}
	}
	group.Wait()
	slices.SortFunc(passed, func(a, b served) int { return a.begin.Compare(b.begin) })
	for i := range passed {
		end := passed[i].end
		for j := i; j < len(passed); j++ {
			if passed[j].end.After(end) {
				end = passed[j].end
			}
			window := end.Sub(passed[i].begin).Seconds()
			if n, most := float64(j-i+1), burst+rate*window+nodes*lease; n > most {
				t.Fatalf("%v requests passed in %.3f s, at most %.1f may", n, window, most)
			}
		}
	}
	if least := burst + rate*demand.Seconds() - nodes*lease - 1; float64(len(passed)) < least {
		t.Errorf("%d requests passed in %v, at least %.1f should", len(passed), demand, least)
	}
}
