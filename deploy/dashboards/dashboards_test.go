package dashboards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gateway/deploy/dashboards"
	"gateway/internal/gatewaytest"
)

const folder = "../grafana/dashboards"

func TestFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	all := dashboards.All()
	for name, dashboard := range all {
		var buf bytes.Buffer
		encoder := json.NewEncoder(&buf)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(dashboard); err != nil {
			t.Fatal(err)
		}
		gatewaytest.Golden(t, filepath.Join(filepath.FromSlash(folder), name), buf.Bytes())
	}
	entries, err := os.ReadDir(filepath.FromSlash(folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := all[entry.Name()]; !ok {
			t.Errorf("%s is not made from the tables", entry.Name())
		}
	}
}

// picture is a panel that shows something.
type picture struct {
	dashboards.Panel
	name string // with its dashboard
}

func pictures(t *testing.T) []picture {
	t.Helper()
	var found []picture
	for file, dashboard := range dashboards.All() {
		for _, p := range dashboard.Panels {
			if p.Type != "row" {
				found = append(found, picture{p, strings.TrimSuffix(file, ".json") + "/" + p.Title})
			}
		}
	}
	if len(found) < 60 {
		t.Fatalf("only %d panels", len(found))
	}
	return found
}

func TestPanelsKeepTheConventions(t *testing.T) {
	t.Parallel()
	units := []string{"reqps", "ops", "percentunit", "s", "short", "Bps", "bytes", "dateTimeFromNow", "dateTimeAsIso", "dtdurations", "bool_yes_no"}
	for _, p := range pictures(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if !slices.Contains([]string{"timeseries", "stat", "table"}, p.Type) {
				t.Errorf("the type is %s", p.Type)
			}
			if !strings.HasSuffix(p.Description, ".") {
				t.Errorf("the description is %q, want a sentence", p.Description)
			}
			used := []string{p.FieldConfig.Defaults.Unit}
			for _, column := range p.FieldConfig.Overrides {
				for _, property := range column.Properties {
					used = append(used, fmt.Sprint(property.Value))
				}
			}
			for _, unit := range used {
				if !slices.Contains(units, unit) {
					t.Errorf("the unit is %q", unit)
				}
			}
			if p.Datasource == nil || p.Datasource.UID != "${datasource}" {
				t.Errorf("the data source is %v, want the chosen one", p.Datasource)
			}
			if len(p.Targets) == 0 {
				t.Error("nothing is asked for")
			}
			for _, q := range p.Targets {
				for _, window := range regexp.MustCompile(`\[([^\]]*)\]`).FindAllStringSubmatch(withoutStrings(q.Expr), -1) {
					if want := map[bool]string{true: "$__range", false: "$__rate_interval"}[p.Type == "table"]; window[1] != want {
						t.Errorf("the window is %s, want %s", window[1], want)
					}
				}
			}
		})
	}
}

// TestDashboardsAreFound has what people and other dashboards rely on.
func TestDashboardsAreFound(t *testing.T) {
	t.Parallel()
	uids := make(map[string]string)
	for file, d := range dashboards.All() {
		if other := uids[d.UID]; other != "" || d.UID == "" {
			t.Errorf("%s and %s have the uid %q", file, other, d.UID)
		}
		uids[d.UID] = file
		var names []string
		for _, v := range d.Templating.List {
			names = append(names, v.Name)
		}
		if got, want := strings.Join(names, " "), "datasource job instance api version route"; got != want {
			t.Errorf("%s: the variables are %s, want %s", file, got, want)
		}
		if len(d.Links) != 1 || !slices.Equal(d.Links[0].Tags, d.Tags) {
			t.Errorf("%s does not lead to the others: %v", file, d.Links)
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	t.Parallel()
	for file, dashboard := range dashboards.All() {
		ids := make(map[int]bool)
		taken := make(map[string]string)
		for _, p := range dashboard.Panels {
			if ids[p.ID] {
				t.Errorf("%s: %s has an id that another panel has", file, p.Title)
			}
			ids[p.ID] = true
			if p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s: %s is wider than the grid", file, p.Title)
			}
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					cell := fmt.Sprint(x, ",", y)
					if other, ok := taken[cell]; ok {
						t.Fatalf("%s: %s lies over %s", file, p.Title, other)
					}
					taken[cell] = p.Title
				}
			}
		}
	}
}

var literal = regexp.MustCompile(`"[^"]*"`)

func withoutStrings(expr string) string { return literal.ReplaceAllString(expr, `""`) }
