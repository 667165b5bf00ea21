package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/compat"
	"gateway/internal/gatewaytest"
)

// TestVersionsEndAsTheirContractsSay: the dates of a contract count, and so does an
// edit of them.
func TestVersionsEndAsTheirContractsSay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := filepath.Join(dir, "v1", "openapi.yaml")
	write(t, first, things("/a")+"x-deprecated: 2020-01-01\nx-sunset: 2999-12-31\n")
	write(t, filepath.Join(dir, "v2", "openapi.yaml"), things("/a"))
	gw := gatewaytest.New(t, block("life", dir, filepath.Join(dir, "log"), ""))
	res := gw.Do("GET", "/v1/a")
	if res.Code != 200 || res.Header().Get("Deprecation") != "@1577836800" || res.Header().Get("Sunset") != "Tue, 31 Dec 2999 00:00:00 GMT" {
		t.Errorf("got %d %v", res.Code, res.Header())
	}
	write(t, first, things("/a")+"x-sunset: 2020-01-01\n")
	eventually(t, "the sunset", answers(gw, "/v1/a", 410))
	write(t, first, things("/a")+"x-sunset: never\n")
	eventually(t, "the complaint", func() bool {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return strings.Contains(string(log), "is not a date (sunset of version v1)")
	})
	if res := gw.Do("GET", "/v1/a"); res.Code != 410 {
		t.Errorf("a bad date has ended the sunset: %d", res.Code)
	}
}

// TestLivesThatContradict: two dates for one thing, and dates that have no effect.
func TestLivesThatContradict(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "api", "v1", "openapi.yaml"), things("/a")+"x-sunset: 2999-12-31\n")
	write(t, filepath.Join(dir, "one.yaml"), things("/a")+"x-sunset: 2999-12-31\n")
	for caddyfile, want := range map[string]string{
		":8080 {\n\tapi life {\n\t\tcontract " + dir + "/api\n\t\tversioning {\n\t\t\tversion v1 {\n\t\t\t\tsunset 2998-12-31\n\t\t\t}\n\t\t}\n\t\trespond ok\n\t}\n}\n":
		// both places are named
		"Caddyfile:5: the sunset of version v1 is 2998-12-31 here, but 2999-12-31 in its contract (" + dir + "/api/v1/openapi.yaml:7:1)",
		":8080 {\n\tapi life {\n\t\tcontract " + dir + "/one.yaml\n\t\trespond ok\n\t}\n}\n":
		// nothing would end
		"x-sunset has no effect: the contract belongs to no version",
	} {
		if _, err := gatewaytest.Load(t, caddyfile); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

// TestFrozenContracts: an edit of a published version that breaks its clients is not
// served.
func TestFrozenContracts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, things("/a", "/b"))
	if _, err := compat.Lock(file); err != nil {
		t.Fatal(err)
	}
	gw := gatewaytest.New(t, block("frozen", file, filepath.Join(dir, "log"), ""))
	write(t, file, things("/a"))
	eventually(t, "the complaint", func() bool {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return strings.Contains(string(log), "this version is published, and the edit breaks its clients")
	})
	if res := gw.Do("GET", "/b"); res.Code != 200 {
		t.Errorf("the operation that was promised: %d", res.Code)
	}
	write(t, file, things("/a", "/b", "/c"))
	eventually(t, "an operation more", answers(gw, "/c", 200))
	write(t, file, things("/a"))
	if _, err := gatewaytest.Load(t, block("frozen", file, filepath.Join(dir, "log"), "")); err == nil {
		t.Error("the edit loads")
	}
}

// TestWhoUsesAVersion: the verified caller is counted under the name of the API.
func TestWhoUsesAVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "v1", "openapi.yaml"), things("/a"))
	issuer := gatewaytest.NewIssuer(t)
	gw := gatewaytest.New(t, block("used", dir, filepath.Join(dir, "log"), "\t\tauth "+issuer.URL+" {\n\t\t\taudience used\n\t\t}\n"))
	token := "Bearer " + issuer.Token(t, map[string]any{"sub": "alice", "aud": "used"})
	eventually(t, "the keys", func() bool { return gw.Do("GET", "/v1/a", "Authorization", token).Code == 200 })
	_, all := gatewaytest.Admin(t, "admin.api.gateway_versions", "GET", "/gateway/versions", "")
	_, body, _ := strings.Cut(all, `"api": "used"`)
	if body, _, _ = strings.Cut(body, `"api":`); !strings.Contains(body, `"consumer": "alice"`) || !strings.Contains(body, `"version": "v1"`) {
		t.Errorf("got %s", all)
	}
}

// TestVersionsByHost: the same paths in two versions, told apart by the host.
func TestVersionsByHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "v1", "openapi.yaml"), things("/a"))
	write(t, filepath.Join(dir, "v2", "openapi.yaml"), things("/a", "/b"))
	gw := gatewaytest.New(t, block("hosts", dir, filepath.Join(dir, "log"), "\t\tversioning {\n\t\t\thost api.test\n\t\t}\n"))
	for _, tt := range []struct {
		url, version string
		status       int
	}{
		{"http://v1.api.test/a", "v1", 200},
		{"http://V2.api.test:8080/a", "v2", 200},
		{"http://v2.api.test/b", "v2", 200},
		{"http://v1.api.test/b", "v1", 404},
		{"http://v3.api.test/a", "", 404},
		{"http://api.test/a", "", 400},
	} {
		if res := gw.Do("GET", tt.url); res.Code != tt.status || res.Header().Get("API-Version") != tt.version {
			t.Errorf("%s: got %d in version %q: %s", tt.url, res.Code, res.Header().Get("API-Version"), res.Body)
		}
	}
}
