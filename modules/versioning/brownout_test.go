package versioning

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"gateway/internal/openapi"
)

func TestParseBrownout(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2027-06-01 10:00/15m":                  "2027-06-01T10:00:00Z 15m0s",
		"2027-06-01T10:00:00Z/15m":              "2027-06-01T10:00:00Z 15m0s",
		"2027-06-01T10:00:00+02:00/90m":         "2027-06-01T08:00:00Z 1h30m0s",
		"2027-06-01 10:00/24h Europe/Berlin":    "2027-06-01T08:00:00Z 24h0m0s",
		"2027-12-01 10:00/1m  America/New_York": "2027-12-01T15:00:00Z 1m0s",

		"":                                         `"" has no duration`,
		"2027-06-01 10:00":                         `"2027-06-01 10:00" has no duration`,
		"2027-06-01 10:00/":                        `"" is not a duration`,
		"2027-06-01 10:00/15":                      `"15" is not a duration`,
		"2027-06-01 10:00/59s":                     "a brownout takes from a minute to a day, in whole seconds; not 59s",
		"2027-06-01 10:00/-1h":                     "a brownout takes from a minute to a day, in whole seconds; not -1h",
		"2027-06-01 10:00/25h":                     "a brownout takes from a minute to a day, in whole seconds; not 25h",
		"2027-06-01 10:00/1m0.5s":                  "a brownout takes from a minute to a day, in whole seconds; not 1m0.5s",
		"2027-06-01/15m":                           `"2027-06-01" is not a date and time`,
		"2027-06-31 10:00/15m":                     `"2027-06-31 10:00" is not a date and time`,
		"2027-06-01T10:00:00.5Z/15m":               `"2027-06-01T10:00:00.5Z" has a fraction of a second`,
		"2027-06-01T10:00:00Z/15m Europe/Berlin":   `"2027-06-01T10:00:00Z" has an offset already, and a zone behind it`,
		"2027-06-01 10:00/15m Europe/Bern":         `"Europe/Bern" is not a time zone`,
		"2027-06-01 10:00/15m Local":               `"Local" is not a time zone`,
		"2027-03-28 02:30/15m Europe/Berlin":       "the clocks of Europe/Berlin skip 2027-03-28 02:30",
		"2027-10-31 02:30/15m Europe/Berlin":       "the clocks of Europe/Berlin show 2027-10-31 02:30 twice",
		"2027-04-04 01:45/15m Australia/Lord_Howe": "the clocks of Australia/Lord_Howe show 2027-04-04 01:45 twice",
	} {
		got := ""
		if b, err := parseBrownout(text); err != nil {
			got = err.Error()
		} else {
			got = b.start.Format(time.RFC3339) + " " + b.end.Sub(b.start).String()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// FuzzParseBrownout: whatever is accepted can be announced.
func FuzzParseBrownout(f *testing.F) {
	f.Add("2027-06-01 10:00/15m Europe/Berlin")
	f.Add("2027-06-01T10:00:00+02:00/15m")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := parseBrownout(text)
		if err != nil {
			return
		}
		if d := b.end.Sub(b.start); d < minBrownout || d > maxBrownout {
			t.Errorf("%q takes %s", text, d)
		}
		if _, err := httpsfv.UnmarshalList([]string{formatBrownouts([]brownout{b}, b.start)}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

const wholeLife = `versioning {
	path
	version v1 {
		deprecated 2027-01-01
		brownout 2027-06-01 10:00/15m
		brownout 2027-06-15 12:00/2h Europe/Berlin
		sunset 2027-06-30
	}
	version v2
}`

// TestWholeLife walks a version from its announcement to its end, and every field with
// it, at each moment at which something changes and the one before.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	h := handler(t, wholeLife)
	const (
		both  = "@1811844000;duration=900, @1813053600;duration=7200"
		last  = "@1813053600;duration=7200"
		noted = `</v2/>; rel="successor-version"; title="v2", </v2/>; rel="latest-version"; title="v2"`
		trial = "Version v1 is switched off for a while, and for good from 30 June 2027 on; use version v2."
	)
	first, second, sunset := day("2027-06-01").Add(10*time.Hour), day("2027-06-15").Add(10*time.Hour), day("2027-06-30")
	for _, step := range []struct {
		name      string
		now       time.Time
		state     state
		brownouts string
		code      string
		detail    string
		retry     time.Duration
	}{
		{"announced", day("2026-11-24"), active, both, "", "", 0},
		{"the last moment active", day("2027-01-01").Add(-1), active, both, "", "", 0},
		{"deprecated", day("2027-01-01"), deprecated, both, "", "", 0},
		{"before the first brownout", first.Add(-1), deprecated, both, "", "", 0},
		{"the first brownout begins", first, deprecated, both, "version.brownout", trial, 15 * time.Minute},
		{"and is on", first.Add(5 * time.Minute), deprecated, both, "version.brownout", trial, 10 * time.Minute},
		{"for a moment", first.Add(15*time.Minute - 1), deprecated, both, "version.brownout", trial, 1},
		{"the first brownout is over", first.Add(15 * time.Minute), deprecated, last, "", "", 0},
		{"the second brownout begins", second, deprecated, last, "version.brownout", trial, 2 * time.Hour},
		{"the second brownout is over", second.Add(2 * time.Hour), deprecated, "", "", "", 0},
		{"the last moment served", sunset.Add(-1), deprecated, "", "", "", 0},
		{"gone", sunset, gone, "", "version.sunset", "Version v1 was switched off on 30 June 2027; use version v2.", 0},
		{"for ever", day("2040-01-01"), gone, "", "version.sunset", "Version v1 was switched off on 30 June 2027; use version v2.", 0},
	} {
		_, header, refusal := decide(h, step.now, request("GET", "/v1/orders"))
		n := h.eras.at(step.now).notices[0]
		if n.deprecation != "@1798761600" || n.sunset != "Wed, 30 Jun 2027 00:00:00 GMT" || n.brownouts != step.brownouts {
			t.Errorf("%s: the notice is %+v", step.name, n)
		}
		if got := header.Get("Link"); got != noted {
			t.Errorf("%s: Link is %s", step.name, got)
		}
		if got := h.plan.set.byName["v1"].state(step.now); got != step.state {
			t.Errorf("%s: the state is %s, want %s", step.name, got, step.state)
		}
		code, detail, retry := "", "", time.Duration(0)
		if refusal != nil {
			code, detail, retry = refusal.Reason.Code, refusal.Detail, refusal.RetryAfter
			if refusal.Code() != http.StatusGone || strings.Join(refusal.Versions, " ") != map[bool]string{true: "v2", false: "v1 v2"}[step.state == gone] {
				t.Errorf("%s: %d, supported are %v", step.name, refusal.Code(), refusal.Versions)
			}
		}
		if code != step.code || detail != step.detail || retry != step.retry {
			t.Errorf("%s: %q (%s) for %s, want %q (%s) for %s", step.name, code, detail, retry, step.code, step.detail, step.retry)
		}
		if _, _, refusal := decide(h, step.now, request("GET", "/v2/orders")); refusal != nil {
			t.Errorf("%s: v2 is refused: %v", step.name, refusal)
		}
	}
}

// TestBrownoutGrammar reads what is sent with a parser of structured fields.
func TestBrownoutGrammar(t *testing.T) {
	t.Parallel()
	v := handler(t, wholeLife).plan.set.byName["v1"]
	list, err := httpsfv.UnmarshalList([]string{formatBrownouts(v.brownouts, today)})
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, member := range list {
		item := member.(httpsfv.Item)
		duration, _ := item.Params.Get("duration")
		if start, ok := item.Value.(time.Time); !ok || !start.Equal(v.brownouts[i].start) || duration != int64(v.brownouts[i].end.Sub(v.brownouts[i].start)/time.Second) {
			t.Errorf("got %v for %s", item, v.brownouts[i])
		}
	}
}

// contract is a version whose contract says something about its end.
func contract(t *testing.T, name, members string) Contract {
	t.Helper()
	parsed, err := openapi.Parse(name+"/openapi.yaml", []byte("openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\npaths: {/a: {get: {responses: {\"200\": {description: ok}}}}}\n"+members))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadContract(name, parsed)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestLifeInContracts: what a contract says counts as if the configuration said it.
func TestLifeInContracts(t *testing.T) {
	t.Parallel()
	h := handler(t, "versioning {\npath\nversion v1 {\nlink /why\n}\n}", "v1", "v2")
	const members = "x-deprecated: 2027-01-01\nx-sunset: 2027-06-30\nx-brownout: [2027-06-01 10:00/15m, \"2027-06-15 12:00/2h Europe/Berlin\"]\n"
	next, err := h.WithContracts([]Contract{contract(t, "v1", members), {Name: "v2"}})
	if err != nil {
		t.Fatal(err)
	}
	v := next.plan.set.byName["v1"]
	if !v.deprecated.Equal(day("2027-01-01")) || !v.sunset.Equal(day("2027-06-30")) || len(v.brownouts) != 2 || v.link != "/why" {
		t.Errorf("got %+v", v)
	}
	if deprecated, sunset := next.Dates("v1"); deprecated.IsZero() || sunset.IsZero() {
		t.Error("the documentation is not told")
	}
	if before := h.plan.set.byName["v1"]; !before.sunset.IsZero() {
		t.Error("the handler before has changed")
	}
	// The same in both places is no contradiction.
	h = handler(t, "versioning {\npath\nversion v1 {\nsunset 2027-06-30\n}\n}", "v1")
	if _, err := h.WithContracts([]Contract{contract(t, "v1", "x-sunset: 2027-06-30\n")}); err != nil {
		t.Error(err)
	}
}

// TestLifeThatIsWrong compares every message about a contract.
func TestLifeThatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ caddyfile, members, want string }{
		{"sunset 2027-06-30", "x-sunset: 2027-12-31\n", "Testfile:4: the sunset of version v1 is 2027-06-30 here, but 2027-12-31 in its contract (v1/openapi.yaml:4:1)"},
		{"deprecated 2027-06-30", "x-deprecated: 2027-01-01\n", "Testfile:4: the deprecated of version v1 is 2027-06-30 here, but 2027-01-01 in its contract (v1/openapi.yaml:4:1)"},
		{"brownout 2027-06-01 10:00/15m\nsunset 2028-01-01", "x-brownout: 2027-06-02 10:00/15m\n", "the brownout of version v1 is 2027-06-01 10:00/15m here, but 2027-06-02 10:00/15m in its contract"},
		{"", "x-sunset: soon\n", `v1/openapi.yaml:4:1: "soon" is not a date (sunset of version v1)`},
		{"", "x-brownout: 2027-06-01 10:00/15m\n", "v1/openapi.yaml:4:1: version v1 has a brownout, but no sunset that it would rehearse"},
		{"", "x-brownout: 2027-06-01\nx-sunset: 2028-01-01\n", `v1/openapi.yaml:4:1: "2027-06-01" has no duration (brownout of version v1)`},
		{"link /why", "", "version v1 has a link about its deprecation, but is neither deprecated nor switched off"},
		{"deprecated 2027-06-30", "x-sunset: 2027-01-01\n", "v1/openapi.yaml:4:1: the sunset of version v1, 2027-01-01, is before its deprecation, 2027-06-30"},
	} {
		h := handler(t, "versioning {\npath\nversion v1 {\n"+tt.caddyfile+"\n}\n}", "v1")
		_, err := h.WithContracts([]Contract{contract(t, "v1", tt.members)})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, %s: got %v\nwant %s", tt.caddyfile, tt.members, err, tt.want)
		}
	}
	for name, member := range map[string]openapi.Extension{
		"v1": {Value: true}, "": {Value: "2027-06-30"},
	} {
		if _, err := ReadContract(name, &openapi.Contract{Extensions: map[string]openapi.Extension{"x-sunset": member}}); err == nil {
			t.Errorf("%v for %q is accepted", member.Value, name)
		}
	}
}

// TestBrownoutsThatAreWrong: what contradicts the life of a version.
func TestBrownoutsThatAreWrong(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("brownout 2027-02-01 10:00/15m\n", maxBrownouts+1)
	for options, want := range map[string]string{
		"brownout 2027-06-29 23:50/15m":                                "the brownout of 2027-06-29 23:50 UTC does not end before the sunset of version v1",
		"brownout 2026-06-29 23:50/15m":                                "the brownout of 2026-06-29 23:50 UTC begins before version v1 is deprecated",
		"brownout 2027-02-01 10:10/15m\nbrownout 2027-02-01 10:00/15m": "the brownouts of 2027-02-01 10:00 UTC and 2027-02-01 10:10 UTC overlap",
		many: "version v1 has 13 brownouts; at most 12 can be announced",
	} {
		v := Version{Name: "v1", Deprecated: "2027-01-01", Sunset: "2027-06-30"}
		for line := range strings.SplitSeq(strings.TrimSpace(options), "\n") {
			v.Brownouts = append(v.Brownouts, strings.TrimPrefix(line, "brownout "))
		}
		if _, err := v.read(true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
