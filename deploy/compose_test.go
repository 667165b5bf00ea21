package deploy

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// compose is the part of a compose file that the tests look at.
type compose struct {
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Image string
	Build struct {
		Context, Dockerfile, Target string
	}
	Command     []string
	Environment map[string]string
	Ports       []string
	Volumes     []string
	DependsOn   any    `yaml:"depends_on"` // a list of names, or a map by name
	NetworkMode string `yaml:"network_mode"`
}

func readCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	decode(t, "compose.yaml", &c)
	return c
}

func TestComposeHasEverything(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	for _, name := range []string{"gateway", "orders", "issuer", "redis", "prometheus", "grafana"} {
		if _, ok := c.Services[name]; !ok {
			t.Errorf("no service %s", name)
		}
	}
	for name, s := range c.Services {
		for _, other := range s.dependencies() {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
	}
}

func (s service) dependencies() []string {
	var names []string
	switch on := s.DependsOn.(type) {
	case []any:
		for _, name := range on {
			names = append(names, name.(string))
		}
	case map[string]any:
		names = slices.Collect(maps.Keys(on))
	}
	return names
}

func TestComposeImagesArePinned(t *testing.T) {
	t.Parallel()
	var targets []string
	for _, s := range stages(t) {
		targets = append(targets, s.name)
	}
	pinned := regexp.MustCompile(`^[a-z/]+:v?[0-9]+\.[0-9]+\.[0-9]+(-[a-z]+)?$`)
	for name, s := range readCompose(t).Services {
		if s.Image != "" {
			if !pinned.MatchString(s.Image) {
				t.Errorf("%s: the image %s is not pinned to a version", name, s.Image)
			}
			continue
		}
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Contains(targets, s.Build.Target) {
			t.Errorf("%s: the Dockerfile has no stage %q", name, s.Build.Target)
		}
	}
}

func TestComposeMounts(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	for name, s := range c.Services {
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(source, ".") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: the volume %s is not declared", name, source)
				}
				continue
			}
			if !strings.HasSuffix(volume, ":ro") {
				t.Errorf("%s: %s can be written to", name, volume)
			}
			if _, err := os.Stat(filepath.FromSlash(source)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestComposePorts: only the API is for other machines.
func TestComposePorts(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t).Services {
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") && (name != "gateway" || port != "8080:8080") {
				t.Errorf("%s publishes %s to other machines", name, port)
			}
		}
	}
}

// listens returns the port that a service of ours listens on, by its command.
func (s service) listens(t *testing.T) string {
	t.Helper()
	i := slices.Index(s.Command, "--listen")
	if i < 0 || i+1 == len(s.Command) {
		t.Fatalf("the command %v listens nowhere", s.Command)
	}
	host, port, err := net.SplitHostPort(s.Command[i+1])
	if err != nil || host != "0.0.0.0" {
		t.Errorf("listening on %s: other containers could not reach it", s.Command[i+1])
	}
	return port
}

func TestComposeAgreesWithTheCaddyfile(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	caddyfile := read(t, "../Caddyfile.example")
	gateway := c.Services["gateway"]
	for name := range gateway.Environment {
		if !strings.Contains(caddyfile, "{$"+name+":") {
			t.Errorf("Caddyfile.example has no variable %s", name)
		}
	}
	if got, want := gateway.Environment["ORDERS_UPSTREAM"], "orders:"+c.Services["orders"].listens(t); got != want {
		t.Errorf("the upstream is %s, want %s", got, want)
	}
	issuer := c.Services["issuer"]
	if issuer.NetworkMode != "service:gateway" || !slices.Contains(issuer.dependencies(), "gateway") {
		t.Error("the issuer is not at localhost for the gateway")
	}
	url := "http://localhost:" + issuer.listens(t)
	if !strings.Contains(caddyfile, "{$ISSUER:"+url+"}") || !slices.Contains(issuer.Command, url) {
		t.Errorf("the gateway and the issuer do not both call it %s", url)
	}
	if port := issuer.listens(t); !slices.Contains(gateway.Ports, "127.0.0.1:"+port+":"+port) {
		t.Errorf("port %s of the issuer is not published", port)
	}
	if !regexp.MustCompile(`(?m)^:\{\$\w+:8080\} \{$`).MatchString(caddyfile) {
		t.Error("Caddyfile.example does not listen on 8080, which is published")
	}
}

func TestPrometheusFindsTheGateway(t *testing.T) {
	t.Parallel()
	var config struct {
		ScrapeConfigs []struct {
			MetricsPath   string `yaml:"metrics_path"`
			StaticConfigs []struct {
				Targets []string
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	decode(t, "prometheus/prometheus.yml", &config)
	if len(config.ScrapeConfigs) != 1 || len(config.ScrapeConfigs[0].StaticConfigs) != 1 {
		t.Fatalf("the scrape configs are %v, want one", config.ScrapeConfigs)
	}
	host, port, err := net.SplitHostPort(config.ScrapeConfigs[0].StaticConfigs[0].Targets[0])
	if err != nil || host != "gateway" {
		t.Errorf("the target is %s, want the service gateway", host)
	}
	site := fmt.Sprintf(`(?s):\{\$\w+:%s\} \{\n\tmetrics %s\n`, port, config.ScrapeConfigs[0].MetricsPath)
	if !regexp.MustCompile(site).MatchString(read(t, "../Caddyfile.example")) {
		t.Errorf("Caddyfile.example serves no metrics at :%s%s", port, config.ScrapeConfigs[0].MetricsPath)
	}
	check := stages(t)[len(stages(t))-1].all("HEALTHCHECK")[0]
	if want := fmt.Sprintf("http://127.0.0.1:%s%s", port, config.ScrapeConfigs[0].MetricsPath); !strings.Contains(check, want) {
		t.Errorf("the health check asks %s, want %s", check, want)
	}
}

func TestGrafanaIsProvisioned(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	var sources struct {
		Datasources []struct{ URL, UID string }
	}
	decode(t, "grafana/provisioning/datasources/prometheus.yaml", &sources)
	if len(sources.Datasources) != 1 {
		t.Fatalf("%d data sources, want one", len(sources.Datasources))
	}
	u, err := url.Parse(sources.Datasources[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Services[u.Hostname()]; !ok || u.Port() != "9090" {
		t.Errorf("the data source is at %s, which is no service", u)
	}
	var dashboards struct {
		Providers []struct {
			Options struct{ Path string }
		}
	}
	decode(t, "grafana/provisioning/dashboards/gateway.yaml", &dashboards)
	if len(dashboards.Providers) != 1 {
		t.Fatalf("%d dashboard providers, want one", len(dashboards.Providers))
	}
	path := dashboards.Providers[0].Options.Path
	if !slices.Contains(c.Services["grafana"].Volumes, "./grafana/dashboards:"+path+":ro") {
		t.Errorf("%s is not mounted into Grafana", path)
	}
	home := c.Services["grafana"].Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	file, ok := strings.CutPrefix(home, path+"/")
	if !ok {
		t.Fatalf("the home dashboard %s is not in %s", home, path)
	}
	if _, err := os.Stat(filepath.Join("grafana", "dashboards", file)); err != nil {
		t.Error(err)
	}
}
