package api

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"gateway/modules/auth"
)

// upstreamReport is what is known of one address behind the gateway.
type upstreamReport struct {
	Address string `json:"address"`
	// Healthy is what the checks and the failures say; without checks it is true.
	Healthy bool `json:"healthy"`
	// Checks are how that is known: active, passive, both, or none.
	Checks   string `json:"checks"`
	Requests int    `json:"requests"` // under way
	Fails    int    `json:"fails"`    // that are remembered
}

// storeReport is what is known of the shared store.
type storeReport struct {
	Up       bool   `json:"up"`
	Problem  string `json:"problem,omitempty"`
	Gateways int    `json:"gateways"` // that share it, this one included
	OnError  string `json:"on_error"`
}

// depends tells how what the gateway depends on is doing: services, keys, the shared
// store, contracts.
func (a *App) depends() any {
	return map[string]any{
		"upstreams": a.upstreams(), "keys": auth.Keys(), "store": a.storeReport(), "contracts": a.reports(),
	}
}

func (a *App) storeReport() *storeReport {
	if a.store == nil {
		return nil
	}
	r := &storeReport{Up: a.store.Up(), Gateways: a.store.Nodes(), OnError: a.store.OnError()}
	if err := a.store.Problem(); err != nil {
		r.Problem = err.Error()
	}
	return r
}

// upstreams describes the addresses behind all proxies of the config. An address that
// one proxy holds for ill is ill, whatever the others think of it.
func (a *App) upstreams() []upstreamReport {
	list := []upstreamReport{}
	app, err := a.ctx.AppIfConfigured("http")
	if err != nil {
		return list
	}
	for _, server := range app.(*caddyhttp.App).Servers {
		proxies(server.Routes, func(h *reverseproxy.Handler) {
			for _, u := range h.Upstreams {
				at := slices.IndexFunc(list, func(r upstreamReport) bool { return r.Address == u.Dial })
				if at < 0 {
					at = len(list)
					list = append(list, upstreamReport{Address: u.Dial, Healthy: true, Checks: "none"})
				}
				list[at].add(h, u)
			}
		})
	}
	slices.SortFunc(list, func(x, y upstreamReport) int { return strings.Compare(x.Address, y.Address) })
	return list
}

func (r *upstreamReport) add(h *reverseproxy.Handler, u *reverseproxy.Upstream) {
	if u.Host != nil {
		r.Requests, r.Fails = u.Host.NumRequests(), u.Host.Fails()
		r.Healthy = r.Healthy && u.Healthy()
	}
	if h.HealthChecks == nil {
		return
	}
	kind := "none"
	switch active, passive := h.HealthChecks.Active != nil, h.HealthChecks.Passive != nil; {
	case active && passive:
		kind = "both"
	case active:
		kind = "active"
	case passive:
		kind = "passive"
	}
	if r.Checks == "none" {
		r.Checks = kind
	} else if kind != "none" && kind != r.Checks {
		r.Checks = "both"
	}
}
