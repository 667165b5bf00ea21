package dev

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/terminal"
)

// served is what the console knows of the configuration.
type served struct {
	Process struct {
		Addresses []string `json:"addresses"`
	} `json:"process"`
	Routes     []route     `json:"routes"`
	Directives []directive `json:"directives"`
}

// route is an operation, as the console describes it.
type route struct {
	Method   string   `json:"method"`
	Template string   `json:"template"`
	API      string   `json:"api"`
	Version  string   `json:"version"`
	Auth     string   `json:"auth"`
	Upstream []string `json:"upstream"`
}

// directive is a directive of a site, as the console describes it.
type directive struct {
	Directive string   `json:"directive"`
	Listen    []string `json:"listen"`
	Hosts     []string `json:"hosts"`
	Matchers  []string `json:"matchers"`
	APIs      []string `json:"apis"`
}

// banner tells where everything is. What cannot be found out is left out.
func (s *session) banner(ctx context.Context) {
	ready := time.Since(s.began)
	var now served
	for _, path := range []string{"/api/state", "/api/routes"} {
		_ = ask(ctx, s.given.console, path, &now)
	}
	var b strings.Builder
	version, _ := caddy.Version()
	fmt.Fprintf(&b, "\n  %s  %s\n\n", terminal.Paint(s.colour, terminal.Bold, "gateway dev"),
		terminal.Paint(s.colour, terminal.Dim, fmt.Sprintf("caddy %s, ready in %d ms", version, ready.Milliseconds())))
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-9s %s\n", name, text)
		}
	}
	link := func(url string) string { return terminal.Paint(s.colour, terminal.Blue, url) }
	base := ""
	for i, url := range now.Process.Addresses {
		name := ""
		if i == 0 {
			name, base = "Sites", url
		}
		row(name, link(terminal.Line(url)))
	}
	for _, line := range now.apis(ctx) {
		row("API", line)
	}
	for _, page := range now.pages() {
		row(page[0], link(terminal.Line(page[1])))
	}
	row("Console", link("http://"+s.given.console+"/")+besides(s.given.moved, usualConsole))
	if s.given.admin != "" && s.given.admin != caddy.DefaultAdminListen {
		row("Admin", link("http://"+s.given.admin)+besides(true, caddy.DefaultAdminListen))
	}
	row("Watching", terminal.Line(s.file)+", what it imports, and the contracts")
	row("Try", now.example(base))
	fmt.Fprintf(&b, "\n  %s\n\n", terminal.Paint(s.colour, terminal.Dim, "Ctrl-C ends it. For production: gateway run"))
	_, _ = io.WriteString(s.print, b.String())
}

// besides says why an address is not the usual one.
func besides(other bool, usual string) string {
	if !other {
		return ""
	}
	return "  (not at the usual " + usual + ")"
}

// pages lists the pages that the sites have besides their APIs, each with its name: the
// documentation, and the metrics. Where none of the addresses leads to one, it is left out.
func (n *served) pages() (list [][2]string) {
	for _, d := range n.Directives {
		base, path := n.addressOf(&d), "/docs"
		name := "Docs"
		switch {
		case d.Directive == "api" && slices.ContainsFunc(n.Routes, func(r route) bool { return slices.Contains(d.APIs, r.API) }):
		case d.Directive == "docs" || d.Directive == "metrics":
			if len(d.Matchers) > 0 {
				path = strings.TrimSuffix(strings.TrimPrefix(strings.Join(d.Matchers, " "), "path "), "*")
			}
			if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " *{") {
				continue // it depends on more than the path
			}
			if d.Directive == "metrics" {
				name = "Metrics"
			}
		default:
			continue
		}
		if page := [2]string{name, base + path}; base != "" && !slices.Contains(list, page) {
			list = append(list, page)
		}
	}
	return list
}

// addressOf returns the address of the site that a directive belongs to, "" if it has none.
func (n *served) addressOf(d *directive) string {
	for _, address := range n.Process.Addresses {
		at, err := url.Parse(address)
		if err != nil {
			continue
		}
		port := cmp.Or(at.Port(), map[string]string{"http": "80", "https": "443"}[at.Scheme])
		listens := slices.ContainsFunc(d.Listen, func(listen string) bool { return strings.HasSuffix(listen, ":"+port) })
		if listens && (len(d.Hosts) == 0 || slices.Contains(d.Hosts, at.Hostname())) {
			return strings.TrimSuffix(address, "/")
		}
	}
	return ""
}

// apis describes the APIs by version: operations, and whether somebody answers behind
// them.
func (n *served) apis(ctx context.Context) (lines []string) {
	type key struct{ api, version string }
	var order []key
	count, behind := map[key]int{}, map[key][]string{}
	for _, r := range n.Routes {
		k := key{r.API, r.Version}
		if count[k]++; count[k] == 1 {
			order, behind[k] = append(order, k), r.Upstream
		}
	}
	reached := reachable(ctx, slices.Concat(mapValues(behind, order)...))
	for _, k := range order {
		operations := "1 operation"
		if count[k] > 1 {
			operations = fmt.Sprintf("%d operations", count[k])
		}
		line := strings.TrimSpace(terminal.Line(k.api+" "+k.version)) + ": " + operations
		for i, upstream := range behind[k] {
			line += cmp.Or(map[bool]string{true: " → "}[i == 0], ", ") + terminal.Line(upstream)
			if !reached[upstream] {
				line += " (nobody answers there yet)"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func mapValues[K comparable, V any](m map[K]V, order []K) (values []V) {
	for _, k := range order {
		values = append(values, m[k])
	}
	return values
}

// reachPatience bounds how long a service may take to accept a connection, and
// maxReached how many are tried.
const (
	reachPatience = 200 * time.Millisecond
	maxReached    = 20
)

// reachable tells which addresses accept connections. What is no TCP address counts as
// one that does.
func reachable(ctx context.Context, dials []string) map[string]bool {
	slices.Sort(dials)
	dials = slices.Compact(dials)
	reached := make(map[string]bool, len(dials))
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, dial := range dials {
		address, err := caddy.ParseNetworkAddress(dial)
		if err != nil || i >= maxReached || strings.ContainsAny(dial, "{/") || address.PortRangeSize() != 1 {
			reached[dial] = true
			continue
		}
		all.Go(func() {
			dialer := net.Dialer{Timeout: reachPatience}
			conn, err := dialer.DialContext(ctx, "tcp", address.JoinHostPort(0))
			if err == nil {
				conn.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			reached[dial] = err == nil
		})
	}
	all.Wait()
	return reached
}

// example is a request that can be tried at once: one that needs nothing but its path.
func (n *served) example(base string) string {
	for _, r := range n.Routes {
		if base != "" && r.Method == http.MethodGet && !strings.Contains(r.Template, "{") && (r.Auth == "none" || strings.HasPrefix(r.Auth, "optional")) {
			return "curl -i " + terminal.Line(base+r.Template)
		}
	}
	return ""
}

// ask reads an answer of the console.
func ask(ctx context.Context, address, path string, into any) error {
	const patience, most = 5 * time.Second, 64 << 20
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the console answers %s", res.Status)
	}
	return json.NewDecoder(io.LimitReader(res.Body, most)).Decode(into)
}
