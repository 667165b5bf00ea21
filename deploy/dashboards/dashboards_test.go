package dashboards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"gateway/deploy/dashboards"
	"gateway/internal/gatewaytest"
	"gateway/modules/telemetry"
)

func TestFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(dashboards.Gateway()); err != nil {
		t.Fatal(err)
	}
	gatewaytest.Golden(t, filepath.FromSlash("../grafana/dashboards/gateway.json"), buf.Bytes())
}

// pictures returns the panels that show something.
func pictures(t *testing.T) []dashboards.Panel {
	t.Helper()
	var found []dashboards.Panel
	for _, p := range dashboards.Gateway().Panels {
		if p.Type != "row" {
			found = append(found, p)
		}
	}
	if len(found) < 20 {
		t.Fatalf("only %d panels", len(found))
	}
	return found
}

func TestPanelsKeepTheConventions(t *testing.T) {
	t.Parallel()
	units := []string{"reqps", "percentunit", "s", "short", "Bps", "bytes", "dateTimeFromNow", "bool_yes_no"}
	for _, p := range pictures(t) {
		t.Run(p.Title, func(t *testing.T) {
			t.Parallel()
			if !slices.Contains([]string{"timeseries", "stat", "table"}, p.Type) {
				t.Errorf("the type is %s", p.Type)
			}
			if !strings.HasSuffix(p.Description, ".") {
				t.Errorf("the description is %q, want a sentence", p.Description)
			}
			if !slices.Contains(units, p.FieldConfig.Defaults.Unit) {
				t.Errorf("the unit is %q", p.FieldConfig.Defaults.Unit)
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

func TestPanelsDoNotOverlap(t *testing.T) {
	t.Parallel()
	ids := make(map[int]bool)
	taken := make(map[string]string)
	for _, p := range dashboards.Gateway().Panels {
		if ids[p.ID] {
			t.Errorf("%s has an id that another panel has", p.Title)
		}
		ids[p.ID] = true
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s is wider than the grid", p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				cell := fmt.Sprint(x, ",", y)
				if other, ok := taken[cell]; ok {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[cell] = p.Title
			}
		}
	}
}

// labels returns the labels of every metric that may be read: what telemetry lists,
// what a gateway with fetched keys and a limit exposes besides, and what a scrape adds.
func labels(t *testing.T) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for _, m := range telemetry.Metrics() {
		names := append(slices.Clone(m.Labels), "job", "instance")
		if m.Type != "histogram" {
			all[m.Name] = names
			continue
		}
		all[m.Name+"_sum"], all[m.Name+"_count"] = names, names
		all[m.Name+"_bucket"] = append(slices.Clone(names), "le")
	}
	for _, family := range exposed(t) {
		if family.GetType() == dto.MetricType_HISTOGRAM || all[family.GetName()] != nil {
			continue
		}
		names := []string{"job", "instance"}
		for _, pair := range family.GetMetric()[0].GetLabel() {
			names = append(names, pair.GetName())
		}
		all[family.GetName()] = names
	}
	return all
}

func exposed(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	issuer := gatewaytest.NewIssuer(t)
	gw := gatewaytest.New(t, fmt.Sprintf(":8080 {\n\tauth %s {\n\t\taudience panels\n\t}\n\tratelimit 100/1m\n\trespond ok\n}\n", issuer.URL))
	token := issuer.Token(t, map[string]any{"aud": "panels", "sub": "kim"})
	if res := gw.Do("GET", "/", "Authorization", "Bearer "+token); res.Code != http.StatusOK {
		t.Fatalf("the gateway answers %d: %s", res.Code, res.Body)
	}
	context := gw.Context()
	families, err := context.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

var (
	selector = regexp.MustCompile(`([a-z_]+)\{([^{}]*)\}`)
	matcher  = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
	legend   = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
	literal  = regexp.MustCompile(`"[^"]*"`)
)

func withoutStrings(expr string) string { return literal.ReplaceAllString(expr, `""`) }

// unknown returns what is wrong with the names in an expression.
func unknown(known map[string][]string, expr, legendFormat string) []string {
	var wrong []string
	read := selector.FindAllStringSubmatch(expr, -1)
	if len(read) == 0 {
		wrong = append(wrong, "no metric is read")
	}
	common := []string(nil)
	for i, match := range read {
		names, ok := known[match[1]]
		if !ok {
			wrong = append(wrong, "no metric "+match[1])
			continue
		}
		for _, m := range matcher.FindAllStringSubmatch(match[2], -1) {
			if !slices.Contains(names, m[1]) {
				wrong = append(wrong, match[1]+" has no label "+m[1])
			}
		}
		if i == 0 {
			common = slices.Clone(names)
		}
		common = slices.DeleteFunc(common, func(name string) bool { return !slices.Contains(names, name) })
	}
	var grouped []string
	for _, match := range grouping.FindAllStringSubmatch(expr, -1) {
		grouped = append(grouped, strings.Split(match[1], ", ")...)
	}
	for _, name := range grouped {
		if !slices.Contains(common, name) {
			wrong = append(wrong, "grouped by "+name+", which not all metrics have")
		}
	}
	for _, match := range legend.FindAllStringSubmatch(legendFormat, -1) {
		if !slices.Contains(grouped, match[1]) {
			wrong = append(wrong, "the legend shows "+match[1]+", which is summed away")
		}
	}
	return wrong
}

func TestPanelsReadMetricsThatExist(t *testing.T) {
	t.Parallel()
	known := labels(t)
	for _, p := range pictures(t) {
		for _, q := range p.Targets {
			for _, wrong := range unknown(known, q.Expr, q.LegendFormat) {
				t.Errorf("%s: %s: %s", p.Title, wrong, q.Expr)
			}
		}
	}
	for _, v := range dashboards.Gateway().Templating.List {
		if query, ok := strings.CutPrefix(v.Query, "label_values("); ok {
			name, label, _ := strings.Cut(strings.TrimSuffix(query, ")"), ", ")
			if !strings.Contains(name, "{") {
				name += "{}"
			}
			for _, wrong := range unknown(known, name+" by ("+label+")", "") {
				t.Errorf("the variable %s: %s", v.Name, wrong)
			}
		}
	}
}

func TestUnknownNamesAreFound(t *testing.T) {
	t.Parallel()
	known := labels(t)
	for name, expr := range map[string]string{
		"a metric that is not there":   `sum(rate(gateway_hits_total{job="x"}[5m]))`,
		"a histogram without a suffix": `sum(gateway_request_duration_seconds{job="x"})`,
		"a label that is not there":    `sum(rate(gateway_requests_total{reason="x"}[5m]))`,
		"a grouping that is not there": `sum by (reason) (rate(gateway_requests_total{job="x"}[5m]))`,
		"no metric":                    `vector(1)`,
	} {
		if len(unknown(known, expr, "")) == 0 {
			t.Errorf("%s is not found: %s", name, expr)
		}
	}
	if len(unknown(known, `sum by (code) (rate(gateway_requests_total{job="x"}[5m]))`, "{{method}}")) == 0 {
		t.Error("a legend of a label that is summed away is not found")
	}
}

// TestPrometheusParsesTheExpressions puts every expression into a recording rule and
// has Prometheus read it.
func TestPrometheusParsesTheExpressions(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed")
	}
	variables := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$", "")
	var rules strings.Builder
	rules.WriteString("groups:\n- name: panels\n  rules:\n")
	for _, p := range pictures(t) {
		for _, q := range p.Targets {
			fmt.Fprintf(&rules, "  - record: panel:%d:%s\n    expr: %q\n", p.ID, q.RefID, variables.Replace(q.Expr))
		}
	}
	file := filepath.Join(t.TempDir(), "panels.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
