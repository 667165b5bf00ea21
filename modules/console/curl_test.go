package console_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/browsertest"
	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

// sent is a request as the page knows it.
type sent struct {
	Method  string   `json:"method"`
	Host    string   `json:"host"`
	Path    string   `json:"path"`
	Scheme  string   `json:"scheme"`
	Masked  []string `json:"masked"`
	Request struct {
		Target string      `json:"target"`
		Header [][2]string `json:"header"`
		Body   struct {
			Text      string `json:"text"`
			Truncated bool   `json:"truncated"`
			Binary    bool   `json:"binary"`
		} `json:"body"`
	} `json:"request"`
}

// TestCurl: whatever a client has sent is one word of the command that is copied, for a real shell. The
// command is what curl would be called with, and nothing else is called.
func TestCurl(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	address := freeport.Address(t)
	started(t, address, "\trespond ok")
	tab := newTab(t, address)
	tab.Do("opening", tab.Open(""), has("No requests yet"))

	texts := []string{"plain", "", "it's", `"double"`, "`touch marker`", "$(touch marker)", "${HOME}", "a\nb\ntouch marker\n", "\\", `\'`, "'; touch marker; '", "-o", "--config", "@/etc/passwd",
		"!history", "#comment", "~", "*", "a b\tc", "&& touch marker", "| touch marker", "> marker", "\r", "\x1b[31m", "日本語", "\u2028touch marker", "{a,b}", "[1-9]", "%s%n", "\x00nul", "<<EOF", "$'\\n'", "=", "\x7f"}
	if text, err := os.ReadFile(filepath.Join(gatewaytest.Root(), "../shared/testdata/naughty-strings/blns.json")); err == nil {
		var more []string
		if err := json.Unmarshal(text, &more); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, more...)
	}
	var requests []sent
	for _, text := range texts {
		var s sent
		s.Method, s.Host, s.Scheme = "M"+strings.ReplaceAll(text, "\x00", ""), "localhost:8080", "https"
		s.Masked = []string{"request.header.Authorization", "request.header.X-" + text}
		s.Request.Target = "/" + text
		s.Request.Header = [][2]string{{"Host", "localhost"}, {"Content-Length", "7"}, {"X-Value", text}, {"Authorization", "Bearer ••••"}, {"X-" + text, "••••"}}
		s.Request.Body.Text = "body" + text
		requests = append(requests, s)
	}
	given, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	// The module is loaded as the page loads it; an inline script would be against the policy.
	tab.Do("the module", script(`new Promise((done) => { import("/js/curl.js").then((m) => { window.curl = m.curl; done(); }); })`))
	commands := browsertest.Value[[]string](tab, `(`+string(given)+`).map((one) => window.curl(one).text)`)

	dir := t.TempDir()
	var program strings.Builder
	program.WriteString("curl() { for word in \"$@\"; do printf '%s\\0' \"$word\"; done; printf '\\1\\0'; }\n")
	for _, command := range commands {
		program.WriteString(command + "\n")
	}
	run := exec.Command(shell, "-s")
	run.Dir, run.Stdin, run.Env = dir, strings.NewReader(program.String()), []string{"PATH=/nonexistent"}
	output, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Fatalf("a command made %v", left)
	}
	calls := strings.Split(strings.TrimSuffix(string(output), "\x01\x00"), "\x01\x00")
	if len(calls) != len(texts) {
		t.Fatalf("%d calls for %d commands: %.500s", len(calls), len(texts), output)
	}
	for i, text := range texts {
		text = strings.ReplaceAll(text, "\x00", "") // no shell has it in a word
		want := []string{"-i", "--path-as-is", "--globoff", "-X", "M" + text, "--url", "https://localhost:8080/" + text}
		if text == "" {
			want = append(want, "-H", "X-Value;")
		} else {
			want = append(want, "-H", "X-Value: "+text)
		}
		want = append(want, "--data-raw", "body"+text, "")
		if got := calls[i]; got != strings.Join(want, "\x00") {
			t.Errorf("%q became\n%q, want\n%q, by\n%s", text, got, strings.Join(want, "\x00"), commands[i])
		}
		if !strings.HasPrefix(commands[i], "# Authorization is masked") {
			t.Errorf("nothing is said about the credentials: %s", commands[i])
		}
	}
	simple := sent{Method: "HEAD", Host: "localhost:8080", Path: "/a"}
	simple.Request.Target, simple.Request.Body.Binary = "/a?b=[1]", true
	text, _ := json.Marshal(simple)
	if got, want := browsertest.Value[string](tab, `window.curl(`+string(text)+`).text`), "# the body is no text and not remembered\ncurl -i --path-as-is --globoff --head --url 'http://localhost:8080/a?b=[1]'"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
