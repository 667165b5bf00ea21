package authtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Issuer serves discovery and a JWK Set on a loopback port, and can misbehave.
type Issuer struct {
	*httptest.Server
	// Fetches counts the requests for the key set.
	Fetches atomic.Int64

	mu     sync.Mutex
	set    string
	answer http.HandlerFunc
}

// NewIssuer starts an issuer that publishes keys. It stops when the test ends.
func NewIssuer(t testing.TB, keys ...*Key) *Issuer {
	t.Helper()
	i := &Issuer{set: Set(keys...)}
	i.Server = httptest.NewServer(i.mux())
	t.Cleanup(i.Close)
	return i
}

func (i *Issuer) mux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.JWKS()})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, r *http.Request) {
		i.Fetches.Add(1)
		i.mu.Lock()
		set, answer := i.set, i.answer
		i.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		_, _ = io.WriteString(w, set)
	})
	return mux
}

// JWKS is the address of the key set.
func (i *Issuer) JWKS() string { return i.URL + "/jwks" }

// Publish replaces the published keys.
func (i *Issuer) Publish(keys ...*Key) { i.PublishText(Set(keys...)) }

// PublishText replaces the published key set by any text.
func (i *Issuer) PublishText(set string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.set = set
}

// Answer makes answer serve the key set's address; nil makes the issuer behave again.
func (i *Issuer) Answer(answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

// Claims returns claims that a gateway accepts for an audience, changed by more: a
// nil value removes a claim.
func (i *Issuer) Claims(audience string, more Claims) Claims {
	return Good(i.URL, audience, more)
}

// Good returns claims that are good for an hour, changed by more: a nil value
// removes a claim.
func Good(issuer, audience string, more Claims) Claims {
	now := time.Now()
	claims := Claims{
		"iss": issuer, "aud": audience, "sub": "alice", "client_id": "shop", "jti": "1",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "scope": "orders:read",
	}
	for name, value := range more {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}
