package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/rules"
)

func TestRulesAreUpToDate(t *testing.T) {
	t.Parallel()
	text, err := rules.New(rules.DefaultRunbooks).YAML()
	if err != nil {
		t.Fatal(err)
	}
	gatewaytest.Golden(t, filepath.FromSlash("prometheus/rules.yml"), text)
}

// cases are the files that say when alerts fire.
var cases = []string{"prometheus/rules_test.yml", "prometheus/rules_days_test.yml"}

func TestRulesFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"check", "rules", "prometheus/rules.yml"}, append([]string{"test", "rules"}, cases...)} {
		if out, err := run(t, "promtool", args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestEveryAlertIsTested looks for each alert among those that the cases expect.
func TestEveryAlertIsTested(t *testing.T) {
	t.Parallel()
	all := ""
	for _, file := range cases {
		all += read(t, file)
	}
	for _, name := range alerts() {
		if !strings.Contains(all, `alertname="`+name+`"`) {
			t.Errorf("no case expects %s", name)
		}
	}
}

func alerts() []string {
	var names []string
	for _, group := range rules.New("").Groups {
		for _, rule := range group.Rules {
			if rule.Alert != "" {
				names = append(names, rule.Alert)
			}
		}
	}
	return names
}

// TestRunbooksAndAlertsAgree: each alert has a page that names it, and each page is
// one of the index.
func TestRunbooksAndAlertsAgree(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", filepath.FromSlash(rules.DefaultRunbooks))
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	index, named := read(t, filepath.Join(folder, "README.md")), []string(nil)
	for _, entry := range entries {
		if entry.Name() == "README.md" {
			continue
		}
		page := read(t, filepath.Join(folder, entry.Name()))
		_, list, _ := strings.Cut(page, "\n\nAlerts: ")
		list, _, ok := strings.Cut(list, ".\n")
		if !ok || !strings.Contains(index, "| ["+entry.Name()+"]("+entry.Name()+") | "+list+" |\n") {
			t.Errorf("%s: the index has not its alerts, %q", entry.Name(), list)
		}
		named = append(named, strings.Split(list, ", ")...)
		for _, section := range []string{"What it means", "What to look at", "What to do"} {
			if !strings.Contains(page, "\n## "+section+"\n") {
				t.Errorf("%s has no section %q", entry.Name(), section)
			}
		}
	}
	all := alerts()
	slices.Sort(named)
	slices.Sort(all)
	if !slices.Equal(named, all) {
		t.Errorf("the runbooks are about %v, the alerts are %v", named, all)
	}
	for _, group := range rules.New("").Groups {
		for _, rule := range group.Rules {
			if rule.Alert != "" && !strings.Contains(read(t, filepath.Join(folder, rule.Annotations["runbook_url"])), rule.Alert) {
				t.Errorf("the runbook of %s does not name it", rule.Alert)
			}
		}
	}
}
