package api

import (
	"cmp"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// routeReport is one operation as the gateway serves it.
type routeReport struct {
	Method     string           `json:"method"`
	Template   string           `json:"template"`
	Operation  string           `json:"operation"`
	API        string           `json:"api"`
	Version    string           `json:"version"`
	Auth       string           `json:"auth"`
	Scopes     []string         `json:"scopes"`
	Limits     []limitReport    `json:"limits"`
	Schema     schemaReport     `json:"schema"`
	Upstream   []string         `json:"upstream"`
	Deprecated bool             `json:"deprecated"`
	Sunset     *time.Time       `json:"sunset,omitempty"`
	Source     finding.Position `json:"source"`
}

// schemaReport is what the contract says about an operation: the media types of its
// body, its parameters as "query limit", and the statuses of its responses.
type schemaReport struct {
	Body       []string `json:"body"`
	Parameters []string `json:"parameters"`
	Responses  []string `json:"responses"`
	// Mode is that of the validation: enforce, report or off.
	Mode exchange.Mode `json:"mode"`
}

// limitReport is a policy that limits an operation. Some tells that it has a matcher, and
// is not for all requests.
type limitReport struct {
	Policy string        `json:"policy"`
	Quota  string        `json:"quota"`
	Key    []string      `json:"key"`
	Mode   exchange.Mode `json:"mode"`
	Some   bool          `json:"some,omitempty"`
}

// routes lists the operations of all APIs of the config, by API, version and place in
// the contract, and the directives that stand beside them.
func (a *App) routes() any {
	list := []routeReport{}
	for _, api := range a.served() {
		list = append(list, api.routes()...)
	}
	return map[string]any{"routes": list, "directives": a.directives()}
}

// routes describes the operations that the API serves now.
func (a *API) routes() []routeReport {
	var list []routeReport
	o := a.serving()
	upstream := upstreams(a.Routes)
	limits := []limitReport{}
	for _, handler := range a.RateLimits {
		handler.EachLimit(func(name, quota string, key []string, mode exchange.Mode, some bool) {
			limits = append(limits, limitReport{name, quota, key, mode, some})
		})
	}
	for _, v := range o.versions {
		deprecated, sunset := o.life(v)
		operations := make(map[openapi.Position]*openapi.Operation, len(v.contract.Operations))
		for _, op := range v.contract.Operations {
			operations[op.Source] = op
		}
		for _, e := range v.entries {
			op := operations[e.Source]
			if op == nil {
				continue
			}
			r := routeReport{
				Method: e.Method, Template: e.Template, Operation: op.ID, API: a.Name, Version: v.name, Auth: "none",
				Scopes: []string{}, Limits: limits, Schema: schemaOf(op), Upstream: upstream,
				Deprecated: op.Deprecated || deprecated, Sunset: sunset, Source: finding.Position(op.Source).Short(),
			}
			r.Schema.Mode = cmp.Or(a.Validate.Mode, exchange.ModeEnforce)
			if a.Auth != nil {
				r.Auth, r.Scopes = a.Auth.Demand(e.Value.Prepared[exchange.Auth])
			}
			list = append(list, r)
		}
	}
	return list
}

// life tells whether a version is deprecated by now, and when it is switched off.
func (o *offer) life(v *version) (deprecated bool, sunset *time.Time) {
	if o.versioning == nil {
		return false, nil
	}
	since, until := o.versioning.Dates(v.name)
	return !since.IsZero() && !since.After(time.Now()), instant(until)
}

func schemaOf(op *openapi.Operation) schemaReport {
	s := schemaReport{Body: []string{}, Parameters: []string{}, Responses: op.Statuses()}
	if s.Responses == nil {
		s.Responses = []string{}
	}
	if op.Body != nil {
		for _, media := range op.Body.Content {
			s.Body = append(s.Body, media.Type)
		}
	}
	for _, p := range op.Parameters {
		text := p.In + " " + p.Name
		if p.Required {
			text += " (required)"
		}
		s.Parameters = append(s.Parameters, text)
	}
	return s
}
