package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/finding"
	"gateway/internal/loads"
	"gateway/internal/openapi"
	"gateway/modules/auth"
	"gateway/modules/console"
	"gateway/modules/ratelimit"
	"gateway/modules/versioning"
)

// sources are what the console asks for.
func (a *App) sources() console.Sources {
	return console.Sources{
		Contracts: func() any { return a.reports() },
		Routes:    a.routes,
		Config:    a.shown,
		Health:    a.depends,
		Limits:    ratelimit.Overview,
		Versions:  versioning.Overview,
		Addresses: a.addresses,
	}
}

// judged is a finding with what it means: an error keeps something from being served, a
// warning does not.
type judged struct {
	Severity string `json:"severity"`
	finding.Report
}

// inference is something that the configuration does not say and the gateway concluded.
type inference struct {
	API    string           `json:"api"`
	Text   string           `json:"text"`
	Source finding.Position `json:"source"`
}

// shown is the live configuration as the console shows it.
func (a *App) shown() any {
	state := loads.Process().Now()
	config, note := liveConfig(state)
	return map[string]any{
		"config": config, "note": note, "caddyfile": state.Live.File,
		"findings": a.judge(state), "inferred": a.inferences(),
	}
}

// liveConfig returns the live configuration, with secrets masked, or why it is not
// known. What came by a way that shows it to nobody is in Caddy's autosave file, unless
// that is switched off.
func liveConfig(state loads.State) (config json.RawMessage, note string) {
	raw := state.Live.Config
	if raw == nil {
		info, err := os.Stat(caddy.ConfigAutosavePath)
		if err != nil || info.ModTime().Before(state.LoadedAt.Add(-time.Second)) {
			return nil, "the live configuration was loaded by a way that does not show it here"
		}
		if raw, err = os.ReadFile(caddy.ConfigAutosavePath); err != nil {
			return nil, "the live configuration cannot be read: " + err.Error()
		}
	}
	masked, err := finding.MaskJSON(raw)
	if err != nil {
		return nil, "the live configuration cannot be read: " + err.Error()
	}
	return masked, ""
}

// judge lists everything there is to say about the configuration and its contracts.
func (a *App) judge(state loads.State) []judged {
	list := []judged{}
	add := func(severity string, found finding.List) {
		for _, report := range found.Reports() {
			list = append(list, judged{severity, report})
		}
	}
	if state.Failure != nil {
		add("error", state.Failure.Findings)
	}
	for _, c := range a.Contracts() {
		add("error", c.Findings)
	}
	add("warning", state.Live.Warnings)
	for _, api := range a.served() {
		if isAddress(api.Contract) {
			continue
		}
		for _, v := range api.serving().versions {
			if doubts, err := openapi.Lint(v.contract.File); err == nil { // else it is among the contracts' findings
				add("warning", doubts)
			}
		}
	}
	return list
}

// inferences lists what was concluded about the APIs of the config, by name.
func (a *App) inferences() []inference {
	list := []inference{}
	for _, api := range a.served() {
		list = append(list, api.inferences()...)
	}
	return list
}

// inferences says what the block leaves to conventions, and what they came to.
func (a *API) inferences() (list []inference) {
	at := finding.ParseSource(a.Source).Short()
	say := func(format string, args ...any) {
		list = append(list, inference{a.Name, fmt.Sprintf(format, args...), at})
	}
	if a.ContractSource == "" {
		say("the contract is at %s", finding.Position{File: a.Contract}.Short())
	}
	o := a.serving()
	for _, v := range o.versions {
		operations, demanding := len(v.contract.Operations), 0
		for _, op := range v.contract.Operations {
			if auth.Demanded(op) {
				demanding++
			}
		}
		say("%s is %s, with %d operations, %d of which demand credentials",
			v.label(a), finding.Position{File: v.contract.File}.Short(), operations, demanding)
		if a.Base == nil {
			for _, base := range v.contract.Bases {
				say("%s has the base path %s, from its servers", v.label(a), cmp.Or(base, "/"))
			}
		}
	}
	if o.versioning != nil && a.Versioning != nil && a.Versioning.Source == a.Source {
		say("the version is the first segment of the path")
	}
	if a.Validate.Source == a.Source {
		say("requests are validated, with the defaults of validate")
	}
	if len(upstreams(a.Routes)) > 0 {
		say("proxies keep up to %d idle connections to a service", idleUpstreamConns)
	}
	return list
}

// served returns the APIs of the config, by name.
func (a *App) served() (list []*API) {
	live.each(func(api *API) {
		if api.app == a {
			list = append(list, api)
		}
	})
	slices.SortFunc(list, func(x, y *API) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Source, y.Source)) })
	return list
}

// serving is what the API offers now.
func (a *API) serving() *offer {
	return a.site.now.Load().offers[slices.Index(a.site.APIs, a)]
}
