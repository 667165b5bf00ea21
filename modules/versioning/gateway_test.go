package versioning_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gateway/internal/gatewaytest"
)

// byHand is a site without an api block.
const byHand = `{
	admin off
}
:8080 {
	versioning {
		path
		header
		media_type
		default v2
		version v1 {
			deprecated 2020-01-01
			sunset 2999-12-31
			link https://example.com/to-v2
		}
		version v2
		version v0 {
			sunset 2020-01-01
		}
	}
	respond /v1/failing 500
	respond "{http.versioning.version} {header.API-Version} {path}"
	handle_errors {
		problem
	}
}
`

// TestByHand: versioning as an ordinary directive, without an api block.
func TestByHand(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, byHand)
	res := gw.Do("GET", "/v1/orders", "API-Version", "1", "api_version", "v9")
	if res.Code != 200 || res.Body.String() != "v1 v1 /v1/orders" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
	want := http.Header{
		"Api-Version": {"v1"},
		"Deprecation": {"@1577836800"},
		"Sunset":      {"Tue, 31 Dec 2999 00:00:00 GMT"},
		"Link":        {`<https://example.com/to-v2>; rel="deprecation"; type="text/html", <https://example.com/to-v2>; rel="sunset"; type="text/html", </v2/>; rel="successor-version"; title="v2", </v2/>; rel="latest-version"; title="v2"`},
		"Vary":        {"Api-Version", "Accept"},
	}
	if diff := cmp.Diff(want, only(res.Header(), want)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	res = gw.Do("GET", "/orders")
	if res.Code != 200 || res.Body.String() != "v2 v2 /orders" || res.Header().Get("Deprecation") != "" || res.Header().Get("Link") != "" {
		t.Errorf("the default version: %d %s %v", res.Code, res.Body, res.Header())
	}
}

// TestRefusals: every refusal is a problem that lists the versions, and varies like
// any other response.
func TestRefusals(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, byHand)
	for _, tt := range []struct {
		path   string
		header []string
		status int
		code   string
	}{
		{"/v9/orders", nil, 404, "version.unknown"},
		{"/orders", []string{"API-Version", "v9"}, 400, "version.unknown"},
		{"/orders", []string{"Accept", "application/vnd.acme.v9+json"}, 406, "version.unknown"},
		{"/v1/orders", []string{"API-Version", "v2"}, 400, "version.conflict"},
		{"/v0/orders", nil, 410, "version.sunset"},
	} {
		res := gw.Do("GET", tt.path, tt.header...)
		p := res.Problem()
		if res.Code != tt.status || p.Status != tt.status || p.Code != tt.code || p.Type != "/docs/errors/"+tt.code {
			t.Errorf("%s %v: got %d %s", tt.path, tt.header, res.Code, res.Body)
		}
		if diff := cmp.Diff([]string{"v1", "v2"}, p.Versions); diff != "" || res.Header().Get("API-Supported-Versions") != "v1, v2" {
			t.Errorf("%s %v: supported are %v and %q", tt.path, tt.header, p.Versions, res.Header().Get("API-Supported-Versions"))
		}
		if got := strings.Join(res.Header().Values("Vary"), ", "); got != "Api-Version, Accept" {
			t.Errorf("%s %v: Vary is %q", tt.path, tt.header, got)
		}
		if strings.Contains(res.Body.String(), "v9") {
			t.Errorf("%s: the refusal repeats what the client sent: %s", tt.path, res.Body)
		}
	}
	gone := gw.Do("GET", "/v0/orders").Header()
	if !strings.Contains(gone.Get("Link"), `</v1/>; rel="successor-version"`) || gone.Get("Sunset") == "" {
		t.Errorf("a version that is gone leads nowhere: %v", gone)
	}
}

// TestBrownout: a version that is switched off on trial, at this very moment.
func TestBrownout(t *testing.T) {
	t.Parallel()
	start := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	gw := gatewaytest.New(t, "{\n\tadmin off\n}\n:8080 {\n\tversioning {\n\t\tpath\n\t\theader\n\t\tversion v1 {\n\t\t\tbrownout "+start.Format(time.RFC3339)+"/3h\n\t\t\tsunset 2999-12-31\n\t\t}\n\t\tversion v2\n\t}\n\trespond ok\n\thandle_errors {\n\t\tproblem\n\t}\n}\n")
	res := gw.Do("GET", "/v1/orders")
	p := res.Problem()
	if res.Code != 410 || p.Code != "version.brownout" || strings.Join(p.Versions, " ") != "v1 v2" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
	seconds, err := strconv.Atoi(res.Header().Get("Retry-After"))
	if err != nil || seconds < 7100 || seconds > 7200 {
		t.Errorf("Retry-After is %q", res.Header().Get("Retry-After"))
	}
	want := http.Header{
		"Api-Brownout":           {"@" + strconv.FormatInt(start.Unix(), 10) + ";duration=10800"},
		"Cache-Control":          {"no-store"},
		"Vary":                   {"Api-Version"},
		"Sunset":                 {"Tue, 31 Dec 2999 00:00:00 GMT"},
		"Api-Supported-Versions": {"v1, v2"},
		"Link":                   {`</v2/>; rel="successor-version"; title="v2", </v2/>; rel="latest-version"; title="v2"`},
	}
	if diff := cmp.Diff(want, only(res.Header(), want)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if res := gw.Do("GET", "/v2/orders"); res.Code != 200 || res.Header().Get("API-Brownout") != "" {
		t.Errorf("v2: got %d %v", res.Code, res.Header())
	}
}

// TestBehindAProxy: the service is told the version, whatever the client does to that
// field, and its own links stay beside ours.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		w.Header().Set("Link", `</v1/orders?page=2>; rel="next"`)
		w.Header().Set("Deprecation", "the service's own")
		w.Header().Set("Vary", "Accept-Language")
	}))
	t.Cleanup(service.Close)
	before, _, _ := strings.Cut(byHand, "\trespond")
	gw := gatewaytest.New(t, before+"\treverse_proxy "+service.URL+"\n}\n")
	res := gw.Do("GET", "/v1/orders", "Connection", "close, API-Version", "API_Version", "v9", "Api-Version", "1")
	if res.Code != 200 {
		t.Fatalf("got %d %s", res.Code, res.Body)
	}
	got := <-seen
	if got.Get("API-Version") != "v1" || got["Api_version"] != nil || got["API_Version"] != nil {
		t.Errorf("the service is told %v", got)
	}
	links := res.Header().Values("Link")
	if len(links) != 2 || !strings.Contains(strings.Join(links, ", "), `rel="next"`) {
		t.Errorf("Link is %q", links)
	}
	if got := res.Header().Values("Deprecation"); len(got) != 1 || got[0] != "@1577836800" {
		t.Errorf("Deprecation is %q", got)
	}
	if got := strings.Join(res.Header().Values("Vary"), ", "); got != "Accept-Language, Api-Version, Accept" {
		t.Errorf("Vary is %q", got)
	}
}

// TestRoutesByVersion: the placeholder can choose among services.
func TestRoutesByVersion(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tversioning {\n\t\tpath\n\t\tstrip_prefix on\n\t\tversion v1\n\t\tversion v2\n\t}\n\t@v1 vars {http.versioning.version} v1\n\trespond @v1 \"one {uri}\"\n\trespond \"other {uri}\"\n}\n")
	for path, want := range map[string]string{"/v1/a?b=c": "one /a?b=c", "/v2/a": "other /a"} {
		if got := gw.Do("GET", path).Body.String(); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// TestFailuresAreAnnouncedToo: the fields are on what the service gets wrong as well.
func TestFailuresAreAnnouncedToo(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, byHand)
	if res := gw.Do("GET", "/v1/failing"); res.Code != 500 || res.Header().Get("Deprecation") == "" || res.Header().Get("Api-Version") != "v1" {
		t.Errorf("got %d %v", res.Code, res.Header())
	}
}

func only(header, names http.Header) http.Header {
	kept := make(http.Header)
	for name := range names {
		kept[name] = header[name]
	}
	return kept
}

// TestAdapted compares what the directive becomes in Caddy's JSON.
func TestAdapted(t *testing.T) {
	t.Parallel()
	config, err := gatewaytest.Adapt("Caddyfile", ":8080 {\n\tversioning {\n\t\tpath /api\n\t\theader X-Version\n\t\tquery v\n\t\tmedia_type vendor\n\t\tdefault 2.1\n\t\tstrip_prefix on\n\t\tversion 2.0 {\n\t\t\tdeprecated 2026-12-01\n\t\t\tsunset 2027-06-30T12:00:00Z\n\t\t\tbrownout 2027-06-01 10:00/15m Europe/Berlin\n\t\t\tbrownout 2027-06-02T10:00:00Z/1h\n\t\t\tsuccessor 2.1\n\t\t\tlink /migrate\n\t\t}\n\t\tversion 2.1\n\t\tmode report\n\t}\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	var adapted struct {
		Apps struct {
			HTTP struct {
				Servers map[string]struct {
					Routes []struct{ Handle []json.RawMessage }
				}
			}
		}
	}
	if err := json.Unmarshal(config, &adapted); err != nil {
		t.Fatal(err)
	}
	var pretty json.RawMessage = adapted.Apps.HTTP.Servers["srv0"].Routes[0].Handle[0]
	out, err := json.MarshalIndent(pretty, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	gatewaytest.Golden(t, "testdata/adapted.json.golden", append(out, '\n'))
}

// TestRefusedConfigs compares the message of every mistake in testdata/refused, which
// is named after the mistake.
func TestRefusedConfigs(t *testing.T) {
	t.Parallel()
	gatewaytest.Refused(t, "testdata/refused/*.caddyfile")
}
