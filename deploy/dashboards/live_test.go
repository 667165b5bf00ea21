package dashboards_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"gateway/deploy/dashboards"
	"gateway/internal/freeport"
	"gateway/modules/rules"
	_ "gateway/modules/standard"
)

// The test binary plays the gateway, so that no second one has to be built.
func TestMain(m *testing.M) {
	if os.Getenv("PLAY_GATEWAY") != "" {
		caddycmd.Main()
		return
	}
	os.Exit(m.Run())
}

// run starts a process that ends with the test.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("%s:\n%s", cmd.Path, text[max(0, len(text)-4000):])
		}
		_ = log.Close()
	})
}

// prometheus is a real one.
type prometheus struct{ url string }

// newPrometheus scrapes a gateway every second and evaluates the rules as often.
func newPrometheus(t *testing.T, gateway string) prometheus {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed")
	}
	dir, address := t.TempDir(), freeport.Address(t)
	text, err := rules.New("").YAML()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "rules.yml"), regexp.MustCompile(`interval: 5m`).ReplaceAllString(string(text), "interval: 1s"))
	write(t, filepath.Join(dir, "prometheus.yml"), "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"+
		"scrape_configs:\n- job_name: gateway\n  static_configs: [{targets: ['"+gateway+"']}]\n")
	run(t, exec.Command(binary, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--enable-feature=exemplar-storage"))
	p := prometheus{"http://" + address}
	await(t, p.url+"/-/ready")
	return p
}

// get asks Prometheus and decodes the member "data" of its answer.
func (p prometheus) get(t *testing.T, path string, data any) {
	t.Helper()
	res, err := http.Get(p.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err != nil || json.Unmarshal(body, &answer) != nil || answer.Status != "success" {
		t.Fatalf("%s: %v: %s", path, err, body)
	}
}

// sample is one series of an instant vector.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

func (s sample) number() float64 {
	value, err := strconv.ParseFloat(fmt.Sprint(s.Value[1]), 64)
	if err != nil {
		return math.NaN()
	}
	return value
}

func (p prometheus) query(t *testing.T, expr string) []sample {
	t.Helper()
	var data struct{ Result []sample }
	p.get(t, "/api/v1/query?query="+url.QueryEscape(expr), &data)
	return data.Result
}

// chosen fills in what Grafana would: everything is selected.
var chosen = strings.NewReplacer("$__rate_interval", "10s", "$__range", "30s", "$job", ".*", "$instance", ".*", "$api", ".*", "$version", ".*", "$route", ".*")

// askable takes away what makes numbers of nothing, and comparisons that a healthy
// gateway does not meet.
var askable = strings.NewReplacer(" or vector(0)", "", " == 0)", ")", " < 0)", ")")

var legend = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)

// TestPanelsShowSomething asks a real Prometheus, which scrapes a real gateway under
// mixed traffic, for what every panel shows, every variable offers and every rule
// records.
func TestPanelsShowSomething(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for scrapes")
	}
	gw := newTraffic(t)
	p := newPrometheus(t, gw.metrics)
	gw.begin(t)
	// The counters need two scrapes with traffic between, and the rules one more.
	end := time.Now().Add(40 * time.Second)
	for empty := []string{"not asked yet"}; len(empty) > 0; {
		if time.Now().After(end) {
			t.Fatalf("nothing is shown by\n%s", strings.Join(empty, "\n"))
		}
		time.Sleep(time.Second)
		empty = p.empty(t)
	}
	for _, panel := range pictures(t) {
		for _, q := range panel.Targets {
			for _, label := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
				if s := p.query(t, chosen.Replace(q.Expr))[0]; s.Metric[label[1]] == "" {
					t.Errorf("%s: the legend shows %s, but the series are %v", panel.name, label[1], s.Metric)
				}
			}
		}
	}
	p.rulesAreWell(t)
}

// empty returns the expressions whose result has no number.
func (p prometheus) empty(t *testing.T) []string {
	t.Helper()
	var none []string
	ask := func(what, expr string) {
		for _, s := range p.query(t, expr) {
			if !math.IsNaN(s.number()) {
				return
			}
		}
		none = append(none, what+": "+expr)
	}
	for _, panel := range pictures(t) {
		for _, q := range panel.Targets {
			ask(panel.name, askable.Replace(chosen.Replace(q.Expr)))
		}
	}
	for _, v := range dashboards.All()["overview.json"].Templating.List {
		if query, ok := strings.CutPrefix(v.Query, "label_values("); ok {
			i := strings.LastIndex(query, ", ")
			ask("variable "+v.Name, fmt.Sprintf("count by (%s) (%s)", strings.TrimSuffix(query[i+2:], ")"), chosen.Replace(query[:i])))
		}
	}
	for _, group := range rules.New("").Groups {
		for _, rule := range group.Rules {
			if rule.Record != "" {
				ask("rule", rule.Record)
			}
			// An alert that does not fire shows nothing, but what it looks at is there.
			for _, metric := range regexp.MustCompile(`\b(?:caddy|gateway)_[a-z0-9_]+`).FindAllString(withoutStrings(rule.Expr), -1) {
				if !strings.Contains(rule.Expr, ":"+metric) && metric != "gateway_ratelimit_store_alone_total" {
					ask(rule.Alert+rule.Record, metric)
				}
			}
		}
	}
	return none
}

func (p prometheus) rulesAreWell(t *testing.T) {
	t.Helper()
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	p.get(t, "/api/v1/rules", &data)
	if len(data.Groups) == 0 {
		t.Error("Prometheus has no rules")
	}
	for _, group := range data.Groups {
		for _, rule := range group.Rules {
			if rule.Health != "ok" {
				t.Errorf("the rule %s is %s: %s", rule.Name, rule.Health, rule.LastError)
			}
		}
	}
}
