package ratelimit

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/admin"
)

func init() { caddy.RegisterModule(adminLimits{}) }

// adminLimits shows the policies at the admin endpoint, and looks at or resets one key.
type adminLimits struct{}

// CaddyModule implements caddy.Module.
func (adminLimits) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.gateway_limits", New: func() caddy.Module { return new(adminLimits) }}
}

// The routes of the admin endpoint.
const (
	limitsPath = "/gateway/limits"
	topPath    = limitsPath + "/top"
	lookPath   = limitsPath + "/look"
	resetPath  = limitsPath + "/reset"
)

// Routes implements caddy.AdminRouter.
func (adminLimits) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		admin.Route(limitsPath, serveLimits),
		admin.Route(topPath, func(w http.ResponseWriter, r *http.Request) error {
			if err := admin.Allow(w, r, http.MethodGet); err != nil {
				return err
			}
			return admin.Answer(w, Overview())
		}),
		admin.Route(lookPath, func(w http.ResponseWriter, r *http.Request) error {
			return serveSubject(w, r, func(*policy, *claim) error { return nil })
		}),
		admin.Route(resetPath, func(w http.ResponseWriter, r *http.Request) error {
			return serveSubject(w, r, (*policy).reset)
		}),
	}
}

// live are the handlers of the configurations that are in use. Around a reload there
// may be two of them.
var live sync.Map

// livePolicies yields the policies as they stand in configurations.
func livePolicies() func(yield func(*Handler, int) bool) {
	return func(yield func(*Handler, int) bool) {
		live.Range(func(key, _ any) bool {
			h := key.(*Handler)
			for i := range h.policies {
				if !yield(h, i) {
					return false
				}
			}
			return true
		})
	}
}

func serveLimits(w http.ResponseWriter, r *http.Request) error {
	if err := admin.Allow(w, r, http.MethodGet); err != nil {
		return err
	}
	reports := []limitReport{}
	for h, i := range livePolicies() {
		reports = append(reports, h.report(i))
	}
	slices.SortStableFunc(reports, func(a, b limitReport) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Source, b.Source))
	})
	return admin.Answer(w, map[string]any{"limits": reports})
}

// serveSubject does something to one key, and tells its condition afterwards. Policies
// of one name may count by several keys: those that the values fit are meant.
func serveSubject(w http.ResponseWriter, r *http.Request, do func(*policy, *claim) error) error {
	if err := admin.Allow(w, r, http.MethodPost); err != nil {
		return err
	}
	var s subject
	if err := admin.ReadJSON(r, &s); err != nil {
		return err
	}
	found := []condition{}
	seen, misfit := map[any]bool{}, error(nil)
	for h, i := range livePolicies() {
		p := &h.policies[i]
		state := p.state()
		if p.name != s.Policy || seen[state] {
			continue
		}
		c, err := p.claimOf(s)
		if err != nil {
			misfit = err
			continue
		}
		seen[state] = true
		if err := do(p, &c); err != nil {
			return admin.Refuse(http.StatusConflict, err.Error())
		}
		about, err := p.look(&c)
		if err != nil {
			return admin.Refuse(http.StatusServiceUnavailable, err.Error())
		}
		found = append(found, about)
	}
	switch {
	case len(found) > 0:
		return admin.Answer(w, map[string]any{"keys": found})
	case misfit != nil:
		return admin.Refuse(http.StatusBadRequest, misfit.Error())
	}
	return admin.Refuse(http.StatusNotFound, fmt.Sprintf("no policy is called %q; GET %s lists them", s.Policy, limitsPath))
}

var _ caddy.AdminRouter = adminLimits{}
