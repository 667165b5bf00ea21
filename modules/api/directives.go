package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"gateway/internal/finding"
)

// directiveReport is a handler of a site, with the matchers around it: what a request
// meets where there is no contract, or in front of one.
type directiveReport struct {
	// Listen are the addresses of the server, and Hosts the names of the site; any
	// without one.
	Listen []string `json:"listen"`
	Hosts  []string `json:"hosts"`
	// Matchers all have to match: those around the directive, and its own.
	Matchers  []string          `json:"matchers"`
	Directive string            `json:"directive"`
	APIs      []string          `json:"apis,omitempty"`
	Upstream  []string          `json:"upstream"`
	Source    *finding.Position `json:"source"`
}

// maxDirectives bounds the report.
const maxDirectives = 2000

// directives lists the handlers of all servers of the config, in their order.
func (a *App) directives() []directiveReport {
	w := walker{list: []directiveReport{}}
	app, err := a.ctx.AppIfConfigured("http")
	if err != nil {
		return w.list
	}
	servers := app.(*caddyhttp.App).Servers
	names := make([]string, 0, len(servers))
	for name := range servers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w.listen = servers[name].Listen
		w.routes(servers[name].Routes, nil, nil)
	}
	return w.list
}

// walker goes down the routes of servers.
type walker struct {
	listen []string
	list   []directiveReport
}

func (w *walker) routes(routes caddyhttp.RouteList, hosts, matchers []string) {
	for i := range routes {
		route := &routes[i]
		names, others := describe(route.MatcherSets)
		inner := hosts
		if len(names) > 0 {
			inner = names
		}
		all := slices.Concat(matchers, others)
		for _, handler := range route.Handlers {
			if sub, ok := handler.(*caddyhttp.Subroute); ok {
				w.routes(sub.Routes, inner, all)
				continue
			}
			w.add(handler, inner, all)
		}
	}
}

func (w *walker) add(handler caddyhttp.MiddlewareHandler, hosts, matchers []string) {
	module, ok := handler.(caddy.Module)
	if !ok || len(w.list) >= maxDirectives {
		return
	}
	r := directiveReport{
		Listen: w.listen, Hosts: append([]string{}, hosts...), Matchers: append([]string{}, matchers...),
		Directive: module.CaddyModule().ID.Name(), Upstream: []string{}, Source: sourceOf(handler),
	}
	switch h := handler.(type) {
	case *reverseproxy.Handler:
		r.Upstream = dials(h)
	case *Handler:
		for _, api := range h.APIs {
			r.APIs = append(r.APIs, api.Name)
		}
	}
	w.list = append(w.list, r)
}

// sourceOf returns where a directive of ours stands; nil for those of others, which do
// not know.
func sourceOf(handler any) *finding.Position {
	if h, ok := handler.(*Handler); ok && len(h.APIs) > 0 {
		at := finding.ParseSource(h.APIs[0].Source).Short()
		return &at
	}
	value := reflect.Indirect(reflect.ValueOf(handler))
	if value.Kind() != reflect.Struct {
		return nil
	}
	field := value.FieldByName("Source")
	if !field.IsValid() || field.Kind() != reflect.String || field.String() == "" {
		return nil
	}
	at := finding.ParseSource(field.String()).Short()
	return &at
}

// describe puts matchers into words: the hosts, and all others. Of several sets one has
// to match.
func describe(sets caddyhttp.MatcherSets) (hosts, matchers []string) {
	var alternatives []string
	for _, set := range sets {
		var words []string
		for _, matcher := range set {
			if names, ok := matcher.(caddyhttp.MatchHost); ok {
				hosts = append(hosts, names...)
				continue
			}
			words = append(words, wordsOf(matcher))
		}
		if len(words) > 0 {
			alternatives = append(alternatives, strings.Join(words, " and "))
		}
	}
	if len(alternatives) > 0 {
		matchers = []string{strings.Join(alternatives, " or ")}
	}
	return hosts, matchers
}

// wordsOf is a matcher as the Caddyfile has it, as far as that is known.
func wordsOf(matcher any) string {
	name := fmt.Sprintf("%T", matcher)
	if module, ok := matcher.(caddy.Module); ok {
		name = module.CaddyModule().ID.Name()
	}
	text, err := json.Marshal(matcher)
	if err != nil {
		return name
	}
	var list []string
	if json.Unmarshal(text, &list) == nil {
		return name + " " + strings.Join(list, " ")
	}
	return name + " " + string(text)
}

// proxies calls visit for every reverse_proxy below routes.
func proxies(routes caddyhttp.RouteList, visit func(*reverseproxy.Handler)) {
	for i := range routes {
		for _, handler := range routes[i].Handlers {
			switch h := handler.(type) {
			case *reverseproxy.Handler:
				visit(h)
			case *caddyhttp.Subroute:
				proxies(h.Routes, visit)
			case *Handler:
				for _, api := range h.APIs {
					proxies(api.Routes, visit)
				}
			}
		}
	}
}

// upstreams lists the addresses behind routes, once each.
func upstreams(routes caddyhttp.RouteList) []string {
	list := []string{}
	proxies(routes, func(h *reverseproxy.Handler) {
		for _, dial := range dials(h) {
			if !slices.Contains(list, dial) {
				list = append(list, dial)
			}
		}
	})
	return list
}

// dials lists the addresses of a proxy. Those that are found while it runs are not
// known.
func dials(h *reverseproxy.Handler) []string {
	list := []string{}
	for _, u := range h.Upstreams {
		list = append(list, u.Dial)
	}
	if h.DynamicUpstreams != nil {
		list = append(list, "dynamic")
	}
	return list
}
