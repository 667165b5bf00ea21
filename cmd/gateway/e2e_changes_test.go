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

// TestOldAndNewClients runs the example of changes: a program of each version against one
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

	var seen [2]string
	for i, name := range []string{"old", "new", "old", "new"} {
		client := exec.Command("go", "run", "./"+filepath.Join("examples", "06-changes", "clients", name), "http://"+p.api)
		client.Dir = gatewaytest.Root()
		output, err := client.CombinedOutput()
		if err != nil {
			t.Fatalf("the %s client: %v\n%s", name, err, output)
		}
		made, list, _ := strings.Cut(string(output), "\n")
		if want := fmt.Sprintf("ordered ord_%06d", 4+i); made != want { // the service begins with three
			t.Errorf("the %s client has %s, want %s", name, made, want)
		}
		seen[i%2] = list
	}
	old, newer := seen[0], seen[1]
	if !strings.HasPrefix(newer, old) || strings.Count(old, "\n") != 6 || strings.Count(newer, "\n") != 7 {
		t.Errorf("the old client sees\n%s\nand the new one\n%s", old, newer)
	}
	if !strings.Contains(old, "new@example.com TEA-007 7") || !strings.Contains(newer, "old@example.com TEA-008 7") {
		t.Errorf("one does not see what the other has ordered:\n%s", newer)
	}
}
