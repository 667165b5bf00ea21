package auth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/certmagic"

	"gateway/internal/fetch"
	"gateway/modules/auth/authtest"
)

// challengeForm is WWW-Authenticate as we write it, by the grammar of RFC 9110 §11.3
// with quoted strings that hold no escapes.
var challengeForm = regexp.MustCompile(`^[A-Za-z]+( [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*")*)?$`)

// FuzzChallenge holds that whatever scopes and resource a configuration gets past the
// checks, each challenge is one well-formed challenge.
func FuzzChallenge(f *testing.F) {
	f.Add("orders:read", "urn:x", "https://api.example/orders")
	f.Add(`a" , error="`, "\x00", `https://api.example/"x`)
	f.Add("é", "", "https://api.example/%22?x#y")
	f.Fuzz(func(t *testing.T, one, other, address string) {
		var scopes []string
		for _, scope := range []string{one, other} {
			if checkScope(scope) == nil {
				scopes = append(scopes, scope)
			}
		}
		h := &Handler{Resource: address, Issuers: []*Issuer{{Issuer: testIssuer}}, refusals: newRefusals()}
		linked, err := h.newResource()
		if err != nil {
			linked = nil
		}
		h.refusals.offerProofs(false)
		list := append(h.refusals[noToken:], refuseScope(scopes))
		for _, refusal := range list {
			if refusal = linked.link(refusal); refusal == nil {
				t.Fatal("a refusal is lost")
			}
			for _, challenge := range refusal.Header["Www-Authenticate"] {
				if !challengeForm.MatchString(challenge) {
					t.Fatalf("scopes %q, resource %q: %q is no challenge", scopes, address, challenge)
				}
			}
		}
	})
}

// FuzzMetadata feeds an issuer's metadata to the code that fetches: it never goes to an
// address that is not https or this host.
func FuzzMetadata(f *testing.F) {
	f.Add(`{"issuer":"ISSUER","jwks_uri":"ISSUER/jwks"}`)
	f.Add(`{"issuer":"ISSUER","jwks_uri":"http://10.0.0.1/"}`)
	f.Add(`{"issuer":"ISSUER","jwks_uri":"file:///etc/passwd"}`)
	f.Fuzz(func(t *testing.T, metadata string) {
		e := &endpoint{issuer: testIssuer, timeout: time.Second}
		e.client = fetch.NewClient(fetch.Options{Timeout: time.Second, MaxBytes: maxDocument, Transport: answering(func(r *http.Request) string {
			if strings.Contains(r.URL.Path, "/.well-known/") {
				return strings.ReplaceAll(metadata, "ISSUER", testIssuer)
			}
			if err := checkAddress(r.URL.String(), false); err != nil {
				t.Fatalf("%q leads to %s: %v", metadata, r.URL, err)
			}
			return authtest.Set(ecOne)
		})})
		_, _ = e.fetch(context.Background())
	})
}

// answering is a network in which every host gives the same answers.
type answering func(*http.Request) string

// RoundTrip implements http.RoundTripper.
func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	_, _ = w.WriteString(a(r))
	response := w.Result()
	response.Request = r
	return response, nil
}

// FuzzClaimMatcher holds that the parser of the matcher neither panics nor accepts a
// rule that cannot be judged.
func FuzzClaimMatcher(f *testing.F) {
	f.Add("claim roles contains admin")
	f.Add("claim {\n\tlevel gte 3\n\temail_verified is true\n}")
	f.Add("claim a.b absent\nclaim c")
	r := request()
	v := &verified{claims: map[string]any{"roles": []any{"admin"}, "a": map[string]any{"b": nil}}}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
		if err != nil || len(tokens) == 0 {
			return
		}
		var m MatchClaim
		if m.UnmarshalCaddyfile(caddyfile.NewDispenser(tokens)) != nil {
			return
		}
		rules, err := newClaimRules(m.Require, nil)
		if err != nil {
			return // refused when the configuration is provisioned
		}
		rules.judge(v, r)
	})
}

// FuzzStoredKeys reads what another process may have left in the storage.
func FuzzStoredKeys(f *testing.F) {
	f.Add([]byte(`{"fetched":"2026-11-23T12:00:00Z","keys":` + authtest.Set(ecOne) + `}`))
	f.Add([]byte(`{"fetched":"9999-12-31T23:59:59Z","keys":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRemoteKeys(testSchedule, nil, &storedKeys{storage: stored{data: data}, key: "x"}, silent{})
		r.restore(context.Background())
		if state := r.state.Load(); state != nil {
			if age := time.Since(state.at); state.set.size() == 0 || age < 0 || age > testSchedule.stale+time.Minute {
				t.Fatalf("%q gives %d keys, %s old", data, state.set.size(), age)
			}
		}
	})
}

// stored is a storage with one file.
type stored struct {
	certmagic.Storage
	data []byte
}

func (s stored) Load(context.Context, string) ([]byte, error) { return s.data, nil }
