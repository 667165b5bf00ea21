package versioning

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/admin"
)

func init() { caddy.RegisterModule(adminVersions{}) }

// usages outlive reloads, by the name of the API.
var usages = caddy.NewUsagePool()

// pooledUsage is a usage in the pool.
type pooledUsage struct{ *usage }

// Destruct implements caddy.Destructor.
func (pooledUsage) Destruct() error { return nil }

// enter finds the usage that belongs to the handler.
func (h *Handler) enter() error {
	if h.scope == "" {
		h.scope = h.Source
	}
	value, _, err := usages.LoadOrNew(h.scope, func() (caddy.Destructor, error) {
		return pooledUsage{&usage{since: time.Now(), versions: make(map[string]*use)}}, nil
	})
	if err != nil {
		return err
	}
	h.usage, h.entered = value.(pooledUsage).usage, true
	return nil
}

// leave gives the usage back, once. Requests may still be inside, and note what nobody
// will read.
func (h *Handler) leave() error {
	if !h.entered {
		return nil
	}
	h.entered = false
	_, err := usages.Delete(h.scope)
	return err
}

// adminVersions shows who uses which version at the admin endpoint.
type adminVersions struct{}

// CaddyModule implements caddy.Module.
func (adminVersions) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.gateway_versions", New: func() caddy.Module { return new(adminVersions) }}
}

// Routes implements caddy.AdminRouter.
func (adminVersions) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{admin.Route(adminPath, listVersions)}
}

const adminPath = "/gateway/versions"

// topConsumers is how many consumers of a version are shown.
const topConsumers = 20

type reports struct {
	APIs []apiReport `json:"apis"`
}

func usageReports(now time.Time) reports {
	r := reports{APIs: []apiReport{}}
	usages.Range(func(key, value any) bool {
		r.APIs = append(r.APIs, value.(pooledUsage).report(key.(string), topConsumers, now))
		return true
	})
	slices.SortFunc(r.APIs, func(a, b apiReport) int { return strings.Compare(a.API, b.API) })
	return r
}

// Overview tells who uses which version of which API, in the form of the admin endpoint.
func Overview() any { return usageReports(time.Now()) }

func listVersions(w http.ResponseWriter, r *http.Request) error {
	if err := admin.Allow(w, r, http.MethodGet); err != nil {
		return err
	}
	return admin.Answer(w, usageReports(time.Now()))
}

var _ caddy.AdminRouter = adminVersions{}
