package ratelimit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2"
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
	lookPath   = limitsPath + "/look"
	resetPath  = limitsPath + "/reset"
)

// Routes implements caddy.AdminRouter.
func (adminLimits) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: limitsPath, Handler: caddy.AdminHandlerFunc(serveLimits)},
		{Pattern: lookPath, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			return serveSubject(w, r, func(*policy, *claim) error { return nil })
		})},
		{Pattern: resetPath, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			return serveSubject(w, r, (*policy).reset)
		})},
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
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return wrongMethod(w, r, "GET, HEAD")
	}
	reports := []limitReport{}
	for h, i := range livePolicies() {
		reports = append(reports, h.report(i))
	}
	slices.SortStableFunc(reports, func(a, b limitReport) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Source, b.Source))
	})
	return answerJSON(w, map[string]any{"limits": reports})
}

// serveSubject does something to one key, and tells its condition afterwards. Policies
// of one name may count by several keys: those that the values fit are meant.
func serveSubject(w http.ResponseWriter, r *http.Request, do func(*policy, *claim) error) error {
	if r.Method != http.MethodPost {
		return wrongMethod(w, r, http.MethodPost)
	}
	var s subject
	if err := readJSON(r, &s); err != nil {
		return err
	}
	found := []condition{}
	seen, misfit := map[any]bool{}, error(nil)
	for h, i := range livePolicies() {
		p := &h.policies[i]
		state := any(p.store)
		if p.flights != nil {
			state = p.flights
		}
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
			return refuseAdmin(http.StatusConflict, err.Error())
		}
		about, err := p.look(&c)
		if err != nil {
			return refuseAdmin(http.StatusServiceUnavailable, err.Error())
		}
		found = append(found, about)
	}
	switch {
	case len(found) > 0:
		return answerJSON(w, map[string]any{"keys": found})
	case misfit != nil:
		return refuseAdmin(http.StatusBadRequest, misfit.Error())
	}
	return refuseAdmin(http.StatusNotFound, fmt.Sprintf("no policy is called %q; GET %s lists them", s.Policy, limitsPath))
}

// readJSON reads the body of a request that means one key. A browser does not send JSON
// to another origin without asking first, and says where it comes from, so that no web
// page can do it behind its reader's back.
func readJSON(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuseAdmin(http.StatusUnsupportedMediaType, "the body has to be application/json")
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return refuseAdmin(http.StatusForbidden, "the request comes from another origin")
	}
	const most = 64 << 10
	data, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil || len(data) > most {
		return refuseAdmin(http.StatusRequestEntityTooLarge, "the body is larger than 64 KiB, or cannot be read")
	}
	if err := caddy.StrictUnmarshalJSON(data, into); err != nil {
		return refuseAdmin(http.StatusBadRequest, fmt.Sprintf("the body is not understood: %v", err))
	}
	return nil
}

func wrongMethod(w http.ResponseWriter, r *http.Request, allowed string) error {
	w.Header().Set("Allow", allowed)
	return refuseAdmin(http.StatusMethodNotAllowed, "the method "+r.Method+" is not allowed here")
}

func refuseAdmin(status int, text string) error {
	return caddy.APIError{HTTPStatus: status, Err: errors.New(text), Message: text}
}

func answerJSON(w http.ResponseWriter, value any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

var _ caddy.AdminRouter = adminLimits{}
