package ratelimit_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// sharing returns a Caddyfile with a shared store. Each has a time-out of its own, so
// that gateways in one process have connections, leases and heartbeats of their own.
func sharing(server, options, directives string) string {
	timeout := 3500 + fresh.Add(1)%1500
	return fmt.Sprintf("{\n\tgateway {\n\t\tredis redis://%s {\n\t\t\ttimeout %dms\n%s\n\t\t}\n\t}\n}\n", server, timeout, options) + site(directives)
}

// gateways starts several gateways with one policy on one Redis.
func gateways(t *testing.T, n int, server *redistest.Server, directives string) []*gatewaytest.Gateway {
	t.Helper()
	list := make([]*gatewaytest.Gateway, n)
	for i := range list {
		list[i] = gatewaytest.New(t, sharing(server.Addr, "", directives))
	}
	for i := range list {
		shares(t, list[i], server)
	}
	return list
}

// shares waits until requests to a gateway are counted in Redis.
func shares(t *testing.T, gw *gatewaytest.Gateway, server *redistest.Server) {
	t.Helper()
	keys := func() int { return len(strings.Fields(server.Do("KEYS", "*limit*"))) }
	within(t, "requests are counted in the shared store", func() bool {
		before := keys()
		get(gw, address(), "X-Tenant", address(), "X-Group", address())
		return keys() > before
	})
}

func within(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after ten seconds: not %s", what)
		}
	}
}

// hammer sends n requests to each gateway at once and returns how many passed.
func hammer(gws []*gatewaytest.Gateway, n int, client string) int64 {
	var passed atomic.Int64
	var group sync.WaitGroup
	for _, gw := range gws {
		for range 4 {
			group.Go(func() {
				for range n / 4 {
					if get(gw, client).Code == http.StatusOK {
						passed.Add(1)
					}
				}
			})
		}
	}
	group.Wait()
	return passed.Load()
}

// TestGatewaysShareExactly: several gateways let through what one would, to the unit.
func TestGatewaysShareExactly(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	const quota = 300
	gws := gateways(t, 3, server, named("ratelimit 300/1d {\n\t\tpolicy NAME\n\t}"))
	if passed := hammer(gws, 2*quota, address()); passed != quota {
		t.Errorf("%d requests passed, want exactly %d", passed, quota)
	}
}

// TestSharedHeaders: clients are told the same, whichever gateway they meet.
func TestSharedHeaders(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	gws := gateways(t, 2, server, `ratelimit {
		policy few {
			quota 2/1h
			key {header.X-Tenant}
		}
		policy many {
			quota 5/1h
			key {header.X-Group}
		}
	}`)
	for i, step := range []struct {
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
		resp := get(gws[i%2], "192.0.2.1", "X-Tenant", step.tenant, "X-Group", "g")
		if resp.Code != step.code || resp.Header().Get("RateLimit") != step.limit {
			t.Fatalf("step %d, %s: got %d, RateLimit: %s\nwant %d, %s", i, step.tenant, resp.Code, resp.Header().Get("RateLimit"), step.code, step.limit)
		}
		if step.code == 429 && resp.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
}

// TestNothingReadableInRedis: keys have the prefix, expire, and do not say who calls.
func TestNothingReadableInRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	gw := gatewaytest.New(t, sharing(server.Addr, "\t\t\tprefix shop:", "ratelimit 5/1h {header.X-Tenant}"))
	within(t, "counted", func() bool {
		get(gw, address(), "X-Tenant", "somebody@example.org")
		return strings.Contains(server.Do("KEYS", "*"), "shop:limit:")
	})
	for _, key := range strings.Fields(server.Do("KEYS", "*")) {
		if !strings.HasPrefix(key, "shop:") || strings.Contains(key, "somebody") {
			t.Errorf("key %s", key)
		}
		if ttl, _ := strconv.Atoi(server.Do("TTL", key)); ttl < 1 || ttl > 3600 {
			t.Errorf("key %s lives for %d s", key, ttl)
		}
	}
}

// TestStoreLocal: a policy may be kept out of the shared store, and what one of both
// refuses costs the other nothing.
func TestStoreLocal(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	gw := gateways(t, 1, server, named("ratelimit {\n\t\tpolicy NAME {\n\t\t\tquota 2/1h\n\t\t\tstore local\n\t\t}\n\t\tpolicy NAME-shared {\n\t\t\tquota 3/1h\n\t\t\tkey {header.X-Tenant}\n\t\t\tmissing skip\n\t\t}\n\t}"))[0]
	server.Do("FLUSHALL")
	client, other := address(), address()
	get(gw, client)
	if keys := server.Do("KEYS", "*limit*"); keys != "" {
		t.Errorf("a local policy wrote %s", keys)
	}
	for i, step := range []struct {
		client, tenant string
		code           int
	}{{client, "t", 200}, {client, "t", 429}, {other, "t", 200}, {other, "t", 200}, {address(), "t", 429}} {
		if resp := get(gw, step.client, "X-Tenant", step.tenant); resp.Code != step.code {
			t.Errorf("step %d: got %d, want %d", i, resp.Code, step.code)
		}
	}
	third := address()
	get(gw, third, "X-Tenant", "t") // refused by the shared policy
	get(gw, third, "X-Tenant", "t")
	if resp := get(gw, third); resp.Code != http.StatusOK || !strings.Contains(resp.Header().Get("RateLimit"), ";r=1;") {
		t.Errorf("refusals of the shared policy were charged to the local one: %s", resp.Header().Get("RateLimit"))
	}
}

// TestForeignKeys: what somebody else has written into a key is a failure of that key
// alone.
func TestForeignKeys(t *testing.T) {
	t.Parallel()
	for _, poison := range [][]string{{"LPUSH", "x"}, {"SET", "no time"}} {
		server := redistest.Start(t)
		gw := gateways(t, 1, server, named("ratelimit 2/1h {\n\t\tpolicy NAME\n\t\ton_error closed\n\t}"))[0]
		server.Do("FLUSHALL")
		client := address()
		if resp := get(gw, client); resp.Code != http.StatusOK {
			t.Fatal(resp.Code)
		}
		key := server.Do("KEYS", "*limit*")
		server.Do("DEL", key)
		server.Do(poison[0], key, poison[1])
		resp := get(gw, client)
		if resp.Code != http.StatusServiceUnavailable || resp.Problem().Code != "limit.store_unavailable" || resp.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: got %d %s", poison, resp.Code, resp.Body)
		}
		if resp := get(gw, address()); resp.Code != http.StatusOK {
			t.Errorf("%s: another client got %d", poison, resp.Code)
		}
	}
}

// TestSharedOptionsNeedAStore: what cannot work stops the load.
func TestSharedOptionsNeedAStore(t *testing.T) {
	t.Parallel()
	for option, want := range map[string]string{
		"store exact":     "store exact needs a shared store, and the configuration has none",
		"store lease 5":   "store lease needs a shared store, and the configuration has none",
		"on_error closed": "on_error needs a shared store, and the configuration has none",
	} {
		_, err := gatewaytest.Load(t, site("ratelimit 100/1m {\n\t\t"+option+"\n\t}"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "gateway { redis <url> }") {
			t.Errorf("%s: got %v, want %q", option, err, want)
		}
	}
	if _, err := gatewaytest.Load(t, site("ratelimit 100/1m {\n\t\tstore local\n\t}")); err != nil {
		t.Error(err)
	}
}
