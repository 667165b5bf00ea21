// Package gatewaytest drives a whole provisioned gateway in-process, without ports,
// certificates or an admin endpoint, so that tests run in parallel in milliseconds.
package gatewaytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	dto "github.com/prometheus/client_model/go"

	_ "gateway/modules/standard"
)

// Gateway is one provisioned config.
type Gateway struct {
	t      testing.TB
	ctx    caddy.Context
	server *caddyhttp.Server
	app    *caddyhttp.App
	close  func()
}

// New provisions a Caddyfile and fails the test if that does not work. The gateway
// is cleaned up when the test ends.
func New(t testing.TB, caddyfile string) *Gateway {
	t.Helper()
	gw, err := Load(t, caddyfile)
	if err != nil {
		t.Fatalf("loading the Caddyfile: %v", err)
	}
	return gw
}

// Load is New for Caddyfiles that may be refused.
func Load(t testing.TB, caddyfile string) (*Gateway, error) {
	t.Helper()
	return LoadFile(t, "Caddyfile", caddyfile)
}

// LoadFile is Load for a Caddyfile that stands at a place: relative paths in it are
// relative to the folder of filename.
func LoadFile(t testing.TB, filename, caddyfile string) (*Gateway, error) {
	t.Helper()
	config, err := Adapt(filename, caddyfile)
	if err != nil {
		return nil, err
	}
	return provision(t, config)
}

// Adapt turns a Caddyfile into Caddy's JSON, strictly.
func Adapt(filename, caddyfile string) ([]byte, error) {
	adapter := caddyconfig.GetAdapter("gateway")
	if adapter == nil {
		adapter = caddyconfig.GetAdapter("caddyfile")
	}
	config, _, err := adapter.Adapt([]byte(caddyfile), map[string]any{"filename": filename})
	return config, err
}

// provisioning is held while a config is provisioned, because Caddy then writes
// package variables of its own and of its libraries.
var provisioning sync.Mutex

func provision(t testing.TB, config []byte) (*Gateway, error) {
	provisioning.Lock()
	defer provisioning.Unlock()
	var parsed caddy.Config
	if err := json.Unmarshal(config, &parsed); err != nil {
		return nil, fmt.Errorf("decoding the adapted config: %w", err)
	}
	apps := parsed.AppsRaw
	parsed.AppsRaw = nil
	parsed.Admin = &caddy.AdminConfig{Disabled: true}
	if parsed.Logging == nil {
		parsed.Logging = quiet()
	}
	if parsed.StorageRaw == nil {
		parsed.StorageRaw = storage(t)
	}
	root, err := caddy.ProvisionContext(&parsed)
	if err != nil {
		return nil, err
	}
	// All configs of the process share Caddy's certificate cache, which leaves with
	// the last of them; so the TLS app stays with the outer context.
	parsed.AppsRaw = caddy.ModuleMap{"tls": apps["tls"]}
	if _, err := root.App("tls"); err != nil {
		return nil, err
	}
	delete(apps, "tls")
	// The apps live in a context of their own, because Caddy keeps the way to
	// cancel the outer one to itself.
	ctx, cancel := caddy.NewContext(root)
	parsed.AppsRaw = apps
	gw := &Gateway{t: t, ctx: ctx, close: cancel}
	t.Cleanup(gw.Close)
	for name := range apps {
		if _, err := ctx.App(name); err != nil {
			gw.Close()
			return nil, err
		}
	}
	app, err := ctx.App("http")
	if err != nil {
		return nil, err
	}
	gw.app = app.(*caddyhttp.App)
	gw.server = gw.first()
	return gw, nil
}

// storage keeps what a gateway stores out of the user's folders.
func storage(t testing.TB) json.RawMessage {
	raw, err := json.Marshal(map[string]string{"module": "file_system", "root": t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func quiet() *caddy.Logging {
	return &caddy.Logging{Logs: map[string]*caddy.CustomLog{"default": {
		BaseLog: caddy.BaseLog{WriterRaw: json.RawMessage(`{"output":"discard"}`)},
	}}}
}

func (g *Gateway) first() *caddyhttp.Server {
	names := make([]string, 0, len(g.app.Servers))
	for name := range g.app.Servers {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil
	}
	return g.app.Servers[names[0]]
}

// Close cleans the config up, as a reload does with the one it replaces. Requests
// may still be served afterwards, as they are in real life.
func (g *Gateway) Close() {
	if g.close != nil {
		g.close()
		g.close = nil
	}
}

// Reload provisions the next config, then cleans up this one, in Caddy's order.
func (g *Gateway) Reload(caddyfile string) *Gateway {
	g.t.Helper()
	next := New(g.t, caddyfile)
	g.Close()
	return next
}

// On returns the gateway with the server that listens on address, such as ":9464".
func (g *Gateway) On(address string) *Gateway {
	g.t.Helper()
	for _, server := range g.app.Servers {
		if slices.Contains(server.Listen, address) {
			other := *g
			other.server = server
			return &other
		}
	}
	g.t.Fatalf("no server listens on %s", address)
	return nil
}

// Context returns the context of the config.
func (g *Gateway) Context() caddy.Context { return g.ctx }

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.server.ServeHTTP(w, r) }

// Do serves one request. Header pairs follow the target: "Accept", "text/html".
// A body is given as "", or as text after an empty header name: "", "{}".
func (g *Gateway) Do(method, target string, header ...string) *Response {
	g.t.Helper()
	var body io.Reader
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "" {
			body = strings.NewReader(header[i+1])
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	if body != nil {
		withBody := httptest.NewRequest(method, target, body)
		withBody.Header = r.Header
		r = withBody
	}
	return g.Serve(r)
}

// Serve serves a request that the test has made.
func (g *Gateway) Serve(r *http.Request) *Response {
	rec := httptest.NewRecorder()
	g.server.ServeHTTP(rec, r)
	return &Response{rec}
}

// Response is a recorded response.
type Response struct{ *httptest.ResponseRecorder }

// Problem is what tests look at in a problem document.
type Problem struct {
	Type, Title, Detail, Code, Hint string
	Status                          int
	RequestID                       string `json:"request_id"`
	Errors                          []map[string]any
	More                            int
	RetryAfter                      int      `json:"retry_after"`
	Versions                        []string `json:"supported_versions"`
	Scopes                          []string
}

// Problem decodes the problem document of a refusal; it is zero if there is none.
func (r *Response) Problem() Problem {
	var p Problem
	if r.Header().Get("Content-Type") == "application/problem+json" {
		_ = json.Unmarshal(r.Body.Bytes(), &p)
	}
	return p
}

// Metric returns the sum of all samples of a counter, gauge or histogram count
// whose labels include the given pairs: Metric("gateway_requests_total", "code", "200").
func (g *Gateway) Metric(name string, labels ...string) float64 {
	g.t.Helper()
	families, err := g.ctx.GetMetricsRegistry().Gather()
	if err != nil {
		g.t.Fatalf("gathering metrics: %v", err)
	}
	var sum float64
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			if labelled(metric, labels) {
				sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func labelled(metric *dto.Metric, pairs []string) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if !slices.ContainsFunc(metric.GetLabel(), func(l *dto.LabelPair) bool {
			return l.GetName() == pairs[i] && l.GetValue() == pairs[i+1]
		}) {
			return false
		}
	}
	return true
}
