package api_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gateway/internal/finding"
	"gateway/internal/gatewaytest"
	"gateway/internal/redis"
	"gateway/internal/redis/redistest"
)

// someSite is a site that uses the app.
const someSite = "\n:8080 {\n\tapi orders {\n\t\tcontract testdata/orders\n\t\tauth off\n\t\trespond 204\n\t}\n}\n"

// sharedStore returns the store of a gateway.
func sharedStore(t *testing.T, gw *gatewaytest.Gateway) *redis.Store {
	t.Helper()
	app, err := gw.Context().App("gateway")
	if err != nil {
		t.Fatal(err)
	}
	return app.(redis.Provider).SharedStore()
}

func TestSharedStore(t *testing.T) {
	server := redistest.Start(t)
	t.Setenv("TEST_REDIS", server.URL())
	global := "{\n\tgateway {\n\t\tredis {env.TEST_REDIS} {\n\t\t\tprefix shop:\n\t\t}\n\t}\n}"
	gw := gatewaytest.New(t, global+someSite)
	store := sharedStore(t, gw)
	if again := sharedStore(t, gw.Reload(global+someSite)); again != store {
		t.Error("a reload that changes nothing connects anew")
	}
	for deadline := time.Now().Add(10 * time.Second); !store.Up(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(store.Problem())
		}
	}
	if _, err := store.Do("SET", store.Key("a"), "1"); err != nil || server.Do("GET", "shop:a") != "1" {
		t.Error(err)
	}
	if up := gw.Metric("gateway_redis_up"); up != 1 {
		t.Error("gateway_redis_up", up)
	}
	if sharedStore(t, gatewaytest.New(t, someSite)) != nil {
		t.Error("a store that nobody configured")
	}
}

// TestSharedStoreFindings: what is wrong with the global option stops the load.
func TestSharedStoreFindings(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "no.pem"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, option := range []string{
		"redis",
		"redis localhost:6379",
		"redis redis://:secret@a:x",
		"redis redis://a rediss://b",
		"redis {env.NOT_SET_ANYWHERE}",
		"redis redis://a {\n\t\t\ton_eror local\n\t\t}",
		"redis redis://a {\n\t\t\ton_error lokal\n\t\t}",
		"redis redis://a {\n\t\t\ttimeout soon\n\t\t}",
		"redis redis://a {\n\t\t\ttimeout 1m\n\t\t}",
		"redis redis://a {\n\t\t\ttimeout 1s\n\t\t\ttimeout 2s\n\t\t}",
		"redis redis://a {\n\t\t\tprefix {a}\n\t\t}",
		"redis redis://a {\n\t\t\tprefix\n\t\t}",
		"redis redis://u:p@a {\n\t\t\tpassword q\n\t\t}",
		"redis redis://a {\n\t\t\tsentinel_password q\n\t\t}",
		"redis redis://a {\n\t\t\tca no.pem\n\t\t}",
		"redis rediss://a {\n\t\t\tca no.pem\n\t\t}",
		"redis rediss://a {\n\t\t\tca missing.pem\n\t\t}",
		"redis redis://a\n\t\tredis redis://b",
		"rediss redis://a",
	} {
		// The file is there for the lines around a finding.
		caddyfile := "{\n\tgateway {\n\t\t" + option + "\n\t}\n}" + someSite
		file := filepath.Join(folder, "Caddyfile")
		if err := os.WriteFile(file, []byte(caddyfile), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := gatewaytest.LoadFile(t, file, caddyfile)
		if err == nil {
			t.Errorf("loads: %s", option)
			continue
		}
		fmt.Fprintf(&all, "%s\n\n%s\n----\n", option, strings.ReplaceAll(finding.Extract(err.Error()).Render(false), folder+"/", ""))
	}
	gatewaytest.Golden(t, filepath.Join("testdata", "redis.golden"), []byte(all.String()))
}
