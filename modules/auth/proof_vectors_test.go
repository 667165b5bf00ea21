package auth_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// withKey is a gateway that accepts every token that a key signs. It is nil if the key
// is not one that auth loads.
func withKey(t *testing.T, jwk []byte) *gatewaytest.Gateway {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, jwk, 0o600); err != nil {
		t.Fatal(err)
	}
	gw, err := gatewaytest.Load(t, guarded(t, fmt.Sprintf("auth {\n\tissuer any\n\taudience any\n\tkey %q\n}", file)))
	if err != nil && !strings.Contains(err.Error(), "cannot be used") {
		t.Fatalf("loading the key: %v", err)
	}
	return gw
}

// refuses sends a token that must not get in: it is the client's fault, always, and
// nothing of the token comes back.
func refuses(t *testing.T, gw *gatewaytest.Gateway, name, token string) {
	t.Helper()
	res := gw.Do("GET", "/", "Authorization", bearer(token))
	if res.Code != 401 && res.Code != 400 || !strings.HasPrefix(res.Header().Get("WWW-Authenticate"), "Bearer error=") {
		t.Errorf("%s: got %d with %v", name, res.Code, res.Header())
	}
	if len(token) > 40 && strings.Contains(res.Body.String()+fmt.Sprint(res.Header()), token[:40]) {
		t.Errorf("%s: the token comes back", name)
	}
}

// unsent are the vectors whose key auth does not load, so that they never meet a
// handler. All others go through a whole gateway.
var unsent = map[int]string{
	347: "the key's alg ES521 is not registered",
	351: "the key's alg ES521 is not registered",
	353: "the key's use is enc",
	354: "the key's use is enc",
	355: "the key's key_ops are encrypt",
	356: "the key's key_ops are encrypt",
}

// TestWycheproofThroughTheGateway sends all vectors to gateways that trust their key
// and ask for nothing else. What they sign are no claims, so not even the valid ones
// get in, as anything that is signed by the right key and is no access token must not:
// which signatures are good is judged by TestWycheproof, a layer below.
func TestWycheproofThroughTheGateway(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(gatewaytest.Testdata(t, "wycheproof-jws"), "json_web_signature_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			Comment         string
			Public, Private json.RawMessage
			Tests           []struct {
				TcID int `json:"tcId"`
				JWS  json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, group := range file.TestGroups {
		key := group.Public
		if key == nil {
			key = group.Private
		}
		gw := withKey(t, key)
		for _, test := range group.Tests {
			if why, known := unsent[test.TcID]; known != (gw == nil) {
				t.Errorf("%s, %d: loaded is %t; the list says %q", group.Comment, test.TcID, gw != nil, why)
			}
			if gw == nil {
				continue
			}
			compact := string(test.JWS)
			if json.Unmarshal(test.JWS, &compact) != nil {
				compact = string(test.JWS) // JSON serialization
			}
			refuses(t, gw, fmt.Sprintf("%s, %d", group.Comment, test.TcID), compact)
			sent++
		}
	}
	t.Logf("%d vectors were sent", sent)
}

// TestCookbookThroughTheGateway does so with the examples of RFC 7520 and RFC 8037.
func TestCookbookThroughTheGateway(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(gatewaytest.Testdata(t, "jose-cookbook"), "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var example struct {
			Input  struct{ Key authtest.Claims }
			Output struct{ Compact string }
		}
		if err := json.Unmarshal(data, &example); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if example.Output.Compact == "" {
			continue // a key only
		}
		key, err := json.Marshal(example.Input.Key)
		if err != nil {
			t.Fatal(err)
		}
		if _, private := example.Input.Key["d"]; private && withKey(t, key) != nil {
			t.Errorf("%s: a private key is loaded", filepath.Base(name))
		}
		for _, member := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			delete(example.Input.Key, member)
		}
		if example.Input.Key["alg"] == "ES521" { // is not registered
			delete(example.Input.Key, "alg")
		}
		if key, err = json.Marshal(example.Input.Key); err != nil {
			t.Fatal(err)
		}
		gw := withKey(t, key)
		if gw == nil {
			t.Errorf("%s: the key is not loaded", filepath.Base(name))
			continue
		}
		refuses(t, gw, filepath.Base(name), example.Output.Compact)
		sent++
	}
	if sent != 5 {
		t.Errorf("%d examples were sent, want 5", sent)
	}
}
