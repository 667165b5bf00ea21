package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const jwt = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0xIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"password": true, "Password": true, "user_password": true, "newPassword": true, "passwd": true, "pwd": true, "client_secret": true,
		"access_token": true, "refreshToken": true, "id_token": true, "apiKey": true, "api-key": true, "api.key": true, "x_api_key": true,
		"key": true, "pin": true, "otp": true, "cvv": true, "sessionId": true, "JSESSIONID": true, "code_verifier": true, "client_assertion": true,
		"credentials[0]": true, "sig": true, "X-Amz-Signature": true,
		"token_type": false, "name": false, "monkey": false, "spinner": false, "author": false, "keyboard": false, "code": false, "id": false, "": false,
	} {
		if got := Member(name); got != want {
			t.Errorf("member %q: got %t, want %t", name, got, want)
		}
	}
	for name, want := range map[string]bool{
		"X-Api-Key": true, "Ocp-Apim-Subscription-Key": true, "X-Auth-Token": true, "Dpop": true, "X-Csrf-Token": true, "Signature": true, "X-Amz-Security-Token": true,
		"Sec-Websocket-Key": false, "Idempotency-Key": false, "Www-Authenticate": false, "Accept": false, "X-Request-Id": false,
	} {
		if _, got := Field(name, "value"); got != want {
			t.Errorf("field %q: got %t, want %t", name, got, want)
		}
	}
}

// TestConfiguredNames: a name that a configuration takes keys from is masked too.
func TestConfiguredNames(t *testing.T) {
	t.Parallel()
	name := fmt.Sprint("X-Partner-", rand.Int()) // the process keeps the names
	if _, masked := Field(name, "hidden"); masked {
		t.Fatal("it is masked without having been named")
	}
	Name(name)
	if shown, masked := Field(name, "hidden"); !masked || shown != Cover {
		t.Errorf("got %s", shown)
	}
	name = strings.ToLower(name)
	if shown, _ := Query(name + "=hidden"); shown != name+"="+Cover {
		t.Errorf("got %s", shown)
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"Authorization", "Bearer " + jwt, "Bearer •••• (kid key-1, alg ES256)"},
		{"Authorization", "Bearer opaque", "Bearer ••••"},
		{"Authorization", "Basic YWxpY2U6aGlkZGVu", "Basic ••••"},
		{"authorization", "hidden", "••••"},
		{"Authorization", `Digest username="hidden"`, "Digest ••••"},
		{"Authorization", "hidden=hidden more", "••••"},
		{"Proxy-Authorization", "Basic x", "Basic ••••"},
		{"Cookie", "sid=hidden; theme=dark; hidden", "sid=••••; theme=••••; ••••"},
		{"Set-Cookie", "sid=hidden; Path=/; HttpOnly", "sid=••••; Path=/; HttpOnly"},
		{"X-Api-Key", "hidden", "••••"},
		{"X-Forwarded-Authorization", "hidden", "••••"},
		{"Referer", "https://a.example/?x=1&access_token=hidden", "https://a.example/?x=1&access_token=••••"},
		{"Location", "https://alice:hidden@a.example/", "https://••••@a.example/"},
		{"X-Debug", "sent Bearer hidden-hidden", "sent Bearer ••••"},
		{"X-Original", jwt, "••••"},
		{"Sec-Websocket-Protocol", "bearer." + jwt, "bearer.••••"},
		{"Accept", "text/html; q=0.9, */*", "text/html; q=0.9, */*"},
		{"Www-Authenticate", `Bearer realm="orders", error="invalid_token"`, `Bearer realm="orders", error="invalid_token"`},
	} {
		if got, _ := Field(c[0], c[1]); got != c[2] {
			t.Errorf("%s: %s\ngot  %s\nwant %s", c[0], c[1], got, c[2])
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, text, want string }{
		{"json", `{"password":"hidden","n":1}`, `{"password":"••••","n":1}`},
		{"json", `{"a":[{"b":{"client_secret" : "hid\"den"}}]}`, `{"a":[{"b":{"client_secret" : "••••"}}]}`},
		{"json", `{"pass\u0077ord":"hidden"}`, `{"pass\u0077ord":"••••"}`},
		{"json", `{"credentials":{"user":"hidden","deep":["hidden"]},"x":2}`, `{"credentials":"••••","x":2}`},
		{"json", `{"pin":1234,"max_tokens":100,"token":null,"secret":true,"x":"y"}`, `{"pin":"••••","max_tokens":100,"token":null,"secret":true,"x":"y"}`},
		{"json", `{"token":"hid`, `{"token":"••••"`},
		{"json", `{"token":`, `{"token":`},
		{"json", `{"secrets":["hidden",`, `{"secrets":"••••"`},
		{"json", `{"note":"see ` + jwt + `"}`, `{"note":"see ••••"}`},
		{"json", "{\"token\":\"hidden\"}\n{\"token\":\"hidden\"}\n", "{\"token\":\"••••\"}\n{\"token\":\"••••\"}\n"},
		{"json", `{"name":"password","value":"shown"}`, `{"name":"password","value":"shown"}`},
		{"form", "user=alice&pass%77ord=hidden&x=1", "user=alice&pass%77ord=••••&x=1"},
		{"form", "a=" + jwt, "a=••••"},
		{"form", "token", "token"},
		{"text", "<password>hidden</password><n>1</n>", "<password>••••</password><n>1</n>"},
		{"text", "password = hidden\nuser: alice", "password = ••••\nuser: alice"},
		{"text", `api_key='hidden' x="y"`, `api_key='••••' x="y"`},
		{"text", "-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----••••-----END PRIVATE KEY-----"},
		{"multipart", "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhidden\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n",
			"--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n••••\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n"},
	} {
		var got string
		switch c.kind {
		case "json":
			text, _ := JSON([]byte(c.text))
			got = string(text)
		case "form":
			got, _ = Query(c.text)
		case "text":
			text, _ := Text([]byte(c.text))
			got = string(text)
		case "multipart":
			text, _ := Multipart([]byte(c.text), "b")
			got = string(text)
		}
		if got != c.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", c.kind, c.text, got, c.want)
		}
	}
}

// FuzzJSON: whatever the document, no value of a member that holds a secret is left, and
// what is valid stays valid and keeps its members.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"password":"x"}`, `{"a":{"token":["x",{"y":1}]},"b":2}`, `{"token":"x`, `[{"secret":{}}]`, `{"p\u0061ssword":"\"","x":"y"}`, `{"":{"key":"a"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		shown, names := JSON(text)
		var value any
		if json.Unmarshal(text, &value) != nil {
			return
		}
		var after any
		if err := json.Unmarshal(shown, &after); err != nil && !strings.Contains(string(text), "eyJ") && !strings.Contains(string(text), "://") {
			t.Fatalf("%s became %s: %v", text, shown, err)
		}
		if leaks(after) {
			t.Errorf("%s became %s, %v", text, shown, names)
		}
	})
}

// leaks tells whether a text under a telling name is not masked.
func leaks(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if text, ok := member.(string); ok && Member(name) && text != "" && text != Cover {
				return true
			}
			if leaks(member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, leaks)
	}
	return false
}

// TestMaskedTextsStaySmall: hostile texts cost time in proportion to their length.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{`"`, `{"token":`, `\`, "token=", "eyJ", "://a:b", "-----BEGIN PRIVATE KEY-----", "[", "password>", "bearer ", "a=&"} {
		text := bytes.Repeat([]byte(piece), 16<<10/len(piece))
		JSON(text)
		Text(text)
		Multipart(text, "a")
		Query(string(text))
		Field("X", string(text))
	}
}
