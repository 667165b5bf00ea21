package auth

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gateway/internal/exchange"
	"gateway/modules/auth/authtest"
)

// The benchmarks of this file measure things beside each other, turn by turn in one
// run, because ratios hold on a busy machine where times do not.

// Turns is for the benchmarks outside the package.
var Turns = turns

// turns runs each of works once per iteration and returns their median times, which
// do not mind that the system does something else now and then.
func turns(b *testing.B, works ...func(i int)) []float64 {
	const enough = 20_000
	took := make([][]time.Duration, len(works))
	for n := 0; b.Loop(); n++ {
		for i, work := range works {
			began := time.Now()
			work(n)
			if n < enough {
				took[i] = append(took[i], time.Since(began))
			}
		}
	}
	medians := make([]float64, len(works))
	for i := range took {
		slices.Sort(took[i])
		medians[i] = float64(took[i][len(took[i])/2])
	}
	b.ReportMetric(0, "ns/op") // of all works together says nothing
	return medians
}

// BenchmarkFirstSight sets a token that was never seen beside the bare check of its
// signature: more% is what everything else costs, in percent of the check.
func BenchmarkFirstSight(b *testing.B) {
	for _, key := range []*authtest.Key{rsaOne, ecOne, edOne, hmacOne} {
		b.Run(key.Alg, func(b *testing.B) {
			h := handlerFor(b, key)
			keys := h.issuers.list[0].keys.(*staticKeys)
			state := keys.state.Load()
			var tokens []token
			var requests []*http.Request
			for i := range 64 {
				raw := key.Token(good(authtest.Claims{"jti": strconv.Itoa(i)}), nil)
				t, _ := parse(raw)
				tokens, requests = append(tokens, t), append(requests, request("Bearer "+raw))
			}
			x := new(exchange.Exchange)
			medians := turns(b,
				func(i int) {
					if state.set.verify(&tokens[i%64]) != none {
						b.Fatal("it does not verify")
					}
				},
				func(i int) {
					if h.Decide(x, nil, requests[i%64]) != nil {
						b.Fatal("it is refused")
					}
				},
				func(i int) {
					if i%64 == 63 { // all were seen
						keys.state.Store(&keyState{set: state.set, cache: newTokenCache(cacheWeight)})
					}
				})
			b.ReportMetric(medians[0], "ns-bare")
			b.ReportMetric(medians[1], "ns-whole")
			b.ReportMetric(100*(medians[1]-medians[0])/medians[0], "more%")
		})
	}
}

// BenchmarkDecide sets each kind of refusal beside the acceptance of a token that was
// seen before: ratio above 1 medians that it costs more.
func BenchmarkDecide(b *testing.B) {
	h, kinds := benchmarked(b)
	x := new(exchange.Exchange)
	accepted := request(kinds["seen"])
	accept := func(int) {
		if h.Decide(x, nil, accepted) != nil {
			b.Fatal("it is refused")
		}
	}
	for _, kind := range []string{"seen", "missing", "garbage", "encrypted", "expired", "issuer", "signature"} {
		b.Run(kind, func(b *testing.B) {
			r := request()
			if kinds[kind] != "" {
				r = request(kinds[kind])
			}
			medians := turns(b, accept, func(int) { h.Decide(x, nil, r) })
			b.ReportMetric(medians[1], "ns")
			b.ReportMetric(medians[1]/medians[0], "ratio")
		})
	}
}

// BenchmarkFirstRefusal sets the refusals of tokens that were never seen beside the
// acceptance of one.
func BenchmarkFirstRefusal(b *testing.B) {
	h := handlerFor(b, ecOne)
	keys := h.issuers.list[0].keys.(*staticKeys)
	state := keys.state.Load()
	x := new(exchange.Exchange)
	variants := func(change func(i int) string) (list []*http.Request) {
		for i := range 64 {
			list = append(list, request("Bearer "+change(i)))
		}
		return list
	}
	sign := func(i int, more authtest.Claims) string {
		claims := good(more)
		claims["jti"] = strconv.Itoa(i)
		return ecOne.Token(claims, nil)
	}
	accepted := variants(func(i int) string { return sign(i, nil) })
	foreign := *authtest.New("ES256", "foreign")
	foreign.ID = ecOne.ID
	for name, refused := range map[string][]*http.Request{
		"expired":   variants(func(i int) string { return sign(i, authtest.Claims{"exp": 1}) }),
		"audience":  variants(func(i int) string { return sign(i, authtest.Claims{"aud": "other"}) }),
		"issuer":    variants(func(i int) string { return sign(i, authtest.Claims{"iss": "other"}) }),
		"malformed": variants(func(i int) string { return strings.Repeat("A", 400+i) + ".e30.AAAA" }),
		"signature": variants(func(i int) string { return foreign.Token(good(authtest.Claims{"jti": strconv.Itoa(i)}), nil) }),
	} {
		b.Run(name, func(b *testing.B) {
			medians := turns(b,
				func(i int) {
					if h.Decide(x, nil, accepted[i%64]) != nil {
						b.Fatal("it is refused")
					}
				},
				func(i int) {
					if h.Decide(x, nil, refused[i%64]) == nil {
						b.Fatal("it is accepted")
					}
				},
				func(i int) {
					if i%64 == 63 {
						keys.state.Store(&keyState{set: state.set, cache: newTokenCache(cacheWeight)})
						h.issuers.rejected.young, h.issuers.rejected.old = nil, nil
					}
				})
			b.ReportMetric(medians[1], "ns")
			b.ReportMetric(medians[1]/medians[0], "ratio")
		})
	}
}
