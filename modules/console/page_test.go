package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestFilesHaveTypes: every file of the page is served, as what it is.
func TestFilesHaveTypes(t *testing.T) {
	t.Parallel()
	for name, file := range pageFiles {
		w := httptest.NewRecorder()
		servePage(w, httptest.NewRequest("GET", name, nil))
		if w.Code != 200 || file.kind == "" || w.Header().Get("Content-Type") != file.kind || w.Body.Len() == 0 {
			t.Errorf("%s: got %d %v", name, w.Code, w.Header())
		}
	}
	for _, name := range []string{"/js/", "/js", "/vendor/", "/../console.go", "/page/index.html"} {
		w := httptest.NewRecorder()
		servePage(w, httptest.NewRequest("GET", "http://localhost"+name, nil))
		if w.Code != 404 {
			t.Errorf("%s: got %d", name, w.Code)
		}
	}
}

// dangers are ways to make markup or code of a text, and addresses of others. Hostile bytes are
// shown on this page, so that there is none of them in it.
var dangers = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|parseFromString|setHTML|srcdoc|\beval\b|new Function|setTimeout\(["'` + "`" + `]|javascript:|\bimport\s*\(|https?://`)

// inline are scripts and styles within the document, which the policy forbids.
var inline = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=|<iframe|<object|<base|<form`)

func findings(name string, content []byte) (found []string) {
	rule := dangers
	if path.Ext(name) == ".html" {
		rule = regexp.MustCompile(dangers.String() + "|" + inline.String())
	}
	for i, line := range bytes.Split(content, []byte("\n")) {
		if at := rule.FindString(string(line)); at != "" && !strings.Contains(string(line), `"http://www.w3.org/2000/svg"`) {
			found = append(found, fmt.Sprintf("%s:%d: %s", name, i+1, at))
		}
	}
	return found
}

func TestThePageParsesNoMarkup(t *testing.T) {
	t.Parallel()
	for name, file := range pageFiles {
		if strings.HasPrefix(name, "/vendor/") {
			continue
		}
		for _, found := range findings(name, file.content) {
			t.Error(found)
		}
		if lines := bytes.Count(file.content, []byte("\n")); lines > 300 {
			t.Errorf("%s has %d lines: one idea has fewer", name, lines)
		}
	}
	for _, bad := range []string{"x.innerHTML = y", "eval(x)", `import("x")`, "fetch('https://example.com')", `setTimeout("x")`, "a.href = `javascript:${x}`"} {
		if len(findings("a.js", []byte(bad))) == 0 {
			t.Errorf("not found: %s", bad)
		}
	}
	for _, bad := range []string{"<script>x</script>", `<p style="x">`, `<img onerror=x>`, "<style>"} {
		if len(findings("a.html", []byte(bad))) == 0 {
			t.Errorf("not found: %s", bad)
		}
	}
}

// TestVendorIsUnchanged: uPlot is what its authors have published as dist/uPlot.iife.min.js of 1.6.32.
func TestVendorIsUnchanged(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"/vendor/uPlot.js":      "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
		"/vendor/uPlot.css":     "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
		"/vendor/uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
	} {
		sum := sha256.Sum256(pageFiles[name].content)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
