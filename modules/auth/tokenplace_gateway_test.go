package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func TestTokenPlaceMistakes(t *testing.T) {
	t.Parallel()
	in := func(line string) string { return "auth https://idp.example {\n\taudience orders\n\t" + line + "\n}" }
	tellMistakes(t, []struct{ name, lines string }{
		{"token_from nowhere", in("token_from")},
		{"token_from an unknown place", in("token_from cokie access_token")},
		{"token_from a cookie without name", in("token_from cookie")},
		{"token_from a query without name", in("token_from query")},
		{"token_from a name with a meaning in queries", in("token_from query a&b")},
		{"token_from a cookie with a scheme", in("token_from cookie a Bearer")},
		{"token_from a field that means something else", in("token_from header Cookie")},
		{"token_from twice the same", in("token_from header\n\ttoken_from header Authorization Bearer")},
		{"token_from with too much", in("token_from header A B C")},
		{"token_from an identity header", in("header X-User-Id sub\n\ttoken_from header x-user-id")},
	}, "testdata/mistakes_places.golden")
}

// A token in the address reaches neither the service, nor placeholders, nor error
// routes, nor the log.
func TestTokensLeaveNoTraces(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	var seen []string
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.RequestURI, strings.Join(r.Header["Sec-Websocket-Protocol"], "|"), r.Header.Get("X-Orig"), r.Header.Get("X-Token"))
	}))
	t.Cleanup(backend.Close)
	name := filepath.Join(t.TempDir(), "log")
	text := "{\n\tlog {\n\t\toutput file " + name + "\n\t\tlevel DEBUG\n\t}\n}\n:8080 {\n\tlog {\n\t\toutput file " + name + ".access\n\t\tformat json\n\t}\n" +
		"\tauth " + iss.URL + " {\n\t\taudience orders\n\t\ttoken_from query access_token\n\t\ttoken_from websocket\n\t\ttoken_from header X-Token\n\t\tforward_token off\n\t\trequire sub is alice\n\t}\n" +
		"\treverse_proxy /gone 127.0.0.1:1\n" +
		"\treverse_proxy " + strings.TrimPrefix(backend.URL, "http://") + " {\n\t\theader_up X-Orig {http.request.orig_uri}\n\t}\n" +
		"\thandle_errors {\n\t\trespond \"{http.request.uri} {http.request.orig_uri.query} {http.request.orig_uri}\"\n\t}\n}\n"
	gw := gatewaytest.New(t, text)
	alice := signing.Token(iss.Claims("orders", nil), nil)
	bob := signing.Token(iss.Claims("orders", authtest.Claims{"sub": "bob"}), nil)
	part := func(token string) string { return strings.Split(token, ".")[1] }
	for _, test := range []struct {
		target string
		fields []string
		want   int
	}{
		{"/x?a=1&access_token=" + alice + "&b", nil, 200},
		{"/gone?access_token=" + alice, []string{"Referer", "https://shop.example/?access_token=" + alice}, 502},
		{"/x?access_token=" + bob, nil, 403},
		{"/x?access%5Ftoken=" + alice, []string{"X-Token", alice}, 400},
		{"/x", []string{"X-Token", alice}, 200},
		{"/x", []string{"Sec-WebSocket-Protocol", "chat, bearer." + alice}, 200},
	} {
		res := gw.Do("GET", test.target, test.fields...)
		if res.Code != test.want {
			t.Errorf("%.30s: got %d, want %d", test.target, res.Code, test.want)
		}
		if body := res.Body.String(); strings.Contains(body, part(alice)) || strings.Contains(body, part(bob)) {
			t.Errorf("%.30s: the error route sees the token: %s", test.target, body)
		}
		if strings.Contains(test.target, "access_token") && test.want == 200 && res.Header().Get("Cache-Control") != "private, no-store" {
			t.Errorf("%.30s: Cache-Control is %q", test.target, res.Header().Get("Cache-Control"))
		}
	}
	if got, want := strings.Join(seen, " "), "/x?a=1&b  /x?a=1&b  /x  /x  /x chat /x "; got != want {
		t.Errorf("the service saw %q, want %q", got, want)
	}
	gw.Close()
	for _, file := range []string{name, name + ".access"} {
		written, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		log, _ := url.QueryUnescape(string(written))
		if strings.Contains(log, part(alice)) || strings.Contains(log, part(bob)) {
			t.Errorf("a token is in %s", filepath.Base(file))
		}
		if !strings.Contains(log, "REDACTED") {
			t.Errorf("%s has no requests in it:\n%s", filepath.Base(file), log)
		}
	}
}
