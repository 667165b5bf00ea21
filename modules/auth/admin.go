package auth

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/admin"
)

func init() { caddy.RegisterModule(adminKeys{}) }

// adminKeys shows the keys of all issuers at the admin endpoint, and fetches those of
// one on demand. It reads the pool: an admin module does not live as long as a
// configuration does.
type adminKeys struct{}

// CaddyModule implements caddy.Module.
func (adminKeys) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.gateway_keys", New: func() caddy.Module { return new(adminKeys) }}
}

// Routes implements caddy.AdminRouter.
func (adminKeys) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		admin.Route("/gateway/keys", listKeys),
		admin.Route("/gateway/keys/refresh", refreshKeys),
	}
}

// keyReport is what the admin endpoint says about one source of keys.
type keyReport struct {
	Keys        string     `json:"keys"`   // what names the source
	Source      string     `json:"source"` // remote or file
	Usable      int        `json:"usable"`
	IDs         []string   `json:"ids"`
	Warnings    []string   `json:"warnings,omitempty"`
	Fetched     *time.Time `json:"fetched,omitempty"`
	AgeSeconds  int64      `json:"age_seconds,omitempty"`
	Next        *time.Time `json:"next,omitempty"`
	Stale       bool       `json:"stale"`
	Fetches     uint64     `json:"fetches,omitempty"`
	Failures    uint64     `json:"failures,omitempty"`
	LastFailure string     `json:"last_failure,omitempty"` // of the last fetch, if it failed
}

// describe fills in what is known about a set.
func (k *keyReport) describe(state *keyState) {
	k.IDs = []string{}
	if state == nil {
		return
	}
	k.Usable, k.Warnings = state.set.size(), state.set.warnings
	for id := range state.set.named {
		k.IDs = append(k.IDs, id)
	}
	slices.Sort(k.IDs)
}

func (p *pooledRemote) report(now time.Time) keyReport {
	k := keyReport{
		Keys: p.issuer, Source: "remote", Stale: p.isStale(now), LastFailure: p.trouble(),
		Fetches: p.stats.fetches.Load(), Failures: p.stats.failures.Load(),
	}
	k.describe(p.current(now))
	if state := p.state.Load(); state != nil {
		at := state.at.UTC()
		k.Fetched, k.AgeSeconds = &at, int64(now.Sub(state.at)/time.Second)
	}
	p.mu.Lock()
	due := p.due.UTC()
	p.mu.Unlock()
	if due.After(now) {
		k.Next = &due
	}
	return k
}

// keyReports describes all sources of the process, by name.
func keyReports(now time.Time) []keyReport {
	list := []keyReport{}
	sources.Range(func(_, value any) bool {
		switch source := value.(type) {
		case *pooledRemote:
			list = append(list, source.report(now))
		case *watchedFile:
			k := keyReport{Keys: source.name, Source: "file"}
			k.describe(source.current(now))
			list = append(list, k)
		}
		return true
	})
	slices.SortStableFunc(list, func(a, b keyReport) int { return cmp.Compare(a.Keys, b.Keys) })
	return list
}

func listKeys(w http.ResponseWriter, r *http.Request) error {
	if err := admin.Allow(w, r, http.MethodGet); err != nil {
		return err
	}
	return admin.Answer(w, map[string]any{"keys": keyReports(time.Now())})
}

// adminPatience bounds how long a refresh is waited for.
const adminPatience = 15 * time.Second

func refreshKeys(w http.ResponseWriter, r *http.Request) error {
	if err := admin.Allow(w, r, http.MethodPost); err != nil {
		return err
	}
	var wanted struct {
		Keys string `json:"keys"`
	}
	if err := readJSON(r, &wanted); err != nil {
		return err
	}
	var found []*pooledRemote
	sources.Range(func(_, value any) bool {
		if p, ok := value.(*pooledRemote); ok && p.issuer == wanted.Keys {
			found = append(found, p)
		}
		return true
	})
	if len(found) == 0 {
		return admin.Refuse(http.StatusNotFound, `no keys of that name are fetched; GET /gateway/keys lists them. The body is {"keys": "<name>"}`)
	}
	ctx, cancel := context.WithTimeout(r.Context(), adminPatience)
	defer cancel()
	reports := make([]keyReport, len(found))
	for i, p := range found {
		p.refresh(ctx)
		if reports[i] = p.report(time.Now()); reports[i].LastFailure != "" {
			return admin.Refuse(http.StatusBadGateway, "the keys cannot be fetched: "+reports[i].LastFailure)
		}
	}
	return admin.Answer(w, map[string]any{"keys": reports})
}

// readJSON reads the body of a request. Names that stand twice, and what comes behind,
// are refused, too: who is revoked should not depend on the reader.
func readJSON(r *http.Request, into any) error {
	data, err := admin.ReadBody(r)
	if err != nil {
		return err
	}
	if _, ok := decodeObject(string(data)); !ok {
		return admin.Refuse(http.StatusBadRequest, "the body is not one strict JSON object")
	}
	return admin.Decode(data, into)
}

var _ caddy.AdminRouter = adminKeys{}
