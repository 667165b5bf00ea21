package auth

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gateway/modules/auth/authtest"
)

func fetchFrom(t *testing.T, e endpoint) (document, error) {
	t.Helper()
	if e.timeout == 0 {
		e.timeout = 5 * time.Second
	}
	e.client = newClient(nil)
	t.Cleanup(e.client.CloseIdleConnections)
	return e.fetch(t.Context())
}

func TestFetchFromHostileEndpoints(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	set := authtest.Set(ecOne)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"500":                      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "answered 500"},
		"204":                      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "answered 204"},
		"redirect to another host": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, 302) }, "redirects to another host"},
		"redirect to a file":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "file:///etc/passwd", 302) }, "redirects to another host"},
		"redirect in a circle":     {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/jwks", 302) }, "too many redirects"},
		"never answering":          {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline exceeded"},
		"dripping": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		}, "deadline exceeded"},
		"huge, announced": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(1<<30))
			_, _ = io.WriteString(w, set)
		}, "more than 1 MiB"},
		"huge, chunked": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(" ", 2<<20))
		}, "more than 1 MiB"},
		"gzip that unfolds": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 4<<20))
			_ = z.Close()
		}, "content coding"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, set[:10])
		}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss := authtest.NewIssuer(t, ecOne)
			iss.Answer(test.answer)
			patience := 10 * time.Second
			if test.want == "deadline exceeded" {
				patience = 300 * time.Millisecond
			}
			_, err := fetchFrom(t, endpoint{issuer: iss.URL, timeout: patience})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestFetchFollowsRedirectsOnTheHost(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, ecOne)
	iss.Answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			http.Redirect(w, r, "/jwks?v=2", http.StatusMovedPermanently)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=600")
		_, _ = io.WriteString(w, authtest.Set(ecOne))
	})
	got, err := fetchFrom(t, endpoint{jwks: iss.JWKS()})
	if err != nil {
		t.Fatal(err)
	}
	if got.lifetime.Round(time.Second) != 10*time.Minute {
		t.Errorf("lifetime is %s, want 10m", got.lifetime)
	}
}

func TestFetchDemandsTrustedTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, authtest.Set(ecOne))
	}))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	if _, err := fetchFrom(t, endpoint{jwks: server.URL}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown root: got %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	e := endpoint{jwks: server.URL, timeout: 5 * time.Second, client: newClient(roots)}
	if _, err := e.fetch(t.Context()); err != nil {
		t.Errorf("a configured root: %v", err)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		oidc, oauth string // ISSUER stands for the issuer; "" is 404
		path        string
		want        string // of the error, or "" for success
	}{
		"OpenID Connect":          {oidc: `{"issuer":"ISSUER","jwks_uri":"HOST/jwks"}`},
		"RFC 8414":                {oauth: `{"issuer":"ISSUER","jwks_uri":"HOST/jwks"}`},
		"RFC 8414 with a path":    {oauth: `{"issuer":"ISSUER","jwks_uri":"HOST/jwks"}`, path: "/tenant/1"},
		"neither":                 {want: "answered 404"},
		"another issuer":          {oidc: `{"issuer":"https://evil.example","jwks_uri":"HOST/jwks"}`, want: "about another issuer"},
		"issuer with a slash":     {oidc: `{"issuer":"ISSUER/","jwks_uri":"HOST/jwks"}`, want: "about another issuer"},
		"no issuer":               {oidc: `{"jwks_uri":"HOST/jwks"}`, want: "about another issuer"},
		"no jwks_uri":             {oidc: `{"issuer":"ISSUER"}`, want: "has no jwks_uri"},
		"jwks_uri over http":      {oidc: `{"issuer":"ISSUER","jwks_uri":"http://keys.example/jwks"}`, want: "plain http"},
		"jwks_uri is a file":      {oidc: `{"issuer":"ISSUER","jwks_uri":"file:///etc/passwd"}`, want: "absolute URL"},
		"jwks_uri with user name": {oidc: `{"issuer":"ISSUER","jwks_uri":"https://a:b@keys.example/"}`, want: "user name"},
		"issuer twice":            {oidc: `{"issuer":"https://evil.example","issuer":"ISSUER","jwks_uri":"HOST/jwks"}`, want: "strict JSON"},
		"a page":                  {oidc: `<html>`, want: "strict JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			issuer := server.URL + test.path
			serve := func(path, text string) {
				text = strings.NewReplacer("ISSUER", issuer, "HOST", server.URL).Replace(text)
				mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
					if text == "" {
						w.WriteHeader(http.StatusNotFound)
					}
					_, _ = io.WriteString(w, text)
				})
			}
			serve(test.path+"/.well-known/openid-configuration", test.oidc)
			serve("/.well-known/oauth-authorization-server"+test.path, test.oauth)
			serve("/jwks", authtest.Set(ecOne))
			_, err := fetchFrom(t, endpoint{issuer: issuer})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestMetadataAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ issuer, oidc, oauth string }{
		{"https://a.example", "https://a.example/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server"},
		{"https://a.example/", "https://a.example/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server"},
		{"https://a.example/t/1", "https://a.example/t/1/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server/t/1"},
	} {
		if oidc, oauth := metadataAddresses(test.issuer); oidc != test.oidc || oauth != test.oauth {
			t.Errorf("%s: got %s and %s", test.issuer, oidc, oauth)
		}
	}
}

func TestCheckAddress(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://idp.example":            true,
		"http://localhost:9000":          true,
		"http://127.0.0.1/":              true,
		"http://127.9.9.9/":              true,
		"http://[::1]:80/":               true,
		"http://idp.localhost/":          true,
		"http://idp.example":             false,
		"http://localhost.evil.example/": false,
		"http://127.0.0.1.evil.example/": false,
		"http://0x7f000001/":             false,
		"ftp://idp.example":              false,
		"https://user:pass@idp.example":  false,
		"https://idp.example/#x":         false,
		"https:///jwks":                  false,
		"idp.example":                    false,
		"//idp.example":                  false,
		"":                               false,
	} {
		if err := checkAddress(address, false); (err == nil) != ok {
			t.Errorf("%q: got %v", address, err)
		}
	}
	if err := checkAddress("http://idp.example", true); err != nil {
		t.Errorf("plain http allowed in words: %v", err)
	}
}

// The whole way over HTTP: an issuer that is down at first, then comes, then
// rotates its keys.
func TestRemoteKeysOverHTTP(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, ecOne)
	iss.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	e := &endpoint{issuer: iss.URL, timeout: time.Second, client: newClient(nil)}
	t.Cleanup(e.client.CloseIdleConnections)
	fast := schedule{refresh: time.Minute, stale: time.Hour, cooldown: 10 * time.Millisecond, wait: 2 * time.Second}
	r := newRemoteKeys(fast, e.fetch, &memory{}, silent{})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go r.run(ctx)
	h := handlerWith(&issuer{keys: r, expectations: expectations{anyIssuer: true, anyAudience: true, algorithms: publicAlgorithms}})
	if got := answer(h, fresh(ecOne)); got != "auth.keys_unavailable" {
		t.Fatalf("issuer down: got %q", got)
	}
	iss.Answer(nil)
	until(t, func() bool { return answer(h, fresh(ecOne)) == "" })
	next := authtest.New("ES256", "next")
	iss.Publish(next)
	time.Sleep(20 * time.Millisecond)
	if got := answer(h, fresh(next)); got != "" {
		t.Errorf("rotated key: got %q", got)
	}
	if got := answer(h, fresh(ecOne)); got != "auth.key_unknown" {
		t.Errorf("removed key: got %q", got)
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 20 s")
		}
	}
}
