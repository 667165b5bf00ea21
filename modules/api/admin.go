package api

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/admin"
)

func init() { caddy.RegisterModule(adminContracts{}) }

// adminContracts shows at the admin endpoint what became of the contracts.
type adminContracts struct{}

// CaddyModule implements caddy.Module.
func (adminContracts) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.gateway_contracts", New: func() caddy.Module { return new(adminContracts) }}
}

// Routes implements caddy.AdminRouter.
func (adminContracts) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{admin.Route("/gateway/contracts", listContracts)}
}

// contractReport is what the admin endpoint says about one contract.
type contractReport struct {
	API     string `json:"api"`
	Version string `json:"version,omitempty"`
	File    string `json:"file"`
	// Healthy tells that the newest contract is the one that is served.
	Healthy   bool            `json:"healthy"`
	Served    *time.Time      `json:"served,omitempty"`
	Findings  []findingReport `json:"findings,omitempty"`
	Confirmed *time.Time      `json:"confirmed,omitempty"`
	Trouble   string          `json:"trouble,omitempty"`
}

// findingReport is a finding as the terminal shows it, and its place as data.
type findingReport struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Text    string `json:"text"`
}

func (c *ContractHealth) report() contractReport {
	r := contractReport{
		API: c.API, Version: c.Version, File: c.File, Healthy: len(c.Findings) == 0 && !c.Served.IsZero(),
		Served: instant(c.Served), Confirmed: instant(c.Confirmed), Trouble: c.Trouble,
	}
	for _, f := range c.Findings {
		r.Findings = append(r.Findings, findingReport{
			File: f.At.File, Line: f.At.Line, Column: f.At.Column, Message: f.Message, Hint: f.Hint, Text: f.Error(),
		})
	}
	return r
}

func reportsOf(all []ContractHealth) []contractReport {
	reports := make([]contractReport, len(all))
	for i := range all {
		reports[i] = all[i].report()
	}
	return reports
}

// reports describes the contracts of the config, for the console.
func (a *App) reports() []contractReport { return reportsOf(a.Contracts()) }

// instant returns a time for JSON, nil if it has not come yet.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func listContracts(w http.ResponseWriter, r *http.Request) error {
	if err := admin.Allow(w, r, http.MethodGet); err != nil {
		return err
	}
	return admin.Answer(w, map[string]any{"contracts": reportsOf(healths(func(*API) bool { return true }))})
}

var _ caddy.AdminRouter = adminContracts{}
