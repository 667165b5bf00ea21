package versioning

import (
	"fmt"
	"strings"
	"testing"
)

// asked is one way to ask for a version, or not to.
type asked struct {
	name, path string
	header     []string
	method     string
	host       string
}

// TestMatrix is selector × request × default in one table. A cell is the chosen
// version, or the code and status of the refusal.
func TestMatrix(t *testing.T) {
	t.Parallel()
	const versions = "\nversion v1\nversion v2\nversion v3 {\nsunset 2026-01-01\n}\n"
	tests := []struct {
		selectors string
		asked     asked
		required  string // without a default
		defaulted string // with "default v2"
	}{
		{"path", asked{path: "/v1/orders"}, "v1", "v1"},
		{"path", asked{path: "/v1"}, "v1", "v1"},
		{"path", asked{path: "/v3/orders"}, "version.sunset 410", "version.sunset 410"},
		{"path", asked{path: "/v9/orders"}, "version.unknown 404", "version.unknown 404"},
		{"path", asked{path: "/2026-06-01/orders"}, "version.unknown 404", "version.unknown 404"},
		{"path", asked{path: "/V1/orders"}, "version.missing 400", "v2"},
		{"path", asked{path: "/v1beta/orders"}, "version.missing 400", "v2"},
		{"path", asked{path: "/orders/v1"}, "version.missing 400", "v2"},
		{"path", asked{path: "/"}, "version.missing 400", "v2"},
		{"path", asked{path: "/1/orders"}, "version.missing 400", "v2"},
		{"path /api", asked{path: "/api/v1/orders"}, "v1", "v1"},
		{"path /api", asked{path: "/api/v9/orders"}, "version.unknown 404", "version.unknown 404"},
		{"path /api", asked{path: "/v1/orders"}, "version.missing 400", "v2"},
		{"path /api", asked{path: "/apiv1/orders"}, "version.missing 400", "v2"},
		{"path /api", asked{path: "/api"}, "version.missing 400", "v2"},

		{"header", asked{header: []string{"API-Version", "v1"}}, "v1", "v1"},
		{"header", asked{header: []string{"API-Version", "1"}}, "v1", "v1"},
		{"header", asked{header: []string{"api-version", " v1 "}}, "v1", "v1"},
		{"header", asked{header: []string{"API-Version", "v3"}}, "version.sunset 410", "version.sunset 410"},
		{"header", asked{header: []string{"API-Version", "v9"}}, "version.unknown 400", "version.unknown 400"},
		{"header", asked{header: []string{"API-Version", "v1, v2"}}, "version.unknown 400", "version.unknown 400"},
		{"header", asked{header: []string{"API-Version", "v1", "API-Version", "1"}}, "v1", "v1"},
		{"header", asked{header: []string{"API-Version", "v1", "API-Version", "v2"}}, "version.conflict 400", "version.conflict 400"},
		{"header", asked{header: []string{"API-Version", ""}}, "version.missing 400", "v2"},
		{"header", asked{}, "version.missing 400", "v2"},
		{"header X-Version", asked{header: []string{"API-Version", "v1"}}, "version.missing 400", "v2"},

		{"query", asked{path: "/orders?version=v1"}, "v1", "v1"},
		{"query", asked{path: "/orders?a=b&version=1&c"}, "v1", "v1"},
		{"query", asked{path: "/orders?%76ersion=%761"}, "v1", "v1"},
		{"query", asked{path: "/orders?version=v1&version=v1"}, "v1", "v1"},
		{"query", asked{path: "/orders?version=v1&version=v2"}, "version.conflict 400", "version.conflict 400"},
		{"query", asked{path: "/orders?version=v9"}, "version.unknown 400", "version.unknown 400"},
		{"query", asked{path: "/orders?version=%zz"}, "version.unknown 400", "version.unknown 400"},
		{"query", asked{path: "/orders?version="}, "version.missing 400", "v2"},
		{"query", asked{path: "/orders?Version=v1"}, "version.missing 400", "v2"},
		{"query api", asked{path: "/orders?api=v1&version=v2"}, "v1", "v1"},

		{"media_type", asked{header: []string{"Accept", "application/json;version=1"}}, "v1", "v1"},
		{"media_type", asked{header: []string{"Accept", "application/vnd.acme.v1+json"}}, "v1", "v1"},
		{"media_type", asked{header: []string{"Accept", "application/vnd.acme.orders.v1+json"}}, "v1", "v1"},
		{"media_type", asked{header: []string{"Accept", "application/vnd.acme.v1+json;version=1"}}, "v1", "v1"},
		{"media_type", asked{header: []string{"Accept", "application/vnd.acme.v1+json;version=2"}}, "version.unknown 406", "version.unknown 406"},
		{"media_type", asked{header: []string{"Accept", "application/vnd.acme.v9+json"}}, "version.unknown 406", "version.unknown 406"},
		{"media_type", asked{header: []string{"Accept", "application/vnd.acme+json"}}, "version.missing 400", "v2"},
		{"media_type", asked{header: []string{"Accept", "*/*"}}, "version.missing 400", "v2"},
		{"media_type param", asked{header: []string{"Accept", "application/vnd.acme.v1+json"}}, "version.missing 400", "v2"},
		{"media_type vendor", asked{header: []string{"Accept", "application/json;version=1"}}, "version.missing 400", "v2"},
		{"media_type", asked{method: "POST", header: []string{"Content-Type", "application/json; version=1"}}, "v1", "v1"},
		{"media_type", asked{method: "POST", header: []string{"Content-Type", "application/json; version=9"}}, "version.unknown 415", "version.unknown 415"},
		{"media_type", asked{method: "GET", header: []string{"Content-Type", "application/json; version=1"}}, "version.missing 400", "v2"},
		{"media_type", asked{method: "POST", header: []string{"Content-Type", "application/json; version=1", "Accept", "application/json; version=2"}}, "version.conflict 400", "version.conflict 400"},
		{"media_type", asked{method: "POST", header: []string{"Content-Type", "application/json; version=1", "Accept", "*/*"}}, "v1", "v1"},

		{"host api.test", asked{host: "v1.api.test"}, "v1", "v1"},
		{"host api.test", asked{host: "V1.API.test"}, "v1", "v1"},
		{"host api.test", asked{host: "v1.api.test:8443"}, "v1", "v1"},
		{"host api.test", asked{host: "v1.api.test."}, "v1", "v1"},
		{"host api.test", asked{host: "v3.api.test"}, "version.sunset 410", "version.sunset 410"},
		{"host api.test", asked{host: "v9.api.test"}, "version.unknown 404", "version.unknown 404"},
		{"host api.test", asked{host: "V9.api.test"}, "version.unknown 404", "version.unknown 404"},
		{"host api.test", asked{host: "www.api.test"}, "version.missing 400", "v2"},
		{"host api.test", asked{host: "api.test"}, "version.missing 400", "v2"},
		{"host api.test", asked{host: ".api.test"}, "version.missing 400", "v2"},
		{"host api.test", asked{host: "v1.api.test.evil"}, "version.missing 400", "v2"},
		{"host api.test", asked{host: "v1.xapi.test"}, "version.missing 400", "v2"},
		{"host api.test", asked{host: "a.v1.api.test"}, "version.missing 400", "v2"},
		{"host api.test", asked{host: "[::1]:8443"}, "version.missing 400", "v2"},
		{"host api.test\npath", asked{host: "v1.api.test", path: "/v1/orders"}, "v1", "v1"},
		{"host api.test\npath", asked{host: "v1.api.test", path: "/v2/orders"}, "version.conflict 400", "version.conflict 400"},
		{"host api.test\nheader", asked{host: "v1.api.test", header: []string{"API-Version", "v2"}}, "version.conflict 400", "version.conflict 400"},

		{"header\nquery", asked{path: "/?version=v1"}, "v1", "v1"},
		{"header\nquery", asked{path: "/?version=1", header: []string{"API-Version", "v1"}}, "v1", "v1"},
		{"header\nquery", asked{path: "/?version=v1", header: []string{"API-Version", "v2"}}, "version.conflict 400", "version.conflict 400"},
		{"path\nheader", asked{path: "/v1/orders", header: []string{"API-Version", "v2"}}, "version.conflict 400", "version.conflict 400"},
		{"path\nheader", asked{path: "/orders", header: []string{"API-Version", "v1"}}, "v1", "v1"},
		{"path\nheader", asked{path: "/v1/orders"}, "v1", "v1"},
		{"path\nheader", asked{path: "/v8/orders", header: []string{"API-Version", "v9"}}, "version.unknown 404", "version.unknown 404"},
		{"header\npath", asked{path: "/v8/orders", header: []string{"API-Version", "v9"}}, "version.unknown 400", "version.unknown 400"},
		{"path\nmedia_type", asked{path: "/v1/orders", header: []string{"Accept", "application/vnd.acme.v2+json"}}, "version.conflict 400", "version.conflict 400"},
		{"path\nheader\nquery\nmedia_type", asked{path: "/v1/orders?version=1", header: []string{"API-Version", "1", "Accept", "text/html;version=v1"}}, "v1", "v1"},
	}
	for _, tt := range tests {
		for _, variant := range []struct{ option, want string }{{"", tt.required}, {"\ndefault v2", tt.defaulted}} {
			name := fmt.Sprintf("%s%s: %s%s %s", tt.selectors, variant.option, tt.asked.host, tt.asked.path, strings.Join(tt.asked.header, " "))
			t.Run(strings.ReplaceAll(name, "\n", " "), func(t *testing.T) {
				t.Parallel()
				h := handler(t, "versioning {\n"+tt.selectors+variant.option+versions+"}")
				if got := outcome(h, tt.asked); got != variant.want {
					t.Errorf("got %s, want %s", got, variant.want)
				}
			})
		}
	}
}

// outcome is the cell of the matrix. It checks on the way what holds for every cell.
func outcome(h *Handler, a asked) string {
	if a.path == "" {
		a.path = "/orders"
	}
	if a.method == "" {
		a.method = "GET"
	}
	r := request(a.method, a.path, a.header...)
	r.Host = a.host
	x, _, refusal := decide(h, today, r)
	if refusal == nil {
		if got := r.Header.Get(h.fields.name); got != x.Version {
			return fmt.Sprintf("%s, but the upstream is told %q", x.Version, got)
		}
		return x.Version
	}
	if len(refusal.Versions) != 2 || refusal.Header.Get("API-Supported-Versions") != "v1, v2" {
		return fmt.Sprintf("a refusal that lists %v and %v", refusal.Versions, refusal.Header)
	}
	return fmt.Sprintf("%s %d", refusal.Reason.Code, refusal.Code())
}

func TestNumbersAndDates(t *testing.T) {
	t.Parallel()
	numbered := []string{"1.0", "2.0", "2.1", "2.10", "3.0.1"}
	dated := []string{"2025-01-01", "2026-06-01", "2026-09-15"}
	words := []string{"stable", "beta"}
	tests := []struct {
		versions []string
		ask      string
		want     string // "" is unknown
	}{
		{numbered, "2.1", "2.1"},
		{numbered, "2", "2.10"},
		{numbered, "v2", "2.10"},
		{numbered, "v2.1", "2.1"},
		{numbered, "1", "1.0"},
		{numbered, "3", "3.0.1"},
		{numbered, "3.0", "3.0.1"},
		{numbered, "2.2", ""},
		{numbered, "2.1.0", ""},
		{numbered, "02.1", ""},
		{numbered, "2.", ""},
		{numbered, ".1", ""},
		{numbered, "1.2.3.4.5", ""},
		{numbered, "2.01", ""},
		{numbered, "9999999999", ""},
		{numbered, "-2", ""},
		{numbered, "2026-06-01", ""},
		{[]string{"v1", "v2", "v10"}, "10", "v10"},
		{[]string{"v1", "v2", "v10"}, "v2", "v2"},
		{[]string{"v1", "v2", "v10"}, "V2", ""},
		{[]string{"v2", "v2.1"}, "2", "v2"},
		{[]string{"v2", "v2.1"}, "v2", "v2"},
		{dated, "2026-06-01", "2026-06-01"},
		{dated, "2026-06-02", "2026-06-01"},
		{dated, "2026-09-14", "2026-06-01"},
		{dated, "2026-09-15", "2026-09-15"},
		{dated, "2999-12-31", "2026-09-15"},
		{dated, "2025-01-01", "2025-01-01"},
		{dated, "2024-12-31", ""},
		{dated, "2026-02-30", ""},
		{dated, "2026-6-1", ""},
		{dated, "2026", ""},
		{dated, "latest", ""},
		{words, "beta", "beta"},
		{words, "Beta", ""},
		{words, "1", ""},
	}
	for _, tt := range tests {
		set, flaw := newSet(named(tt.versions))
		if flaw != nil {
			t.Fatal(flaw.message)
		}
		got := ""
		if v := set.find(tt.ask); v != nil {
			got = v.name
		}
		if got != tt.want {
			t.Errorf("%v: %q means %q, want %q", tt.versions, tt.ask, got, tt.want)
		}
	}
}

func named(names []string) []*version {
	list := make([]*version, len(names))
	for i, name := range names {
		list[i] = &version{name: name}
	}
	return list
}

func TestOrder(t *testing.T) {
	t.Parallel()
	tests := []struct{ declared, want string }{
		{"v10 v2 v1", "v1 v2 v10"},
		{"2.10 2.9 2", "2 2.9 2.10"},
		{"2026-06-01 2025-12-31", "2025-12-31 2026-06-01"},
		{"stable beta alpha", "stable beta alpha"},
	}
	for _, tt := range tests {
		set, flaw := newSet(named(strings.Fields(tt.declared)))
		if flaw != nil {
			t.Fatal(flaw.message)
		}
		if got := strings.Join(set.names(today), " "); got != tt.want {
			t.Errorf("%s is ordered %s, want %s", tt.declared, got, tt.want)
		}
		for i, v := range set.ordered {
			if v.rank != i || (v.successor == nil) != (i == len(set.ordered)-1) {
				t.Errorf("%s: %s has rank %d and successor %v", tt.declared, v.name, v.rank, v.successor)
			}
		}
	}
}

// TestAccept walks through content negotiation (RFC 9110 §12.5.1).
func TestAccept(t *testing.T) {
	t.Parallel()
	h := handler(t, "versioning {\nmedia_type\nversion v1\nversion v2\n}")
	tests := []struct{ accept, want string }{
		{"application/json;version=1;q=0.5, application/json;version=2", "v2"},
		{"application/json;version=1;q=0.9, application/json;version=2;q=0.8", "v1"},
		{"application/json;version=1, application/json;version=2", "v1"},
		{"application/json;version=1;q=0.001, application/json;version=2;q=0.002", "v2"},
		{"application/json;version=1;q=0, application/json;version=2;q=0.1", "v2"},
		{"application/json;version=1;q=0", "version.missing 400"},
		{"*/*;version=1;q=1, application/json;version=1;q=0.1, application/json;version=2;q=0.5", "v2"},
		{"application/*;version=1;q=0.1, */*;version=1, application/json;version=2;q=0.5", "v2"},
		{"APPLICATION/JSON;VERSION=1;Q=1", "v1"},
		{`application/json;version="1"`, "v1"},
		{`application/json;profile="a,b;version=2";version=1`, "v1"},
		{`application/json;profile="a\"b";version=1`, "v1"},
		{"application/json ; version=1 ;; ", "v1"},
		{",, application/json;version=1,", "v1"},
		{"application/json;version=1;q=2, application/json;version=2;q=0.1", "v2"},
		{"application/json;version=1;q=0.1234, application/json;version=2;q=0.1", "v2"},
		{"application/json;version=1;q=, application/json;version=2;q=0.1", "v2"},
		{"application/json;version=1;version=2", "version.missing 400"},
		{"application/json;version=", "version.missing 400"},
		{"application/json;version =1", "version.missing 400"},
		{"application;version=1", "version.missing 400"},
		{"/json;version=1", "version.missing 400"},
		{"*/json;version=1", "version.missing 400"},
		{`application/json;version="1`, "version.missing 400"},
		{`application/json;version="1"2`, "version.missing 400"},
		{"\x00\xff;;;===,\"", "version.missing 400"},
		{"application/json;version=9", "version.unknown 406"},
		{"application/json;version=9, application/json;version=1", "v1"},
		{"application/json;version=9, */*;q=0.1", "version.missing 400"},
		{"application/json;version=9, */*;q=0", "version.unknown 406"},
		{"application/json;version=9;q=0", "version.missing 400"},
		{"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "version.missing 400"},
		{"application/vnd.github+json", "version.missing 400"},
		{"application/vnd.acme.v2", "v2"},
		{"application/VND.acme.v2+json", "v2"},
		{"application/vnd.v2+json", "version.missing 400"},
		{"application/prs.acme.v2+json", "version.missing 400"},
		{strings.Repeat("application/json;version=1;q=0.1,", 5000) + "application/json;version=2", "v2"},
	}
	for _, tt := range tests {
		_, _, refusal := decide(h, today, request("GET", "/", "Accept", tt.accept))
		got := "version.missing 400"
		if refusal == nil {
			x, _, _ := decide(h, today, request("GET", "/", "Accept", tt.accept))
			got = x.Version
		} else {
			got = fmt.Sprintf("%s %d", refusal.Reason.Code, refusal.Code())
		}
		if got != tt.want {
			t.Errorf("Accept: %.80s: got %s, want %s", tt.accept, got, tt.want)
		}
	}
}

// FuzzResolve: whatever a client sends, the outcome is one of the versions or a 4xx,
// and naming nothing but one known version is never refused.
func FuzzResolve(f *testing.F) {
	f.Add("/v1/orders", "v2", "version=1", "application/json;version=2;q=0.5", "application/vnd.a.v1+json")
	f.Add("/2026-06-01", "2026-13-01", "version=%zz&&=", "*/*;q=2,,\"", ";")
	f.Add("/", "", "", "", "")
	h := handler(f, "versioning {\npath\nheader\nquery\nmedia_type\nversion v1\nversion v2\n}")
	f.Fuzz(func(t *testing.T, path, header, query, accept, contentType string) {
		r := request("POST", "/", "API-Version", header, "Accept", accept, "Content-Type", contentType)
		r.URL.Path, r.URL.RawQuery = path, query
		x, _, refusal := decide(h, today, r)
		switch {
		case refusal != nil && (refusal.Code() < 400 || refusal.Code() > 499):
			t.Errorf("status %d", refusal.Code())
		case refusal == nil && h.plan.set.byName[x.Version] == nil:
			t.Errorf("version %q", x.Version)
		case refusal == nil && r.Header.Get("API-Version") != x.Version:
			t.Errorf("the upstream is told %q, not %q", r.Header.Get("API-Version"), x.Version)
		case refusal != nil && r.Header.Get("API-Version") != "":
			t.Errorf("a refused request keeps %q", r.Header.Get("API-Version"))
		}
	})
}
