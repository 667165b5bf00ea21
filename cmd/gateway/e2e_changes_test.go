package main_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gateway/examples/services/orders"
	"gateway/internal/gatewaytest"
)

// TestOldAndNewClients runs the example of changes: a client of each version against one
// service, through the real binary. Both see the same orders, page by page, each in the
// words of its own contract, whoever has made them.
func TestOldAndNewClients(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(orders.New(orders.Options{}))
	t.Cleanup(service.Close)
	example := filepath.Join(gatewaytest.Root(), "examples", "06-changes")
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "api"), os.DirFS(filepath.Join(example, "api"))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(example, "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "Caddyfile")
	write(t, config, "{\n\tadmin {$CADDY_ADMIN}\n}\n"+strings.NewReplacer(":8080", ":{$GATEWAY_PORT}", "localhost:9001", strings.TrimPrefix(service.URL, "http://")).Replace(string(text)))
	p := start(t, startOptions{config: config})

	client := filepath.Join(dir, "client")
	build := exec.Command("go", "build", "-o", client, "./"+filepath.Join("examples", "06-changes", "client"))
	build.Dir = gatewaytest.Root()
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the client: %v\n%s", err, output)
	}
	seen := map[string]string{}
	for i, version := range []string{"v1", "v2", "v1", "v2"} {
		output, err := exec.Command(client, "--version", version, "http://"+p.api).CombinedOutput()
		if err != nil {
			t.Fatalf("the client of %s: %v\n%s", version, err, output)
		}
		made, list, _ := strings.Cut(string(output), "\n")
		if want := fmt.Sprintf("ordered ord_%06d", 4+i); made != want { // the service begins with three
			t.Errorf("the client of %s has %s, want %s", version, made, want)
		}
		seen[version] = list
	}
	first, second := seen["v1"], seen["v2"]
	if !strings.HasPrefix(second, first) || strings.Count(first, "\n") != 6 || strings.Count(second, "\n") != 7 {
		t.Errorf("the client of v1 sees\n%s\nand that of v2\n%s", first, second)
	}
	if !strings.Contains(first, "v2@example.com TEA-007 7") || !strings.Contains(second, "v1@example.com TEA-007 7") {
		t.Errorf("one does not see what the other has ordered:\n%s", second)
	}
	if output, err := exec.Command(client, "--version", "v1", service.URL).CombinedOutput(); err == nil {
		t.Errorf("the client of v1 gets along with the service alone:\n%s", output)
	}
}
