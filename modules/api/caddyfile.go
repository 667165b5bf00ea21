package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterDirective("api", parseAPI)
}

// parseAPI sets up an API from Caddyfile tokens. Syntax:
//
//	api [<matcher>] <name> {
//		contract   <file|folder|url> {
//			refresh <interval>
//		}
//		base       <path>
//		slo        [availability <percent>] [latency <duration> <percent>]
//		versioning ...
//		auth       ...
//		ratelimit  ...
//		validate   ...
//		docs
//		mock
//		change     ...
//		canary     ...
//		<any other directive>
//	}
//
// All api blocks of a site without a matcher are one handler: a request goes to the
// API that has its path.
func parseAPI(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	h.Next() // consume the directive's name
	matcher, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	h.Next()
	block := &blockParser{helper: h, api: &API{Source: source(h.Dispenser)}}
	if err := block.parse(); err != nil {
		return nil, err
	}
	if matcher != nil {
		return h.NewRoute(matcher, &Handler{APIs: []*API{block.api}}), nil
	}
	return join(h, block.api)
}

// site is what the api blocks of one site share while it is adapted.
type site struct {
	scope   reflect.Value
	handler Handler
	// raw is the one element of the route's handlers. Caddy encodes a directive's
	// handler when the directive is parsed, before it has seen the next one; later
	// blocks of the site therefore write themselves into the slice that the first
	// one returned.
	raw []json.RawMessage
}

// scopeOf returns what identifies the block that a directive stands in: a site, or a
// block within it such as handle. BlockState does not: directly inside sites Caddy
// 2.11 has one for all of them, and blocks within inherit it. Matchers, however, are
// kept in a map of its own for each block. Only which map it is matters here; the
// value keeps it from being collected, so that no other one takes its place.
func scopeOf(h httpcaddyfile.Helper) (reflect.Value, error) {
	scope := reflect.ValueOf(h).FieldByName("matcherDefs")
	if !scope.IsValid() || scope.Kind() != reflect.Map || scope.IsNil() {
		return scope, errors.New("api cannot tell sites apart with this version of Caddy")
	}
	return scope, nil
}

// join adds an API to the handler of its site and returns the route if it is the
// site's first.
func join(h httpcaddyfile.Helper, api *API) ([]httpcaddyfile.ConfigValue, error) {
	const key = "gateway.apis"
	scope, err := scopeOf(h)
	if err != nil {
		return nil, err
	}
	sites, _ := h.State[key].([]*site)
	for _, known := range sites {
		if known.scope.Pointer() != scope.Pointer() {
			continue
		}
		for _, other := range known.handler.APIs {
			if other.Name == api.Name {
				return nil, &finding.Error{
					Message: fmt.Sprintf("this site has an api %q already, at %s", api.Name, other.Source),
					At:      finding.ParseSource(api.Source), Word: api.Name,
					Hint: "give each api its own name",
				}
			}
		}
		known.handler.APIs = append(known.handler.APIs, api)
		known.raw[0] = encode(&known.handler, "api")
		return nil, nil
	}
	first := &site{scope: scope, handler: Handler{APIs: []*API{api}}}
	first.raw = []json.RawMessage{encode(&first.handler, "api")}
	h.State[key] = append(sites, first)
	return []httpcaddyfile.ConfigValue{{Class: "route", Value: caddyhttp.Route{HandlersRaw: first.raw}}}, nil
}

func encode(handler any, module string) json.RawMessage {
	return caddyconfig.JSONModuleObject(handler, "handler", module, nil)
}

func source(d *caddyfile.Dispenser) string {
	return d.File() + ":" + strconv.Itoa(d.Line())
}
