package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gateway/internal/gatewaytest"
)

// fence is a fenced block of Markdown: its language and its text.
var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// TestReadme runs the shell blocks of the README against the demo, and compares the
// JSON block with what the block before it answered. The caddyfile blocks are loaded
// by the laws, and the go block is what every test of a module does.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	cmd, ports := demo(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		wantFree(t, ports)
	})
	waitForAnswer(t, fmt.Sprintf("http://localhost:%d/v2/health", ports[0]))
	here := strings.NewReplacer(
		"localhost:8080", fmt.Sprintf("localhost:%d", ports[0]),
		"bin/demo token", fmt.Sprintf("%s token --issuer http://localhost:%d", binary(t, "demo"), ports[4]),
	)
	ran, output := 0, ""
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		switch language, body := block[1], block[2]; {
		case language == "sh" && strings.HasPrefix(body, "make "):
			shell(t, "make -n "+strings.TrimPrefix(body, "make "))
			ran++
		case language == "sh":
			output = shell(t, here.Replace(body))
			ran++
		case language == "json":
			wantShown(t, body, output)
		}
	}
	if ran < 3 {
		t.Errorf("the README has %d shell blocks left", ran)
	}
}

func shell(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = gatewaytest.Root()
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, output)
	}
	return string(output)
}

// wantShown checks that the document at the end of output has every member that the
// README shows. The README leaves some out.
func wantShown(t *testing.T, shown, output string) {
	t.Helper()
	var want, got map[string]any
	if err := json.Unmarshal([]byte(shown), &want); err != nil {
		t.Fatalf("the README's JSON: %v", err)
	}
	_, body, _ := strings.Cut(output, "\r\n\r\n")
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("the answer %q: %v", output, err)
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the README promises something else (-README +answer):\n%s", diff)
	}
}

func waitForAnswer(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(url)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
