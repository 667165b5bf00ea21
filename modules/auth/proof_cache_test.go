package auth

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"gateway/modules/auth/authtest"
)

// manyTokens are more than the cache has room for.
const manyTokens = 100_000

// person has the claims of a usual access token.
func person(i int) authtest.Claims {
	return good(authtest.Claims{
		"jti": strconv.Itoa(i), "sub": "user-" + strconv.Itoa(i), "roles": []string{"reader", "writer"},
		"email": "alice@example.com", "name": "Alice Example",
	})
}

// TestManyLiveTokens lets 100,000 tokens through: every one of them is accepted, and
// what is remembered keeps to the bound of the README.
func TestManyLiveTokens(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has a heap of its own")
	}
	h := handlerFor(t, hmacOne)
	head, tail, _ := strings.Cut(text(person(0)), `"user-0"`)
	r := request("")
	before := heap()
	for i := range manyTokens {
		raw := hmacOne.Compact(`{"alg":"HS256","kid":"h1"}`, head+`"user-`+strconv.Itoa(i)+`"`+tail)
		r.Header["Authorization"][0] = "Bearer " + raw
		if _, refusal := decide(h, r); refusal != nil {
			t.Fatalf("token %d is refused: %v", i, refusal.Cause)
		}
	}
	used, kept := heap()-before, h.issuers.list[0].keys.(*staticKeys).state.Load().cache.len()
	t.Logf("%d MiB for %d of %d tokens", used>>20, kept, manyTokens)
	if used > cacheWeight || kept < manyTokens/6 {
		t.Errorf("%d MiB for %d tokens, want %d MiB at most for %d at least", used>>20, kept, cacheWeight>>20, manyTokens/6)
	}
	runtime.KeepAlive(h)
}

// TestCacheBeyondItsBound asks a cache for more tokens than it has room for. It never
// becomes useless, and it recovers when its room is enough again.
func TestCacheBeyondItsBound(t *testing.T) {
	t.Parallel()
	const room, tokens, requests = 1600, 4000, 40_000
	sums := make([]tokenSum, tokens)
	for i := range sums {
		sums[i] = sumOf(strconv.Itoa(i))
	}
	random := rand.New(rand.NewPCG(1, 2))
	loop := func(i int) int { return i % tokens }
	uniform := func(int) int { return random.IntN(tokens) }
	few := func(i int) int { return i % (room / 3) }
	// 50 clients at a time, each of which makes ten requests with its token.
	sessions := func(i int) int { return (i/500*50 + i%50) % tokens }
	for _, test := range []struct {
		name   string
		before func(int) int // what the cache went through before it is measured
		next   func(int) int
		least  float64 // of the requests that have to be hits
	}{
		{"one after the other, again and again", loop, loop, 0.05},
		{"at random", uniform, uniform, 0.2},
		{"in sessions", sessions, sessions, 0.89},
		{"in sessions, after too many", loop, sessions, 0.8},
		{"few, after too many", loop, few, 0.9},
	} {
		cache, v := newTokenCache(room), &verified{weight: 1}
		hits := 0
		for i := range 2 * requests {
			next, count := test.before, 0
			if i >= requests {
				next, count = test.next, 1
			}
			sum := &sums[next(i)]
			if cache.get(sum) != nil {
				hits += count
				continue
			}
			cache.put(sum, v)
		}
		rate := float64(hits) / requests
		t.Logf("%s: %.0f %% hits", test.name, 100*rate)
		if rate < test.least {
			t.Errorf("%s: %.1f %% hits, want %.0f %% at least", test.name, 100*rate, 100*test.least)
		}
	}
}

// BenchmarkManyLiveTokens asks for tokens at random, on all processors: within the
// bound, and far beyond it.
func BenchmarkManyLiveTokens(b *testing.B) {
	raw := ecOne.Token(person(0), nil)
	sums := make([]tokenSum, manyTokens)
	tokens := make([]*verified, manyTokens)
	for i := range sums {
		sums[i], tokens[i] = sumOf(strconv.Itoa(i)), decoded(b, raw)
	}
	for _, n := range []int{1000, 10_000, manyTokens} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			cache := newTokenCache(cacheWeight)
			for range 3 * n {
				if i := rand.IntN(n); cache.get(&sums[i]) == nil {
					cache.put(&sums[i], tokens[i])
				}
			}
			var hits atomic.Int64
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				own := 0
				for pb.Next() {
					if i := rand.IntN(n); cache.get(&sums[i]) != nil {
						own++
					} else {
						cache.put(&sums[i], tokens[i])
					}
				}
				hits.Add(int64(own))
			})
			b.ReportMetric(100*float64(hits.Load())/float64(b.N), "hits%")
		})
	}
}
