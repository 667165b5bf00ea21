package docs

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gateway/internal/problem"
)

// do serves one request; header pairs follow the target.
func do(t testing.TB, h http.Handler, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	var reader io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if reader, err = gzip.NewReader(r.Body); err != nil {
			t.Fatal(err)
		}
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func pages(t testing.TB) *Pages {
	t.Helper()
	p, err := NewPages()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func site(t testing.TB, base string) *Site {
	t.Helper()
	v2 := everything(contract(t))
	v2.Version = "v2"
	s, err := NewSite(base, []Document{everything(contract(t)), v2, {API: "users", Contract: contract(t)}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEveryReasonHasItsPages: under its type URL, as HTML and as Markdown.
func TestEveryReasonHasItsPages(t *testing.T) {
	t.Parallel()
	p := pages(t)
	for _, reason := range problem.Catalogue() {
		path := problem.PagesPath + reason.Code
		html := body(t, do(t, p, "GET", path, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
		if !strings.Contains(html, "<h1>"+reason.Code+"</h1>") || !strings.Contains(html, "<table>") {
			t.Errorf("%s: the HTML has no title or table:\n%s", path, html)
		}
		for _, target := range []string{path, path + ".md"} {
			if got := body(t, do(t, p, "GET", target, "Accept", "*/*")); got != problem.Page(reason) {
				t.Errorf("%s: the Markdown is\n%s", target, got)
			}
		}
	}
	index := body(t, do(t, p, "GET", problem.PagesPath, "Accept", "text/html"))
	if !strings.Contains(index, `<a href="auth.missing">auth.missing</a>`) {
		t.Errorf("the index does not link to the pages:\n%s", index)
	}
	if got := body(t, do(t, p, "GET", problem.PagesPath)); got != problem.Index() {
		t.Errorf("the index as Markdown is\n%s", got)
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	p := pages(t)
	for accept, want := range map[string]string{
		"":                               "text/markdown",
		"*/*":                            "text/markdown",
		"text/*":                         "text/markdown",
		"text/html":                      "text/html",
		"text/html;q=0.5, text/markdown": "text/markdown",
		"text/html, text/markdown;q=0.5": "text/html",
		"TEXT/HTML ; q=0.1":              "text/html",
		"text/html;q=0":                  "text/markdown",
		"text/html;q=x":                  "text/markdown",
		"application/json, text/plain;q=0.5, */*":  "text/markdown",
		"\x00,;q=1,,text/html;q=NaN,text/html;q=2": "text/markdown",
	} {
		r := do(t, p, "GET", "/docs/errors/auth.missing", "Accept", accept)
		if got, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); got != want || r.Header.Get("Vary") != "Accept" {
			t.Errorf("Accept: %q: got %s, Vary %q, want %s", accept, got, r.Header.Get("Vary"), want)
		}
	}
}

// TestResponses is what holds for all files of the documentation.
func TestResponses(t *testing.T) {
	t.Parallel()
	p, s := pages(t), site(t, Base)
	targets := []struct {
		handler http.Handler
		path    string
	}{
		{p, "/docs/errors/"}, {p, "/docs/errors/auth.missing"}, {p, "/docs/errors/auth.missing.md"},
		{s, "/docs/"}, {s, "/docs/orders/v1.json"}, {s, "/docs/orders/v2.json"}, {s, "/docs/users.json"}, {s, "/docs/orders/v1.yaml"},
		{s, "/docs/_/docs.js"}, {s, "/docs/_/docs.css"}, {s, "/docs/_/swagger-ui-bundle.js"}, {s, "/docs/_/swagger-ui.css"},
	}
	for _, target := range targets {
		for _, coding := range []string{"gzip", "br, gzip;q=0"} {
			header := []string{"Accept", "text/html", "Accept-Encoding", coding}
			r := do(t, target.handler, "GET", target.path, header...)
			content, tag := body(t, r), r.Header.Get("Etag")
			if r.StatusCode != 200 || content == "" || tag == "" {
				t.Errorf("%s: status %d, %d bytes, ETag %s", target.path, r.StatusCode, len(content), tag)
			}
			if r.Header.Get("Content-Encoding") != "" && coding != "gzip" {
				t.Errorf("%s: compressed for Accept-Encoding: %s", target.path, coding)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %s: %s", target.path, name, got)
				}
			}
			if policy := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
				t.Errorf("%s: the policy is %q", target.path, policy)
			}
			again := do(t, target.handler, "GET", target.path, append(header, "If-None-Match", tag)...)
			if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
				t.Errorf("%s: asked again with its ETag: %d", target.path, again.StatusCode)
			}
			head := do(t, target.handler, "HEAD", target.path, header...)
			if head.StatusCode != 200 || body(t, &http.Response{Body: head.Body}) != "" || head.Header.Get("Etag") != tag {
				t.Errorf("%s: HEAD: %d", target.path, head.StatusCode)
			}
		}
	}
}

func TestNotThere(t *testing.T) {
	t.Parallel()
	p, s := pages(t), site(t, "/reference/v1")
	for _, tt := range []struct {
		handler      http.Handler
		method, path string
		status       int
		location     string
	}{
		{p, "GET", "/docs/errors/no.such", 404, ""},
		{p, "GET", "/docs/errors/.md", 404, ""},
		{p, "GET", "/docs/errors/no.such.md", 404, ""},
		{p, "GET", "/docs/errors/auth.missing/", 404, ""},
		{p, "POST", "/docs/errors/auth.missing", 405, ""},
		{p, "GET", "/docs/errors", 308, "errors/"},
		{s, "GET", "/reference/v1", 308, "v1/"},
		{s, "GET", "/reference/v1/orders", 404, ""},
		{s, "GET", "/reference/v1/orders/v3.json", 404, ""},
		{s, "GET", "/reference/v1/_/", 404, ""},
		{s, "GET", "/reference/v1/_/swagger-ui-bundle.js.gz", 404, ""},
		{s, "DELETE", "/reference/v1/", 405, ""},
	} {
		r := do(t, tt.handler, tt.method, tt.path, "Accept", "text/html")
		if r.StatusCode != tt.status || r.Header.Get("Location") != tt.location {
			t.Errorf("%s %s: %d, Location %q", tt.method, tt.path, r.StatusCode, r.Header.Get("Location"))
		}
		if tt.status >= 400 && r.Header.Get("Content-Type") != problem.MediaType {
			t.Errorf("%s %s: the refusal is %s", tt.method, tt.path, r.Header.Get("Content-Type"))
		}
		if tt.status == 405 && r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow: %s", tt.method, tt.path, r.Header.Get("Allow"))
		}
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()
	p, s := pages(t), site(t, Base)
	for _, tt := range []struct {
		path        string
		page, below bool
	}{
		{"/docs", false, true}, {"/docs/", false, true}, {"/docs/orders/v1.json", false, true},
		{"/docs/errors", true, true}, {"/docs/errors/", true, true}, {"/docs/errors/auth.missing", true, true},
		{"/docs/errorsome", false, true}, {"/docsome", false, false}, {"/", false, false},
	} {
		if p.Owns(tt.path) != tt.page || s.Owns(tt.path) != tt.below {
			t.Errorf("%s: pages %v, site %v", tt.path, p.Owns(tt.path), s.Owns(tt.path))
		}
	}
}

// TestServedDocument: what is served is the effective document.
func TestServedDocument(t *testing.T) {
	t.Parallel()
	served := body(t, do(t, site(t, Base), "GET", "/docs/orders/v1.json"))
	want, err := Effective(everything(contract(t)))
	if err != nil || served != string(want) || !json.Valid(want) {
		t.Errorf("%v: %.500s", err, served)
	}
}

func TestSiteErrors(t *testing.T) {
	t.Parallel()
	d := everything(contract(t))
	if _, err := NewSite(Base, []Document{d, d}); err == nil {
		t.Error("two documents of one name are accepted")
	}
	d.API = "errors"
	if _, err := NewSite(Base, []Document{d}); err == nil {
		t.Error("an api may hide the pages about the reasons")
	}
	if _, err := NewSite("/reference", []Document{d}); err != nil {
		t.Error(err)
	}
	for base, ok := range map[string]bool{
		"/docs": true, "/a/b-c.d": true, "": false, "/": false, "docs": false, "/docs/": false, "/a//b": false, "/a/../b": false, "/a b": false, `/a"b`: false, "/_": false,
	} {
		if err := CheckBase(base); (err == nil) != ok {
			t.Errorf("%q: %v", base, err)
		}
	}
}
