package browsertest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

func TestMain(m *testing.M) { Main(m) }

// serve serves one page.
func serve(t *testing.T, page string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Page</title><link rel="icon" href="data:,"><main><h1>Page</h1>` + page + `</main></html>`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestGoodPage: a page is used as a person uses it, and a picture is kept where it is asked for.
func TestGoodPage(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "pictures")
	t.Setenv("BROWSER_SCREENSHOTS", folder)
	tab := Open(t, serve(t, `<button onclick="this.remove(); document.querySelector('p').textContent = 'pressed'">Go</button><p>waiting</p>
		<input aria-label="Field" onkeydown="if (event.key === 'Enter') document.querySelector('p').textContent = this.value">`))
	tab.Do("opening", tab.Open(""), Has("waiting"))
	tab.Do("pressing", Press("Go"), Has("pressed"), HasNot("Go"), Shot("pressed"))
	tab.Do("typing", Script(`document.querySelector("input").focus()`), Keys("Ab!"+kb.Enter), Has("Ab!"))
	if got := Value[int](tab, `Promise.resolve(document.querySelectorAll("p").length)`); got != 1 {
		t.Errorf("a script says %d, want 1", got)
	}
	if picture, err := os.ReadFile(filepath.Join(folder, "pressed.png")); err != nil || !strings.HasPrefix(string(picture), "\x89PNG") {
		t.Errorf("the picture is %.10q (%v)", picture, err)
	}
}

// TestBadPage: what a page does wrong is seen, except for what is part of the story.
func TestBadPage(t *testing.T) {
	t.Parallel()
	for _, wrong := range []struct{ name, page, complaint string }{
		{"the console", `<script>console.error("no", 1)</script>`, `console.error "no" 1`},
		{"an exception", `<script>throw new Error("thrown")</script>`, "Error: thrown"},
		{"a dialog", `<script>setTimeout(() => alert("hello"))</script>`, "a dialog: hello"},
		{"a stray", `<img alt="" src="http://127.0.0.1:1/stray">`, "net::ERR"},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			t.Parallel()
			origin := serve(t, wrong.page)
			tab, calm := Open(t, origin), Open(t, origin)
			calm.Expect(wrong.complaint)
			for _, one := range []*Tab{calm, tab} {
				one.Do("opening", one.Open(""))
			}
			strays, complaints := tab.trouble()
			for deadline := time.Now().Add(patience); len(complaints) == 0; strays, complaints = tab.trouble() {
				if time.Now().After(deadline) {
					t.Fatal("nothing is seen")
				}
				time.Sleep(5 * time.Millisecond)
			}
			if !strings.Contains(complaints[0], wrong.complaint) || (len(strays) > 0) != (wrong.name == "a stray") {
				t.Errorf("asked elsewhere: %q; complaints: %q", strays, complaints)
			}
			if _, complaints = calm.trouble(); len(complaints) > 0 {
				t.Errorf("complaints that are part of the story: %q", complaints)
			}
			for _, one := range []*Tab{calm, tab} {
				one.mu.Lock()
				one.strays, one.complaints = nil, nil // this test wants them
				one.mu.Unlock()
			}
		})
	}
}

// TestAxe: axe-core finds what is wrong with a page, and nothing on one that is right.
func TestAxe(t *testing.T) {
	t.Parallel()
	axe := Axe(t)
	tab := Open(t, serve(t, `<p>Text.</p>`))
	tab.Do("opening", tab.Open(""), Script(axe))
	if got := tab.Barriers(); len(got) != 0 {
		t.Errorf("got %q on a page that is right", got)
	}
	tab.Do("a picture without a text", Script(`document.querySelector("main").append(document.createElement("img"))`))
	if got := tab.Barriers(); len(got) != 1 || !strings.HasPrefix(got[0], "image-alt: ") {
		t.Errorf("got %q, want image-alt", got)
	}
}

// TestNoMain: a package that does not end the browser is told so.
func TestNoMain(t *testing.T) {
	t.Parallel()
	if _, err := new(browser).start(t.Context()); err == nil || !strings.Contains(err.Error(), "TestMain") {
		t.Errorf("got %v", err)
	}
}
