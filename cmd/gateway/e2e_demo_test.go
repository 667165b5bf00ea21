package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

// demo prepares the command that `make run` ends in, on ports of its own.
func demo(t *testing.T, args ...string) (cmd *exec.Cmd, ports []int) {
	t.Helper()
	dir := t.TempDir()
	args = append(args, "--gateway", binary(t, "gateway"), "--log", filepath.Join(dir, "log"))
	for _, flag := range []string{"--port", "--metrics-port", "--admin-port", "--orders-port", "--issuer-port", "--console-port"} {
		port := freeport.Port(t)
		ports = append(ports, port)
		args = append(args, flag, strconv.Itoa(port))
	}
	cmd = exec.Command(binary(t, "demo"), args...)
	cmd.Dir = gatewaytest.Root()
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.WaitDelay = patience
	return cmd, ports
}

// wantFree checks that nobody was left behind on the ports.
func wantFree(t *testing.T, ports []int) {
	t.Helper()
	for _, port := range ports {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			t.Errorf("port %d is still taken: %v", port, err)
			continue
		}
		listener.Close()
	}
}

// TestDemoLines runs the curl lines of the banner, as they are printed.
func TestDemoLines(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	cmd, ports := demo(t, "--check")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("the lines went wrong: %v\n%s", err, output)
	}
	for _, want := range []string{"200", "401", "403", "422", "429", "deprecated"} {
		if !regexp.MustCompile(`(?m)^ok .*` + want).Match(output) {
			t.Errorf("no line about %s went well:\n%s", want, output)
		}
	}
	wantFree(t, ports)
}

// TestDemoBanner starts the demo as a person would, and stops it with Ctrl-C.
func TestDemoBanner(t *testing.T) {
	t.Parallel()
	cmd, ports := demo(t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killed.Stop()
	text := untilPrompt(t, out)
	if lines := strings.Count(text, "\n"); lines > 30 {
		t.Errorf("the banner has %d lines, want one that fits on a screen", lines)
	}
	for _, want := range []string{
		fmt.Sprintf(`API +http://localhost:%d`, ports[0]), fmt.Sprintf(`Metrics +http://localhost:%d/metrics`, ports[1]), `Docs +http`,
		`# 200[^\n]*\n +curl -i .*Bearer eyJ`, `# 401[^\n]*\n +curl -i `, `# 403[^\n]*\n +curl -i .*Bearer eyJ`,
		`# 422[^\n]*\n +curl -i .*Bearer eyJ`, `# 200: a deprecated version\n +curl -i .*/v1/`, `# 429[^\n]*\n +curl `,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("the banner lacks %s:\n%s", want, text)
		}
	}
	if got := memoryOfTree(t, cmd.Process.Pid, "VmRSS"); got > 120<<20 {
		t.Errorf("everything together holds %d MB when idle, want at most 120", got>>20)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, complaints.String())
	}
	wantFree(t, ports)
}

// memoryOfTree adds up what a process and its children hold.
func memoryOfTree(t *testing.T, pid int, field string) int64 {
	t.Helper()
	sum := memoryOf(t, pid, field)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return sum // not every kernel tells
	}
	for child := range strings.FieldsSeq(string(children)) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			t.Fatal(err)
		}
		sum += memoryOf(t, pid, field)
	}
	return sum
}

// untilPrompt reads the banner up to its last line.
func untilPrompt(t *testing.T, out io.Reader) string {
	t.Helper()
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(text.String(), "Ctrl-C") {
		n, err := out.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("the banner ends early: %v\n%s", err, text.String())
		}
	}
	return text.String()
}

// TestDemoPortTaken says which port, and leaves nothing running.
func TestDemoPortTaken(t *testing.T) {
	t.Parallel()
	for i, what := range []string{"the API", "the metrics", "the admin endpoint", "the service", "the issuer", "the console"} {
		cmd, ports := demo(t)
		listener, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", ports[i]))
		if err != nil {
			t.Fatal(err)
		}
		output, err := cmd.CombinedOutput()
		listener.Close()
		if want := fmt.Sprintf("port %d is taken", ports[i]); err == nil || !strings.Contains(string(output), want) {
			t.Errorf("%s: got %v and %q, want %q", what, err, output, want)
		}
		wantFree(t, ports)
	}
}
