package canonical

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gateway/internal/testfile"
)

func TestPath(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{ // "" is refused
		// Plain, and plain once decoded.
		"/":                     "/",
		"/orders":               "/orders",
		"/orders/":              "/orders/",
		"/orders/7?x=%2F;..":    "/orders/7",
		"/%6frders":             "/orders",
		"/~user/%7Euser":        "/~user/~user",
		"/a%20b":                "/a%20b",
		"/a+b":                  "/a+b",
		"/caf%C3%A9":            "/caf%C3%A9",
		"/caf%c3%a9":            "/caf%C3%A9",
		"/café":                 "/caf%C3%A9",
		"/what%3F":              "/what%3F",
		"/100%25":               "/100%25",
		"/100%25zz":             "/100%25zz",
		"/a:b@c!$&'()*,=":       "/a:b@c%21$&%27%28%29%2A,=",
		"/...":                  "/...",
		"/.well-known/x":        "/.well-known/x",
		"/a..b/..c":             "/a..b/..c",
		"/%F0%9F%98%80":         "/%F0%9F%98%80",
		"http://host/orders":    "/orders",
		"http://h/%6frders?/..": "/orders",
		// Two readings.
		"/a/../b":         "",
		"/a/..":           "",
		"/a/.":            "",
		"/./a":            "",
		"/a/%2e%2e/b":     "",
		"/a/.%2E/b":       "",
		"/a/%2e/b":        "",
		"//a":             "",
		"/a//b":           "",
		"/a//":            "",
		"/a%2Fb":          "",
		"/a%2fb":          "",
		"/%2e%2e%2fb":     "",
		`/a\b`:            "",
		"/a%5Cb":          "",
		"/a%5c..%5cb":     "",
		"/a;b":            "",
		"/a/..;/b":        "",
		"/a;v=1/b":        "",
		"/a%3Bb":          "",
		"/a%00":           "",
		"/a%0d%0aX:y":     "",
		"/a%09b":          "",
		"/a%7Fb":          "",
		"/a%C2%85b":       "", // NEL, a control beyond ASCII
		"/%252e%252e/b":   "",
		"/a%252Fb":        "",
		"/a%25%32%46b":    "",
		"/%C0%AE%C0%AE/b": "", // an overlong "."
		"/%C0%AFb":        "",
		"/%FF":            "",
		"/%ED%A0%80":      "", // half of a surrogate pair
		// No path at all.
		"*":              "",
		"http://host":    "",
		"host:443":       "",
		"http:host/path": "",
	} {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if ok := Path(u, false); ok != (want != "") {
			t.Errorf("%s: got %v, want %q", target, ok, want)
		} else if ok && u.EscapedPath() != want {
			t.Errorf("%s: got %s, want %s", target, u.EscapedPath(), want)
		}
	}
}

func TestPathWithParameters(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]bool{
		"/orders/;color=blue;size=1": true,
		"/orders/7;v=1/items":        true,
		"/..;/admin":                 false,
		"/a/.;x=1/b":                 false,
		"/a//;x":                     false,
		"/a/;x%2fy":                  false,
	} {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		if got := Path(u, true); got != want {
			t.Errorf("%s: got %v", target, got)
		}
	}
}

// TestPathAgainstBrowsers takes the paths that browsers test their URL parsers with.
// Where we accept one, a browser's reading is ours.
func TestPathAgainstBrowsers(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(testfile.Shared(t, "whatwg-url"), "urltestdata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []any // comments are strings
	if err := json.Unmarshal(data, &entries); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, entry := range entries {
		c, _ := entry.(map[string]any)
		for _, member := range []string{"input", "pathname"} {
			target, _ := c[member].(string)
			if !strings.HasPrefix(target, "/") || strings.Contains(target, "#") {
				continue
			}
			u, err := url.ParseRequestURI(target)
			if err != nil || !Path(u, false) {
				continue
			}
			accepted++
			checkOneReading(t, target, u)
			scheme, _ := c["protocol"].(string)
			pathname, _ := c["pathname"].(string)
			if scheme != "http:" && scheme != "https:" {
				continue
			}
			if decoded, err := url.PathUnescape(pathname); err != nil || decoded != u.Path {
				t.Errorf("%q: got %q, browsers read %q", target, u.Path, pathname)
			}
		}
	}
	if accepted < 50 {
		t.Errorf("only %d paths were accepted", accepted)
	}
}

// FuzzPath holds every accepted path to having one reading.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/a/b", "/%2e/%2f", "/%25%32%65", "/caf%C3%A9/~", "/a;b//c", `/\`, "/%C2%85"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		if Path(u, false) {
			checkOneReading(t, target, u)
		}
	})
}

// checkOneReading says of an accepted path what "one reading" means.
func checkOneReading(t *testing.T, target string, u *url.URL) {
	t.Helper()
	escaped := u.EscapedPath()
	if decoded, err := url.PathUnescape(escaped); err != nil || decoded != u.Path {
		t.Errorf("%q: %q decodes to %q, not %q", target, escaped, decoded, u.Path)
	}
	if again, err := url.PathUnescape(u.Path); err == nil && again != u.Path {
		t.Errorf("%q: %q decodes again to %q", target, u.Path, again)
	}
	sent, err := url.ParseRequestURI(escaped)
	if err != nil || sent.Path != u.Path || sent.RawPath != "" || !Path(sent, true) {
		t.Errorf("%q: %q arrives as %+v, %v", target, escaped, sent, err)
	}
	segments := strings.Split(u.Path, "/")
	if segments[0] != "" || slices.Contains(segments, ".") || slices.Contains(segments, "..") {
		t.Errorf("%q: dot segments in %q", target, u.Path)
	}
	if len(segments) > 2 && slices.Contains(segments[1:len(segments)-1], "") {
		t.Errorf("%q: an empty segment in %q", target, u.Path)
	}
	if strings.Count(escaped, "/") != strings.Count(u.Path, "/") {
		t.Errorf("%q: %q and %q differ in segments", target, escaped, u.Path)
	}
	if i := strings.IndexFunc(u.Path, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\\' || r == ';' }); i >= 0 {
		t.Errorf("%q: %q at %d", target, u.Path, i)
	}
}

// TestOrdinaryPathsCostNothing keeps the allocation gate.
func TestOrdinaryPathsCostNothing(t *testing.T) {
	for _, target := range []string{"/orders/12345/items", "/caf%C3%A9", "/a/../b"} {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { Path(u, false) }); n > 0 {
			t.Errorf("%s: %v allocations", target, n)
		}
	}
}

func BenchmarkPath(b *testing.B) {
	for name, target := range map[string]string{"plain": "/v1/orders/12345/items/67890", "encoded": "/v1/caf%C3%A9/%7Euser"} {
		b.Run(name, func(b *testing.B) {
			u, err := url.ParseRequestURI(target)
			if err != nil {
				b.Fatal(err)
			}
			raw := u.RawPath
			b.ReportAllocs()
			for b.Loop() {
				u.RawPath = raw
				if !Path(u, false) {
					b.Fatal("refused")
				}
			}
		})
	}
}
