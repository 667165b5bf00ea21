package versioning

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/google/go-cmp/cmp"
)

const life = `versioning {
	path
	header
	version v1 {
		deprecated 2026-12-01
		sunset 2027-06-30T12:00:00+02:00
		link https://example.com/to-v2
	}
	version v2 {
		sunset 2027-09-01
	}
	version v3
}`

// TestLife walks a version through its whole life.
func TestLife(t *testing.T) {
	t.Parallel()
	h := handler(t, life)
	v1 := h.plan.set.byName["v1"]
	sunset := day("2027-06-30").Add(10 * time.Hour)
	const (
		toV2 = `<https://example.com/to-v2>; rel="deprecation"; type="text/html", <https://example.com/to-v2>; rel="sunset"; type="text/html", </v2/>; rel="successor-version"; title="v2", </v3/>; rel="latest-version"; title="v3"`
		toV3 = `<https://example.com/to-v2>; rel="deprecation"; type="text/html", <https://example.com/to-v2>; rel="sunset"; type="text/html", </v3/>; rel="successor-version"; title="v3", </v3/>; rel="latest-version"; title="v3"`
	)
	steps := []struct {
		name   string
		now    time.Time
		state  state
		link   string
		reason string
		detail string
	}{
		{"announced", day("2026-11-23"), active, toV2, "", ""},
		{"the last moment before", day("2026-12-01").Add(-1), active, toV2, "", ""},
		{"deprecated", day("2026-12-01"), deprecated, toV2, "", ""},
		{"the last moment served", sunset.Add(-1), deprecated, toV2, "", ""},
		{"gone", sunset, gone, toV2, "version.sunset", "Version v1 was switched off on 30 June 2027; use version v2."},
		{"the successor goes too", day("2027-09-01"), gone, toV3, "version.sunset", "Version v1 was switched off on 30 June 2027; use version v3."},
	}
	for _, step := range steps {
		r := request("GET", "/v1/orders")
		x, link, refusal := decide(h, step.now, r)
		if got := v1.state(step.now); got != step.state {
			t.Errorf("%s: the state is %s, want %s", step.name, got, step.state)
		}
		if x.Version != "v1" || r.Header.Get("API-Version") != "v1" {
			t.Errorf("%s: the version is %q and the upstream is told %q", step.name, x.Version, r.Header.Get("API-Version"))
		}
		if got := link.Get("Link"); got != step.link {
			t.Errorf("%s: Link: %s\nwant %s", step.name, got, step.link)
		}
		reason, detail := "", ""
		if refusal != nil {
			reason, detail = refusal.Reason.Code, refusal.Detail
		}
		if reason != step.reason || detail != step.detail {
			t.Errorf("%s: refused with %q (%s), want %q (%s)", step.name, reason, detail, step.reason, step.detail)
		}
	}
}

// TestSupportedShrinks: what refusals list follows the sunsets.
func TestSupportedShrinks(t *testing.T) {
	t.Parallel()
	h := handler(t, life)
	for _, tt := range []struct {
		now  time.Time
		want []string
	}{
		{day("2026-11-23"), []string{"v1", "v2", "v3"}},
		{day("2027-07-01"), []string{"v2", "v3"}},
		{day("2030-01-01"), []string{"v3"}},
	} {
		_, _, refusal := decide(h, tt.now, request("GET", "/v9/"))
		if diff := cmp.Diff(tt.want, refusal.Versions); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", tt.now, diff)
		}
	}
}

// TestAllGone: a set without a living version has nothing to list and nowhere to go.
func TestAllGone(t *testing.T) {
	t.Parallel()
	h := handler(t, "versioning {\nversion v1 {\nsunset 2020-01-01\n}\n}")
	_, header, refusal := decide(h, today, request("GET", "/v1/"))
	if refusal.Code() != http.StatusGone || refusal.Detail != "Version v1 was switched off on 1 January 2020." {
		t.Errorf("got %d %s", refusal.Code(), refusal.Detail)
	}
	if len(refusal.Versions) != 0 || len(refusal.Header) != 0 || header.Get("Link") != "" {
		t.Errorf("got versions %v, header %v, Link %q", refusal.Versions, refusal.Header, header.Get("Link"))
	}
}

// TestGrammar compares what is sent with the grammars of the RFCs.
func TestGrammar(t *testing.T) {
	t.Parallel()
	for _, moment := range []string{"2026-12-01", "1999-12-31T23:59:59Z", "2027-06-30T12:00:00-05:00", "0001-01-01", "9999-12-31"} {
		v := Version{Name: "v1", Deprecated: moment, Sunset: moment}
		read, err := v.read(true)
		if err != nil {
			t.Fatal(err)
		}
		item, err := httpsfv.UnmarshalItem([]string{formatDeprecation(read.deprecated)})
		if err != nil {
			t.Fatalf("Deprecation of %s: %v", moment, err)
		}
		if date, ok := item.Value.(time.Time); !ok || !date.Equal(read.deprecated) || len(item.Params.Names()) > 0 {
			t.Errorf("Deprecation of %s is %v", moment, item.Value)
		}
		field := formatSunset(read.sunset)
		if !imfFixdate.MatchString(field) {
			t.Errorf("Sunset of %s is %q, which is no IMF-fixdate", moment, field)
		}
		if parsed, err := http.ParseTime(field); err != nil || !parsed.Equal(read.sunset) {
			t.Errorf("Sunset of %s reads as %s, %v", moment, parsed, err)
		}
	}
}

// imfFixdate is the grammar of RFC 9110 §5.6.7; GMT is case-sensitive.
var imfFixdate = regexp.MustCompile(`^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$`)

// linkGrammar is the grammar of RFC 8288 §3 for what we send.
var linkGrammar = regexp.MustCompile(`^<[!#-;=?-\[\]_a-z~]*>(; [a-z]+="[^"\\]+")+(, <[!#-;=?-\[\]_a-z~]*>(; [a-z]+="[^"\\]+")+)*$`)

func TestLinks(t *testing.T) {
	t.Parallel()
	const versions = "\nversion v1\nversion v2\n}"
	for _, tt := range []struct{ selectors, target string }{
		{"path", "/v2/"},
		{"path /api/shop", "/api/shop/v2/"},
		{"query", "?version=v2"},
		{"query a+b", "?a%2Bb=v2"},
		{"header\npath", "/v2/"},
		{"host api.test", "//v2.api.test/"},
		{"header", ""},
		{"media_type", ""},
	} {
		h := handler(t, "versioning {\ndefault v1\n"+tt.selectors+versions)
		_, header, _ := decide(h, today, request("GET", "/orders"))
		want := `<` + tt.target + `>; rel="successor-version"; title="v2", <` + tt.target + `>; rel="latest-version"; title="v2"`
		got := header.Get("Link")
		if got != want || !linkGrammar.MatchString(got) {
			t.Errorf("%s: Link: %s\nwant %s", tt.selectors, got, want)
		}
		_, header, _ = decide(h, today, request("GET", "/v2/orders?version=2&a%2Bb=2", "API-Version", "2", "Accept", "a/b;version=2"))
		if tt.selectors == "header\npath" && header.Get("Link") != "" {
			t.Errorf("%s: the latest version has Link: %s", tt.selectors, header.Get("Link"))
		}
	}
}
