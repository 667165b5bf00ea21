package api

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// maxAddresses bounds the URLs that are listed.
const maxAddresses = 20

// addresses lists URLs under which the sites of the config can be reached from this
// machine: by their names, or by localhost where they have none.
func (a *App) addresses() []string {
	list := []string{}
	app, err := a.ctx.AppIfConfigured("http")
	if err != nil {
		return list
	}
	servers := app.(*caddyhttp.App).Servers
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		for _, listen := range servers[name].Listen {
			for _, url := range urls(servers[name], listen) {
				if !slices.Contains(list, url) && len(list) < maxAddresses {
					list = append(list, url)
				}
			}
		}
	}
	return list
}

// urls lists the URLs of one listener.
func urls(server *caddyhttp.Server, listen string) (list []string) {
	address, err := caddy.ParseNetworkAddress(listen)
	if err != nil || address.IsUnixNetwork() || address.IsFdNetwork() {
		return nil
	}
	scheme, port := "http", int(address.StartPort)
	if len(server.TLSConnPolicies) > 0 {
		scheme = "https"
	}
	suffix := ":" + strconv.Itoa(port)
	if scheme == "http" && port == caddyhttp.DefaultHTTPPort || scheme == "https" && port == caddyhttp.DefaultHTTPSPort {
		suffix = ""
	}
	for _, host := range hostsOf(server.Routes, address.Host) {
		list = append(list, scheme+"://"+host+suffix)
	}
	return list
}

// hostsOf lists the names of the sites of a server. A site without a name is reached by
// the address that the server listens on.
func hostsOf(routes caddyhttp.RouteList, listen string) (list []string) {
	nameless := len(routes) == 0
	for i := range routes {
		hosts, _ := describe(routes[i].MatcherSets)
		nameless = nameless || len(hosts) == 0
		for _, host := range hosts {
			if !strings.ContainsAny(host, "*{") && !slices.Contains(list, host) {
				list = append(list, host)
			}
		}
	}
	if nameless {
		host := listen
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "localhost"
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		list = append(list, host)
	}
	return list
}
