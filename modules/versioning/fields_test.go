package versioning

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gateway/internal/exchange"
)

// TestClientCannotSpeakForUs: the field that tells the version to the upstream comes
// from us, however the client spells it, and stays when the client asks the proxy to
// remove it.
func TestClientCannotSpeakForUs(t *testing.T) {
	t.Parallel()
	h := handler(t, "versioning {\npath\nversion v1\n}")
	r := request("GET", "/v1/orders", "Connection", "keep-alive, api-version", "Connection", "API_Version")
	for _, spelling := range []string{"Api-Version", "api-version", "API_VERSION", "Api.Version", "aPI-vERSION"} {
		r.Header[spelling] = []string{"v9", "v8"}
	}
	r.Header["Api-Versions"] = []string{"another field"}
	if _, _, refusal := decide(h, today, r); refusal != nil {
		t.Fatal(refusal)
	}
	want := http.Header{"Api-Version": {"v1"}, "Api-Versions": {"another field"}, "Connection": {"keep-alive"}}
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSelectingHeaderTellsTheVersion(t *testing.T) {
	t.Parallel()
	h := handler(t, "versioning {\nheader x-version\nversion v1\nversion v2\n}")
	r := request("GET", "/", "X-Version", "2")
	if _, _, refusal := decide(h, today, r); refusal != nil {
		t.Fatal(refusal)
	}
	if diff := cmp.Diff(http.Header{"X-Version": {"v2"}}, r.Header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNothingIsShared: what a handler behind us does to the values of one request is
// not seen by the next.
func TestNothingIsShared(t *testing.T) {
	t.Parallel()
	h := handler(t, life)
	for range 2 {
		r := request("GET", "/v1/")
		_, header, _ := decide(h, today, r)
		if r.Header.Get("API-Version") != "v1" || header["Link"][0][0] != '<' {
			t.Fatalf("a request has changed the next one: %v, %v", r.Header, header)
		}
		r.Header["Api-Version"][0] = "spoilt"
		header["Link"][0] = "spoilt"
		_ = append(r.Header["Api-Version"], "spoilt")
	}
}

func TestAddLink(t *testing.T) {
	t.Parallel()
	header := http.Header{"Link": {`<?page=2>; rel="next"`}}
	addLink(header, []string{"</v2/>"})
	if diff := cmp.Diff(http.Header{"Link": {`<?page=2>; rel="next"`, "</v2/>"}}, header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestReport: a policy that only reports says no, but serves the likely version.
func TestReport(t *testing.T) {
	t.Parallel()
	h := handler(t, "versioning {\nheader\nquery\ndefault v2\nmode report\nversion v1\nversion v2\nversion v3 {\nsunset 2020-01-01\n}\n}")
	for _, tt := range []struct{ header, query, version, reason string }{
		{"v9", "", "v2", "version.unknown"},
		{"v1", "v2", "v1", "version.conflict"},
		{"v3", "", "v3", "version.sunset"},
		{"v1", "", "v1", ""},
	} {
		r := request("GET", "/?version="+tt.query, "API-Version", tt.header)
		x, _, refusal := decide(h, today, r)
		reason := ""
		if refusal != nil {
			reason = refusal.Reason.Code
		}
		if x.Version != tt.version || reason != tt.reason || r.Header.Get("API-Version") != tt.version {
			t.Errorf("%+v: got version %q, reason %q, upstream told %q", tt, x.Version, reason, r.Header.Get("API-Version"))
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ selector, path, public string }{
		{"path", "/orders", "/v1/orders"},
		{"path", "/v1/orders", "/v1/orders"},
		{"path", "/v1", "/v1"},
		{"path", "/v10/orders", "/v1/v10/orders"},
		{"path /api", "/orders", "/api/v1/orders"},
		{"path /api", "/api/orders", "/api/v1/orders"},
		{"path /api", "/api/v1/orders", "/api/v1/orders"},
		{"path /api", "/v1/orders", "/api/v1/orders"},
		{"path /api", "/apiary", "/api/v1/apiary"},
		{"header", "/orders", "/orders"},
	} {
		h := handler(t, "versioning {\n"+tt.selector+"\n}", "v1")
		if got := h.PublicPath("v1", tt.path); got != tt.public {
			t.Errorf("%s: the public path of %s is %s, want %s", tt.selector, tt.path, got, tt.public)
		}
	}
}

func TestStripPrefix(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ selector, target, want string }{
		{"path", "/v1/orders?a=b", "/orders?a=b"},
		{"path", "/v1", "/"},
		{"path", "/v1/", "/"},
		{"path", "/orders", "/orders"},
		{"path", "/v1/a%2Cb%3Bc", "/a%2Cb%3Bc"},
		{"path", "/%761/a%3Bc", "/a;c"},
		{"path /api", "/api/v1/orders", "/api/orders"},
		{"path /api", "/api/v1", "/api"},
	} {
		h := handler(t, "versioning {\n"+tt.selector+"\nstrip_prefix on\ndefault v1\nversion v1\n}")
		r := request("GET", tt.target)
		decide(h, today, r)
		if got := r.URL.RequestURI(); got != tt.want {
			t.Errorf("%s %s: the upstream sees %s, want %s", tt.selector, tt.target, got, tt.want)
		}
	}
	inside := handler(t, "versioning {\nstrip_prefix on\n}", "v1")
	r := request("GET", "/v1/orders")
	x, _, _ := decide(inside, today, r)
	if r.URL.Path != "/v1/orders" {
		t.Errorf("inside an api block the path is needed for routing, got %s", r.URL.Path)
	}
	inside.StripVersion(r, x.Version)
	if r.URL.Path != "/orders" || r.RequestURI != "/orders" {
		t.Errorf("after routing: %s, %s", r.URL.Path, r.RequestURI)
	}
}

// TestInsideAPI: a path without a version is the router's business where the path is
// the only selector.
func TestInsideAPI(t *testing.T) {
	t.Parallel()
	h := handler(t, "versioning", "v1", "v2")
	r := request("GET", "/health", "API-Version", "v1")
	if x, _, refusal := decide(h, today, r); refusal != nil || x.Version != "" || len(r.Header) != 0 {
		t.Errorf("got %v, version %q, header %v", refusal, x.Version, r.Header)
	}
	if _, _, refusal := decide(h, today, request("GET", "/v3/orders")); refusal == nil || refusal.Code() != 404 {
		t.Errorf("got %v for an unknown version", refusal)
	}
	h = handler(t, "versioning {\nheader\n}", "v1", "v2")
	if _, _, refusal := decide(h, today, request("GET", "/health")); refusal == nil || refusal.Code() != 400 {
		t.Errorf("got %v for a missing version", refusal)
	}
}

// TestAllocations is the gate on what choosing and telling a version costs. The map of
// the request's header is not part of it, the values in it are.
func TestAllocations(t *testing.T) {
	for _, tt := range []struct {
		name, text, target string
		header             []string
		limit              float64
	}{
		{"path", "versioning {\nversion v1\n}", "/v1/orders", nil, 1},
		{"header", "versioning {\nheader\nversion v1\nversion v2\n}", "/orders", []string{"API-Version", "2"}, 1},
		{"query", "versioning {\nquery\nversion v1\nversion v2\n}", "/orders?a=b&version=v2", nil, 1},
		{"media type", "versioning {\nmedia_type\nversion v1\nversion v2\n}", "/orders", []string{"Accept", "text/html;q=0.1, application/json;version=2;q=0.5"}, 1},
		{"date", "versioning {\nheader\nversion 2026-01-01\nversion 2026-06-01\n}", "/orders", []string{"API-Version", "2026-03-14"}, 1},
		{"deprecated", life, "/v1/orders", nil, 1},
		{"brownouts", wholeLife, "/v1/orders", nil, 1},
		{"refused", life, "/v9/orders", nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := handler(t, tt.text)
			r, w := request("GET", tt.target, tt.header...), discard{http.Header{}}
			told := r.Header.Get("API-Version")
			x := &exchange.Exchange{Start: today}
			allocs := testing.AllocsPerRun(100, func() {
				if told != "" {
					r.Header["Api-Version"][0] = told
				}
				clear(w.header)
				h.Decide(x, w, r)
			})
			if allocs > tt.limit {
				t.Errorf("%v allocations, want at most %v", allocs, tt.limit)
			}
		})
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkDecide(b *testing.B) {
	for _, bb := range []struct {
		name, text, target string
		header             []string
	}{
		{"path", "versioning {\nversion v1\n}", "/v1/orders", nil},
		{"all", "versioning {\npath\nheader\nquery\nmedia_type\nversion v1\nversion v2\n}", "/v2/orders?a=b&version=v2", []string{"Accept", "text/html;q=0.1, application/json;version=2;q=0.5"}},
		{"deprecated", life, "/v1/orders", nil},
	} {
		b.Run(bb.name, func(b *testing.B) {
			h := handler(b, bb.text)
			r, w := request("GET", bb.target, bb.header...), discard{http.Header{}}
			x := &exchange.Exchange{Start: today}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.Decide(x, w, r)
			}
		})
	}
}
