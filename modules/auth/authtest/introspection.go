package authtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Introspection serves an introspection endpoint (RFC 7662) on a loopback port, and can
// misbehave. Its client has the id and the secret of ClientID and ClientSecret.
type Introspection struct {
	*httptest.Server
	// Questions counts the requests.
	Questions atomic.Int64

	mu     sync.Mutex
	active map[string]Claims
	answer http.HandlerFunc
	last   *http.Request // with its form parsed
}

// ClientID and ClientSecret have in them what has to be encoded before they are joined.
const (
	ClientID     = "gateway:1"
	ClientSecret = "s3cr3t +/%&ü:x"
)

// NewIntrospection starts an endpoint that knows no token. It stops when the test ends.
func NewIntrospection(t testing.TB) *Introspection {
	t.Helper()
	i := &Introspection{active: map[string]Claims{}}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

func (i *Introspection) serve(w http.ResponseWriter, r *http.Request) {
	i.Questions.Add(1)
	_ = r.ParseForm()
	i.mu.Lock()
	i.last = r
	answer, claims := i.answer, i.active[r.PostForm.Get("token")]
	i.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	if r.Method != http.MethodPost || !known(r) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if claims == nil {
		claims = Claims{"active": false}
	}
	_ = json.NewEncoder(w).Encode(claims)
}

// known tells whether the client has authenticated by client_secret_basic, as RFC 6749
// §2.3.1 has it, by client_secret_post, or by the secret as a bearer token.
func known(r *http.Request) bool {
	if id, secret, ok := r.BasicAuth(); ok {
		id, err1 := url.QueryUnescape(id)
		secret, err2 := url.QueryUnescape(secret)
		return err1 == nil && err2 == nil && id == ClientID && secret == ClientSecret
	}
	if r.PostForm.Get("client_id") == ClientID && r.PostForm.Get("client_secret") == ClientSecret {
		return r.Header.Get("Authorization") == ""
	}
	return r.Header.Get("Authorization") == "Bearer token-of-the-gateway"
}

// Activate makes a token active, with claims beside that. Without claims it is not
// active any more.
func (i *Introspection) Activate(token string, claims Claims) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if claims == nil {
		delete(i.active, token)
		return
	}
	i.active[token] = Claims{"active": true}
	for name, value := range claims {
		i.active[token][name] = value
	}
}

// Answer makes answer serve the endpoint; nil makes it behave again.
func (i *Introspection) Answer(answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

// Last returns the last question.
func (i *Introspection) Last() *http.Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last
}
