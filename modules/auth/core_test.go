package auth

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
	"gateway/modules/auth/authtest"
)

const (
	testIssuer   = "https://idp.example"
	testAudience = "orders"
)

// handlerFor makes a handler for tokens of testIssuer for testAudience, signed by keys.
func handlerFor(t testing.TB, keys ...*authtest.Key) *Handler {
	t.Helper()
	set, err := readKeySet([]byte(authtest.Set(keys...)), true)
	if err != nil {
		t.Fatal(err)
	}
	return handlerWith(&issuer{keys: newStaticKeys(set), expectations: expectations{
		issuer: testIssuer, audience: []string{testAudience},
		algorithms: publicAlgorithms | hmacAlgorithms, leeway: defaultLeeway.Microseconds(),
	}})
}

func handlerWith(list ...*issuer) *Handler {
	return &Handler{issuers: &issuers{list: list}, refusals: newRefusals(), rule: newRule(false, nil, nil), forward: true}
}

// request is a GET with an Authorization field for each of credentials.
func request(credentials ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, value := range credentials {
		r.Header.Add("Authorization", value)
	}
	return r
}

// decide runs a request through a handler as ServeHTTP does.
func decide(h *Handler, r *http.Request) (*exchange.Exchange, *problem.Refusal) {
	x := new(exchange.Exchange)
	stripIdentity(r.Header, h.fields)
	keepConnection(r.Header)
	return x, h.Decide(x, nil, r)
}

func good(more authtest.Claims) authtest.Claims {
	return authtest.Good(testIssuer, testAudience, more)
}

// at is a time from the start of testing, for tests with a clock of their own.
func at(offset time.Duration) time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Add(offset)
}
