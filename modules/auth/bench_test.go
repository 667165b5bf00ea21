package auth

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"gateway/internal/exchange"
	"gateway/modules/auth/authtest"
)

// benchmarked are the kinds of requests whose cost is kept in view.
func benchmarked(t testing.TB) (h *Handler, kinds map[string]string) {
	t.Helper()
	h = handlerFor(t, rsaOne, ecOne, edOne)
	return h, map[string]string{
		"seen":      "Bearer " + rsaOne.Token(good(nil), nil),
		"missing":   "",
		"garbage":   "Bearer garbage",
		"encrypted": "Bearer a.b.c.d.e",
		"expired":   "Bearer " + rsaOne.Token(good(authtest.Claims{"exp": 1}), nil),
		"issuer":    "Bearer " + rsaOne.Token(good(authtest.Claims{"iss": "x"}), nil),
		"signature": "Bearer " + rsaOne.Token(good(nil), nil) + "AA",
	}
}

// TestAllocations holds the budget of DESIGN §9: at most 3 allocations for a token
// seen before, at most 5 for a refusal of a token seen before.
func TestAllocations(t *testing.T) {
	h, kinds := benchmarked(t)
	h.fields = []identityField{{"X-User-Id", "sub"}, {"X-Scope", "scope"}}
	for kind, budget := range map[string]float64{"seen": 2, "missing": 0, "garbage": 0, "encrypted": 0, "expired": 0, "issuer": 0, "signature": 0} {
		r := request()
		if kinds[kind] != "" {
			r = request(kinds[kind])
		}
		x := new(exchange.Exchange)
		got := testing.AllocsPerRun(100, func() {
			stripIdentity(r.Header, h.fields)
			keepConnection(r.Header)
			h.Decide(x, nil, r)
		})
		if got > budget {
			t.Errorf("%s: %v allocations, want at most %v", kind, got, budget)
		}
	}
}

// TestCacheMemory holds many live tokens, plain ones and ones that blow up when
// they are decoded, against the bound that is stated.
func TestCacheMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has a heap of its own")
	}
	numbers := strings.Repeat("1,", 4000) + "1"
	key := authtest.Secret("HS256", "0123456789abcdef0123456789abcdef")
	for name, payload := range map[string]string{
		"plain": text(good(authtest.Claims{"roles": []string{"reader", "writer"}, "email": "alice@example.com", "name": "Alice Example"})),
		"dense": `{"iss":"x","n":[` + numbers + `]}`,
	} {
		raw := key.Compact(`{"alg":"HS256"}`, payload)
		before := heap()
		const weight = 8 << 20
		cache := newTokenCache(weight)
		fill(t, cache, raw, 2*weight/decoded(t, raw).weight)
		used, kept := heap()-before, cache.len()
		t.Logf("%s: %d tokens are kept, of %d bytes each", name, kept, used/kept)
		if used > weight*5/4 || used < weight/4 {
			t.Errorf("%s: %d tokens take up %d MiB, want about %d at most and not much less", name, kept, used>>20, weight>>20)
		}
		runtime.KeepAlive(cache)
	}
}

// fill puts n tokens into a cache, each with memory of its own.
func fill(t *testing.T, cache *tokenCache, raw string, n int) {
	for i := range n {
		sum := sumOf(strconv.Itoa(i))
		cache.put(&sum, decoded(t, raw))
	}
}

func decoded(t testing.TB, raw string) *verified {
	token, f := parse(raw)
	v, f2 := readClaims(&token)
	if f != none || f2 != none {
		t.Fatal(f, f2)
	}
	return v
}

func heap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func TestCacheForgetsWhatNobodyAsksFor(t *testing.T) {
	t.Parallel()
	cache := newTokenCache(20 * cacheShards)
	v := &verified{weight: 1}
	asked := sumOf("asked for")
	cache.put(&asked, v)
	for i := range 100 * cacheShards {
		sum := sumOf(fmt.Sprint(i))
		cache.put(&sum, v)
		if cache.get(&asked) == nil {
			t.Fatalf("a token that is asked for is forgotten after %d others", i)
		}
	}
	idle := sumOf("0")
	if cache.get(&idle) != nil {
		t.Error("a token that nobody asked for is still there")
	}
	if n := cache.len(); n > cacheShards*20 {
		t.Errorf("%d tokens are kept", n)
	}
}
