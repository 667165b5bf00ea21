package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// putKey puts the record of a key into a store, and returns its name.
func putKey(server *redistest.Server, key, record string) string {
	name := "gateway:api_key:" + strings.TrimPrefix(hashed(key), "sha256:")
	server.Do("SET", name, record)
	return name
}

func TestSharedAPIKeys(t *testing.T) {
	server := redistest.Start(t)
	gw := gatewaytest.New(t, sharing(t, server, "100ms", "auth {\n\tapi_key redis\n\tscopes orders:read\n\theader X-User-Id sub\n\theader X-Team team.name\n}"))
	answer := func(key string) string {
		res := gw.Do("GET", "/", "X-Api-Key", key)
		return strings.TrimSpace(fmt.Sprint(res.Code, " ", res.Problem().Code))
	}
	soon := func(key, want string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); answer(key) != want; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s is still answered with %s, want %s", key, answer(key), want)
			}
		}
	}
	if got := answer("first"); got != "401 auth.api_key" {
		t.Fatalf("a key that nobody knows: got %s", got)
	}
	old := putKey(server, "first", entry("billing", "first"))
	soon("first", "200")
	got := gw.Do("GET", "/", "X-Api-Key", "first", "X-User-Id", "root").Header()
	if got.Get("Got-X-User-Id") != "billing" || got.Get("Got-X-Team") != "finance" || got["Got-X-Api-Key"] != nil {
		t.Errorf("the service is told %v", got)
	}
	// Rotation: two live keys, then the new one alone.
	putKey(server, "second", entry("billing", "second"))
	soon("second", "200")
	if got := answer("first"); got != "200" {
		t.Errorf("the old key beside the new one: got %s", got)
	}
	server.Do("DEL", old)
	soon("first", "401 auth.api_key")
	putKey(server, "expired", `{"id": "gone", "keys": ["`+hashed("expired")+`"], "scopes": ["orders:read"], "expires": "2020-01-01T00:00:00Z"}`)
	soon("expired", "401 auth.api_key")
	putKey(server, "bare", `{"id": "bare", "keys": ["`+hashed("bare")+`"]}`)
	soon("bare", "403 auth.scope")

	// What is not understood is refused, and is nobody's fault but ours.
	before := gw.Metric("gateway_auth_api_key_store_failures_total", "cause", "unreadable")
	for _, record := range map[string]string{
		"no JSON": "{", "no entry": "{}", "of another key": entry("billing", "other"), "a member too many": `{"id": "a", "keys": ["` + hashed("damaged") + `"], "admin": true}`,
		"too long": `{"id": "` + strings.Repeat("a", 5000) + `", "keys": ["` + hashed("damaged") + `"]}`, "a name twice": `{"id": "a", "id": "b", "keys": ["` + hashed("damaged") + `"]}`,
	} {
		putKey(server, "damaged", record)
		soon("damaged", "503 auth.keys_unavailable")
		server.Do("DEL", putKey(server, "damaged", "x"))
		soon("damaged", "401 auth.api_key")
	}
	if gw.Metric("gateway_auth_api_key_store_failures_total", "cause", "unreadable") < before+6 {
		t.Error("records that are not understood are not counted")
	}

	for _, outage := range []struct{ begin, end func() }{{server.Freeze, server.Thaw}, {server.Kill, server.Run}} {
		outage.begin()
		for _, key := range []string{"fresh", "fresh", "fresh", "fresh", "fresh", "fresh", "fresh"} {
			res := gw.Do("GET", "/", "X-Api-Key", key)
			if res.Code != 503 || res.Problem().Code != "auth.keys_unavailable" || res.Header().Get("Retry-After") != "1" || res.Header().Get("WWW-Authenticate") != "" {
				t.Fatalf("a key that nobody can look up: got %d %s %v", res.Code, res.Problem().Code, res.Header())
			}
		}
		if got := answer("second"); got != "200" {
			t.Errorf("a key that the store knew a moment ago: got %s", got)
		}
		if got := answer("damaged"); got != "503 auth.keys_unavailable" {
			t.Errorf("a key that the store did not know a moment ago: got %s", got)
		}
		outage.end()
	}
	soon("second", "401 auth.api_key") // the store is empty, and has the say again
}

func TestSharedAPIKeyScripts(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	gatewaytest.Scripts(t, testscript.Params{
		Dir: "testdata/redis",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TEST_REDIS", server.URL())
			return nil
		},
	})
}

func TestSharedAPIKeyMistakes(t *testing.T) {
	t.Parallel()
	tellMistakes(t, []struct{ name, lines string }{
		{"redis that nobody configured", "auth {\n\tapi_key redis\n}"},
		{"redis with too much", "auth {\n\tapi_key redis X-A X-B\n}"},
		{"redis and a file", "auth {\n\tapi_key redis\n\tapi_key keys.json\n}"},
	}, "testdata/mistakes_api_key_redis.golden")
}
