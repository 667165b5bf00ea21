package ratelimit_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// traffic is what some clients of a gateway got that is reloaded meanwhile.
type traffic struct {
	current atomic.Pointer[gatewaytest.Gateway]
	next    func(n int) string // the configuration after so many reloads
	reloads int

	passed, refused atomic.Int64
}

// send sends requests from several goroutines while one configuration after the other
// comes. Whatever is not let through or refused is an error.
func (c *traffic) send(t *testing.T, requests int, client string) {
	t.Helper()
	const workers = 4
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range requests / workers {
				switch code := get(c.current.Load(), client).Code; code {
				case http.StatusOK:
					c.passed.Add(1)
				case http.StatusTooManyRequests:
					c.refused.Add(1)
				default:
					t.Errorf("got %d", code)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	for {
		select {
		case <-done:
			return
		default:
			c.reload(t)
		}
	}
}

// reload puts the next configuration in place of the current one, as Caddy does it: the
// next is ready before the other one goes.
func (c *traffic) reload(t *testing.T) {
	t.Helper()
	old := c.current.Load()
	c.reloads++
	c.current.Store(gatewaytest.New(t, c.next(c.reloads)))
	old.Close()
}

// TestReloadUnderLoad: while one configuration after the other comes, nobody gets a unit
// more or less, and no request fails.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	const quota = 500
	for name, option := range map[string]string{"memory": "", "exact": "store exact", "lease": "store lease 5"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directive := named("ratelimit 500/1d {\n\t\tpolicy NAME\n\t\t" + option + "\n\t}")
			config := site(directive)
			var server *redistest.Server
			if option != "" {
				server = redistest.Start(t)
				config = sharing(server.Addr, "", directive)
			}
			c := traffic{next: func(int) string { return config }}
			c.current.Store(gatewaytest.New(t, config))
			if option != "" {
				shares(t, c.current.Load(), server)
			}
			client := address()
			c.send(t, 2*quota, client)
			if c.reloads == 0 || c.passed.Load() != quota || c.refused.Load() != quota {
				t.Errorf("over %d reloads %d passed and %d were refused, want %d and %d", c.reloads, c.passed.Load(), c.refused.Load(), quota, quota)
			}
		})
	}
}

// TestReloadGivesLeasesBack: under load, nobody gets more than there is while a lease of
// one size after the other comes, and what the replaced ones had taken ahead and not spent
// comes back, also what was on its way when they went.
func TestReloadGivesLeasesBack(t *testing.T) {
	t.Parallel()
	const quota = 400
	server := redistest.Start(t)
	config := sharing(server.Addr, "", named("ratelimit 400/1d {\n\t\tpolicy NAME\n\t\tstore lease 20\n\t}"))
	sizes := []string{"lease 20", "lease 10", "lease 15"}
	c := traffic{next: func(n int) string { return strings.Replace(config, "lease 20", sizes[n%len(sizes)], 1) }}
	c.current.Store(gatewaytest.New(t, config))
	shares(t, c.current.Load(), server)
	client := address()
	c.send(t, quota, client)
	if passed := c.passed.Load(); passed > quota || c.reloads < 2 {
		t.Errorf("%d passed over %d reloads, at most %d may", passed, c.reloads, quota)
	}
	within(t, "all units come back", func() bool {
		time.Sleep(10 * time.Millisecond)
		c.send(t, 4, client)
		return c.passed.Load() == quota
	})
	time.Sleep(50 * time.Millisecond) // nothing more comes back
	c.send(t, 40, client)
	if passed := c.passed.Load(); passed != quota {
		t.Errorf("%d passed in the end, want %d", passed, quota)
	}
}
