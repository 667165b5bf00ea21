// Package deploy holds the tests of the files beside them: that each can be read by
// the tool it is for, and that they agree with each other and with the gateway.
package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// read returns a file of this folder.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// decode reads a YAML file of this folder, strictly where into is a struct.
func decode(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, path)), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// run runs a tool of the system, and skips the test where it is not installed.
func run(t *testing.T, tool string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("%s is not installed", tool)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func TestPrometheusConfig(t *testing.T) {
	t.Parallel()
	if out, err := run(t, "promtool", "check", "config", filepath.FromSlash("prometheus/prometheus.yml")); err != nil {
		t.Errorf("promtool refuses prometheus.yml: %v\n%s", err, out)
	}
}

func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	text := read(t, "systemd/gateway.service")
	if !strings.Contains(text, "ExecStart=/usr/bin/gateway run --config /etc/gateway/Caddyfile\n") {
		t.Error("the unit does not start the gateway where its comment installs it")
	}
	// The binary is not installed here; what the unit says about it is.
	unit := filepath.Join(t.TempDir(), "gateway.service")
	text = strings.ReplaceAll(text, "/usr/bin/gateway", "/bin/true")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, "systemd-analyze", "verify", "--man=no", unit); err != nil || out != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// The threshold is ten times the exposure level; 20 is well inside "OK".
	if out, err := run(t, "systemd-analyze", "security", "--offline=yes", "--threshold=20", unit); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
