package auth_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// clientSecret writes the secret of the gateway into a file, and returns its placeholder.
func clientSecret(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "client")
	if err := os.WriteFile(name, []byte(authtest.ClientSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "{file." + name + "}"
}

// introspected is an auth whose tokens are introspected, with more options of the
// endpoint and of auth.
func introspected(t testing.TB, idp *authtest.Introspection, endpoint, options string) string {
	t.Helper()
	return "auth https://idp.example {\n\taudience orders\n\tintrospection " + idp.URL + " {\n\t\tclient_id " + authtest.ClientID + "\n\t\tclient_secret " + clientSecret(t) + "\n\t\t" +
		strings.ReplaceAll(endpoint, "\n", "\n\t\t") + "\n\t}\n\t" + strings.ReplaceAll(options, "\n", "\n\t") + "\n}\nhandle_errors {\n\tproblem\n}"
}

func granted(more authtest.Claims) authtest.Claims {
	return authtest.Good("https://idp.example", "orders", more)
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	gw := gatewaytest.New(t, guarded(t, introspected(t, idp, "", "scopes orders:read\nrequire username is_not mallory\nheader X-User-Id sub\nheader X-User username\nheader X-Client client_id")))
	for name, claims := range map[string]authtest.Claims{
		"good":           granted(authtest.Claims{"username": "Alice"}),
		"no-issuer":      granted(authtest.Claims{"iss": nil, "exp": nil, "username": "Alice", "token_type": "Bearer"}),
		"other-issuer":   granted(authtest.Claims{"iss": "https://other.example", "username": "Alice"}),
		"no-audience":    granted(authtest.Claims{"aud": nil, "username": "Alice"}),
		"other-audience": granted(authtest.Claims{"aud": []string{"billing"}, "username": "Alice"}),
		"expired":        granted(authtest.Claims{"exp": 1, "username": "Alice"}),
		"early":          granted(authtest.Claims{"nbf": 4070908800, "username": "Alice"}),
		"no-scope":       granted(authtest.Claims{"scope": "profile", "username": "Alice"}),
		"mallory":        granted(authtest.Claims{"username": "mallory"}),
		"refresh":        granted(authtest.Claims{"token_use": "refresh_token", "username": "Alice"}),
		"bound":          granted(authtest.Claims{"cnf": map[string]string{"jkt": "x"}, "username": "Alice"}),
		"odd":            granted(authtest.Claims{"exp": "tomorrow"}),
		"a.b.c":          granted(authtest.Claims{"username": "Alice"}),
	} {
		idp.Activate(name, claims)
	}
	signed := signing.Token(granted(nil), nil)
	idp.Activate(signed, granted(authtest.Claims{"username": "Alice"}))
	for _, test := range []struct {
		token  string
		status int
		code   string
	}{
		{"good", 200, ""}, {"good", 200, ""}, {"no-issuer", 200, ""}, {"a.b.c", 200, ""}, {signed, 200, ""},
		{"unknown", 401, "auth.inactive"}, {"unknown", 401, "auth.inactive"},
		{"eyJhbGciOiJub25lIn0.e30.", 401, "auth.inactive"},
		{"other-issuer", 401, "auth.rejected"}, {"no-audience", 401, "auth.rejected"}, {"other-audience", 401, "auth.rejected"},
		{"expired", 401, "auth.expired"}, {"early", 401, "auth.rejected"}, {"refresh", 401, "auth.type"}, {"bound", 401, "auth.claims"},
		{"no-scope", 403, "auth.scope"}, {"mallory", 403, "auth.claims"},
		{"odd", 503, "auth.keys_unavailable"},
		{`with"quote`, 401, "auth.malformed"}, {strings.Repeat("x", 17<<10), 401, "auth.malformed"}, {"two words", 400, "auth.malformed"},
	} {
		res := gw.Do("GET", "/", "Authorization", bearer(test.token))
		if res.Code != test.status || test.code != "" && res.Problem().Code != test.code {
			t.Errorf("%.40s: got %d %s, want %d %s", test.token, res.Code, res.Problem().Code, test.status, test.code)
		}
		if challenged := res.Header().Get("WWW-Authenticate") != ""; challenged != (res.Code == 401 || res.Code == 400 || test.code == "auth.scope") {
			t.Errorf("%.40s: the challenge is %q", test.token, res.Header().Get("WWW-Authenticate"))
		}
		if retry := res.Header().Get("Retry-After") != ""; retry != (res.Code == 503) {
			t.Errorf("%.40s: Retry-After is %q", test.token, res.Header().Get("Retry-After"))
		}
	}
	got := gw.Do("GET", "/", "Authorization", bearer("good"), "X-User-Id", "root").Header()
	if got.Get("Got-X-User-Id") != "alice" || got.Get("Got-X-User") != "Alice" || got.Get("Got-X-Client") != "shop" || got["Got-Authorization"] != nil {
		t.Errorf("the service is told %v", got)
	}
	if active, inactive := gw.Metric("gateway_auth_introspections_total", "endpoint", idp.URL, "outcome", "active"), gw.Metric("gateway_auth_introspections_total", "endpoint", idp.URL, "outcome", "inactive"); active < 10 || inactive != 2 {
		t.Errorf("counted are %v active tokens and %v inactive ones", active, inactive)
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("token-of-the-gateway\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		client        string
		authorization string
		form          url.Values
	}{
		"basic": {"client_id " + authtest.ClientID + "\n\t\tclient_secret " + clientSecret(t), "Basic " + base64.StdEncoding.EncodeToString([]byte("gateway%3A1:s3cr3t+%2B%2F%25%26%C3%BC%3Ax")), nil},
		"post":  {"client_id " + authtest.ClientID + "\n\t\tclient_secret " + clientSecret(t) + "\n\t\tclient_auth post", "", url.Values{"client_id": {authtest.ClientID}, "client_secret": {authtest.ClientSecret}}},
		"token": {"bearer_token {file." + token + "}", "Bearer token-of-the-gateway", nil},
	} {
		idp := authtest.NewIntrospection(t)
		idp.Activate("opaque+/", granted(nil))
		gw := gatewaytest.New(t, guarded(t, "auth any {\n\taudience any\n\tintrospection "+idp.URL+"/introspect {\n\t\t"+test.client+"\n\t}\n}"))
		if got := gw.Do("GET", "/", "Authorization", "Bearer opaque+/", "Cookie", "a=b").Code; got != 200 {
			t.Errorf("%s: got %d", name, got)
			continue
		}
		question := idp.Last()
		want := url.Values{"token": {"opaque+/"}, "token_type_hint": {"access_token"}}
		for field, values := range test.form {
			want[field] = values
		}
		if question.Method != "POST" || question.URL.String() != "/introspect" || question.PostForm.Encode() != want.Encode() || question.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s: the question is %s %s %v", name, question.Method, question.URL, question.PostForm)
		}
		if question.Header.Get("Authorization") != test.authorization || question.Header.Get("Accept") != "application/json" || question.Header["Cookie"] != nil {
			t.Errorf("%s: the fields are %v", name, question.Header)
		}
	}
}

// TestBesideKeys holds which tokens are introspected where there are keys, too.
func TestBesideKeys(t *testing.T) {
	t.Parallel()
	idp, iss := authtest.NewIntrospection(t), authtest.NewIssuer(t, signing)
	signed := signing.Token(authtest.Good("https://idp.example", "orders", nil), nil)
	forged := next.Token(authtest.Good("https://idp.example", "orders", nil), nil)
	other := signing.Token(iss.Claims("orders", nil), nil)
	for _, token := range []string{"opaque", signed, forged, other, "eyJ.a.b.c.d"} {
		idp.Activate(token, granted(authtest.Claims{"sub": "introspected"}))
	}
	client := " {\n\t\t\tclient_id " + authtest.ClientID + "\n\t\t\tclient_secret " + clientSecret(t) + "\n\t\t}\n"
	for _, test := range []struct {
		name, options string
		want          map[string]string // the subject, or the code
	}{
		{"one issuer with keys", "auth https://idp.example {\n\taudience orders\n\tjwks " + iss.JWKS() + "\n\tintrospection " + idp.URL + client + "\n\theader X-User-Id sub\n}",
			map[string]string{"opaque": "introspected", signed: "alice", forged: "auth.rejected", other: "auth.rejected", "eyJ.a.b.c.d": "introspected"}},
		{"an introspected issuer beside one with keys", "auth {\n\tissuer https://idp.example {\n\t\taudience orders\n\t\tintrospection " + idp.URL + client + "\n\t}\n\tissuer " + iss.URL + " {\n\t\taudience orders\n\t}\n\theader X-User-Id sub\n}",
			map[string]string{"opaque": "introspected", signed: "introspected", forged: "introspected", other: "alice", "eyJ.a.b.c.d": "introspected", "eyJhbGciOiJub25lIn0.e30.": "auth.rejected"}},
	} {
		gw := gatewaytest.New(t, guarded(t, test.options+"\nhandle_errors {\n\tproblem\n}"))
		for range 2 { // at first sight, and seen before
			for token, want := range test.want {
				res := gw.Do("GET", "/", "Authorization", bearer(token))
				got := res.Header().Get("Got-X-User-Id")
				if res.Code != 200 {
					got = res.Problem().Code
				}
				if got != want {
					t.Errorf("%s, %.40s: got %d %s, want %s", test.name, token, res.Code, got, want)
				}
			}
		}
	}
}

// TestIntrospectionTroubles holds that nothing but a clear answer counts as one, and
// that what goes wrong is neither the token's fault nor an open door.
func TestIntrospectionTroubles(t *testing.T) {
	t.Parallel()
	reply := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const good = `{"active":true,"aud":"orders"}`
	elsewhere := authtest.NewIntrospection(t)
	elsewhere.Activate("opaque", granted(nil))
	for name, answer := range map[string]http.HandlerFunc{
		"unauthorized":   reply(401, "application/json", `{"error":"invalid_client"}`),
		"forbidden":      reply(403, "application/json", good),
		"bad request":    reply(400, "application/json", good),
		"server error":   reply(500, "application/json", good),
		"unavailable":    reply(503, "application/json", good),
		"created":        reply(201, "application/json", good),
		"another type":   reply(200, "text/html", good),
		"signed":         reply(200, "application/token-introspection+jwt", "eyJ"),
		"no JSON":        reply(200, "application/json", `{"active":true`),
		"active as text": reply(200, "application/json", `{"active":"true","aud":"orders"}`),
		"too long":       reply(200, "application/json", `{"active":true,"aud":"orders","x":"`+strings.Repeat("x", 64<<10)+`"}`),
		"a content coding": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			reply(200, "application/json", good)(w, r)
		},
		"two types": func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = []string{"application/json", "text/html"}
			_, _ = io.WriteString(w, good)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"dripping": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"active":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp := authtest.NewIntrospection(t)
			idp.Activate("opaque", granted(nil))
			idp.Answer(answer)
			gw := gatewaytest.New(t, guarded(t, introspected(t, idp, "timeout 200ms", "")))
			for _, token := range []string{"opaque", "other"} {
				res := gw.Do("GET", "/", "Authorization", bearer(token))
				if res.Code != 503 || res.Problem().Code != "auth.keys_unavailable" || res.Header().Get("Retry-After") == "" || res.Header().Get("WWW-Authenticate") != "" {
					t.Errorf("got %d %s, Retry-After %q", res.Code, res.Problem().Code, res.Header().Get("Retry-After"))
				}
			}
			if got := gw.Metric("gateway_auth_introspections_total", "endpoint", idp.URL, "outcome", "failed"); got != 2 {
				t.Errorf("%v failures are counted", got)
			}
			idp.Answer(nil)
			eventually(t, func() bool { return gw.Do("GET", "/", "Authorization", bearer("opaque")).Code == 200 })
		})
	}
	t.Cleanup(func() {
		if elsewhere.Questions.Load() != 0 {
			t.Error("a redirect was followed, with secret and token")
		}
	})
}

func TestIntrospectionDown(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	idp.Activate("known", granted(nil))
	gw := gatewaytest.New(t, guarded(t, introspected(t, idp, "", "")))
	ask := func(token string) int { return gw.Do("GET", "/", "Authorization", bearer(token)).Code }
	if got := ask("known"); got != 200 {
		t.Fatalf("got %d", got)
	}
	address := idp.URL
	idp.Close()
	for n := range 200 {
		if got := ask(fmt.Sprint("unknown-", n)); got != 503 {
			t.Fatalf("got %d", got)
		}
	}
	if got := ask("known"); got != 200 {
		t.Errorf("a token that is remembered: got %d", got)
	}
	failed, turnedAway := gw.Metric("gateway_auth_introspections_total", "endpoint", address, "outcome", "failed"), gw.Metric("gateway_auth_introspections_total", "endpoint", address, "outcome", "turned_away")
	if failed > 10 || failed+turnedAway != 200 || gw.Metric("gateway_auth_introspection_paused", "endpoint", address) != 1 {
		t.Errorf("%v questions failed, and %v were not asked", failed, turnedAway)
	}
}

// TestIntrospectionIsShared holds that requests at once ask once, and that the answers
// outlive a reload.
func TestIntrospectionIsShared(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	release := make(chan struct{})
	idp.Answer(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"active":true,"aud":"orders","sub":"alice"}`)
	})
	text := guarded(t, introspected(t, idp, "timeout 20s", ""))
	gw := gatewaytest.New(t, text)
	var waiting sync.WaitGroup
	var good atomic.Int64
	for range 50 {
		waiting.Go(func() {
			if gw.Do("GET", "/", "Authorization", bearer("opaque")).Code == 200 {
				good.Add(1)
			}
		})
	}
	eventually(t, func() bool { return idp.Questions.Load() > 0 })
	close(release)
	waiting.Wait()
	gw = gw.Reload(text)
	if got := gw.Do("GET", "/", "Authorization", bearer("opaque")).Code; got != 200 || good.Load() != 50 || idp.Questions.Load() != 1 {
		t.Errorf("got %d; %d were let through after %d questions", got, good.Load(), idp.Questions.Load())
	}
}

// TestIntrospectedTokensAreLikeOthers holds that deny lists and the scopes of a contract
// mean the same for them.
func TestIntrospectedTokensAreLikeOthers(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	idp.Activate("reader", granted(authtest.Claims{"scope": "orders:read"}))
	idp.Activate("writer", granted(authtest.Claims{"scope": "orders:write", "sub": "wendy"}))
	idp.Activate("revoked", granted(authtest.Claims{"sub": "introspected-and-denied"}))
	contract := `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"components":{"securitySchemes":{"o":{"type":"http","scheme":"bearer"}}},"paths":{"/x":{"get":{"security":[{"o":["orders:read"]}],"responses":{"200":{"description":"ok"}}},"post":{"security":[{"o":["orders:write"]}],"responses":{"200":{"description":"ok"}}}}}}`
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "api", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "denied"), []byte("sub introspected-and-denied\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "api", "x", "openapi.yaml"), []byte(contract), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, _, _ := strings.Cut(introspected(t, idp, "", "deny_list denied"), "\nhandle_errors")
	gw, err := gatewaytest.LoadFile(t, filepath.Join(dir, "Caddyfile"), ":8080 {\n\tapi x {\n\t\t"+strings.ReplaceAll(lines, "\n", "\n\t\t")+"\n\t\trespond ok\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, token string
		status        int
	}{
		{"GET", "reader", 200}, {"POST", "reader", 403}, {"GET", "writer", 403}, {"POST", "writer", 200}, {"GET", "revoked", 401},
	} {
		if got := gw.Do(test.method, "/x", "Authorization", bearer(test.token)).Code; got != test.status {
			t.Errorf("%s by the %s: got %d, want %d", test.method, test.token, got, test.status)
		}
	}
}

// TestIntrospectionLeavesNoTraces looks for secret and tokens in everything that is
// written, when all goes well and when nothing does.
func TestIntrospectionLeavesNoTraces(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	idp.Activate("opaque-and-secret", granted(nil))
	name := filepath.Join(t.TempDir(), "log")
	lines := strings.ReplaceAll(introspected(t, idp, "cache 0s", ""), "\n", "\n\t")
	text := "{\n\tlog {\n\t\toutput file " + name + "\n\t\tlevel DEBUG\n\t}\n}\n:8080 {\n\tlog {\n\t\toutput file " + name + ".access\n\t}\n\t" + lines + "\n\trespond ok\n}\n"
	config, err := gatewaytest.Adapt("Caddyfile", text)
	if err != nil {
		t.Fatal(err)
	}
	gw := gatewaytest.New(t, text)
	echo := func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			fmt.Fprintf(connection, "%s %s\r\n\r\n", r.PostForm.Get("token"), authtest.ClientSecret)
			_ = connection.Close()
		}
	}
	for _, answer := range []http.HandlerFunc{nil, echo, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) }} {
		idp.Answer(answer)
		for range 8 {
			gw.Do("GET", "/", "Authorization", bearer("opaque-and-secret"))
		}
	}
	idp.Close()
	gw.Do("GET", "/", "Authorization", bearer("opaque-and-secret"))
	gw.Close()
	written := string(config)
	for _, file := range []string{name, name + ".access"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		written += string(text)
	}
	if !strings.Contains(written, "introspection endpoint") {
		t.Error("the log says nothing about the endpoint")
	}
	for _, secret := range []string{"opaque-and-secret", "s3cr3t", "Z2F0ZXdheS"} {
		if strings.Contains(written, secret) {
			t.Errorf("%s is in what was written", secret)
		}
	}
}

// TestReadmeOfIntrospection loads the example of the README, with a secret.
func TestReadmeOfIntrospection(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, block := range blocks(string(readme), "") {
		if secret := "{env.INTROSPECTION_SECRET}"; strings.HasPrefix(block, "auth ") && strings.Contains(block, secret) {
			found++
			gatewaytest.New(t, ":8080 {\n"+strings.ReplaceAll(block, secret, clientSecret(t))+"}\n")
		}
	}
	if found != 1 {
		t.Errorf("%d examples were found", found)
	}
}

func TestIntrospectionMistakes(t *testing.T) {
	t.Parallel()
	block := func(lines string) string {
		return "auth https://idp.example {\n\taudience orders\n\tintrospection https://idp.example/introspect {\n\t\t" + strings.ReplaceAll(lines, "\n", "\n\t\t") + "\n\t}\n}"
	}
	const client = "client_id gateway\nclient_secret {env.GATEWAY_TEST_NO_SUCH_SECRET}"
	mistakes := []struct{ name, lines string }{
		{"introspection without address", "auth https://idp.example {\n\taudience orders\n\tintrospection\n}"},
		{"introspection without client", "auth https://idp.example {\n\taudience orders\n\tintrospection https://idp.example/introspect\n}"},
		{"client without secret", block("client_id gateway")},
		{"secret in the Caddyfile", block("client_id gateway\nclient_secret hunter2")},
		{"secret of two words", block("client_id gateway\nclient_secret hunter2 hunter3")},
		{"token in the Caddyfile", block("bearer_token hunter2")},
		{"secret that is not set", block(client)},
		{"client id that is not set", block("client_id {env.GATEWAY_TEST_NO_SUCH_ID}\nclient_secret {env.PATH}")},
		{"secret and token", block(client + "\nbearer_token {env.PATH}")},
		{"token that is none", block("bearer_token {file.SECRET}")},
		{"another way to authenticate", block(client + "\nclient_auth basci")},
		{"an option twice", block(client + "\nclient_id other")},
		{"unknown option", block(client + "\ncashe 5s")},
		{"cache too long", block(client + "\ncache 2h")},
		{"timeout too short", block(client + "\ntimeout 1ms")},
		{"roots missing", block("client_id gateway\nclient_secret {env.PATH}\nca absent.pem")},
		{"plain http", strings.Replace(block(client), "introspection https", "introspection http", 1)},
		{"address with a query", strings.Replace(block(client), "/introspect ", "/introspect?tenant=1 ", 1)},
		{"address with a password", strings.Replace(block(client), "https://idp.example/introspect", "https://a:hunter2@idp.example/introspect", 1)},
		{"type of a JWT", strings.Replace(block(client), "audience orders", "audience orders\n\ttype at+jwt", 1)},
		{"algorithms of a JWT", strings.Replace(block(client), "audience orders", "audience orders\n\talgorithms ES256", 1)},
		{"keys that are not fetched", strings.Replace(block(client), "audience orders", "audience orders\n\tkeys {\n\t\trefresh 1h\n\t}", 1)},
		{"two issuers", "auth {\n\tissuer a {\n\t\taudience x\n\t\tintrospection https://a.example {\n\t\t\t" + strings.ReplaceAll(client, "\n", "\n\t\t\t") + "\n\t\t}\n\t}\n\tissuer b {\n\t\taudience x\n\t\tintrospection https://b.example {\n\t\t\t" + strings.ReplaceAll(client, "\n", "\n\t\t\t") + "\n\t\t}\n\t}\n}"},
	}
	const golden = "testdata/mistakes_introspection.golden"
	tellMistakes(t, mistakes, golden)
	told, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(told), "hunter") {
		t.Error("a secret is in a message")
	}
}

// TestIntrospectedStreams holds that close_at_expiry knows when such a token ends.
func TestIntrospectedStreams(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	idp.Activate("opaque", granted(authtest.Claims{"exp": time.Now().Add(4 * time.Second).Unix(), "iss": nil}))
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(endless.Close)
	gw := gatewaytest.New(t, ":8080 {\n\t"+strings.ReplaceAll(introspected(t, idp, "", "leeway 1s\nclose_at_expiry"), "\n", "\n\t")+"\n\treverse_proxy "+endless.URL+"\n}\n")
	began := time.Now()
	if res := gw.Do("GET", "/", "Authorization", bearer("opaque")); res.Code != 200 || time.Since(began) > 20*time.Second {
		t.Errorf("got %d after %v", res.Code, time.Since(began))
	}
}

// TestIntrospectionOverOldConnections has an endpoint that hangs up on every connection
// that is used a second time, as one does that has grown tired of waiting.
func TestIntrospectionOverOldConnections(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	idp.Activate("opaque", granted(nil))
	var seen sync.Map
	idp.Answer(func(w http.ResponseWriter, r *http.Request) {
		if _, again := seen.LoadOrStore(r.RemoteAddr, true); again {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"active":true,"aud":"orders"}`)
	})
	gw := gatewaytest.New(t, guarded(t, introspected(t, idp, "cache 0s", "")))
	for range 5 {
		if got := gw.Do("GET", "/", "Authorization", bearer("opaque")).Code; got != 200 {
			t.Errorf("got %d", got)
		}
	}
	if idp.Last().Header["Idempotency-Key"] != nil {
		t.Error("a field is sent that means something else")
	}
}
