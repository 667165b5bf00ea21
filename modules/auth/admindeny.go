package auth

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/admin"
)

func init() { caddy.RegisterModule(adminRevocations{}) }

// adminRevocations shows and changes the deny lists of this process and of all gateways
// at the admin endpoint.
type adminRevocations struct{}

// CaddyModule implements caddy.Module.
func (adminRevocations) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.gateway_revocations", New: func() caddy.Module { return new(adminRevocations) }}
}

// Routes implements caddy.AdminRouter.
func (adminRevocations) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{admin.Route("/gateway/revocations", serveRevocations)}
}

func serveRevocations(w http.ResponseWriter, r *http.Request) error {
	if err := admin.Allow(w, r, http.MethodGet, http.MethodPost, http.MethodDelete); err != nil {
		return err
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return listRevocations(w)
	}
	var entry Revocation
	if err := readJSON(r, &entry); err != nil {
		return err
	}
	if r.Method == http.MethodDelete {
		found, err := Reinstate(entry)
		if !found {
			return admin.Refuse(http.StatusNotFound, "there is no such entry; GET lists them, and those of files are changed there")
		}
		return answerChange(w, "reinstated", entry, err)
	}
	switch err := Revoke(entry); {
	case err == nil || errors.Is(err, errNotShared):
		return answerChange(w, "revoked", entry, err)
	case errors.Is(err, errDenyListFull):
		return admin.Refuse(http.StatusInsufficientStorage, err.Error())
	default:
		return admin.Refuse(http.StatusBadRequest, err.Error())
	}
}

// answerChange tells what was done. A change that is not shared yet is accepted (202,
// RFC 9110 §15.3.3): it is in force here and will be elsewhere.
func answerChange(w http.ResponseWriter, done string, entry Revocation, notShared error) error {
	answer := map[string]any{done: entry}
	if lists := sharedLists(); len(lists) > 0 {
		answer["shared"] = notShared == nil
	}
	if notShared == nil {
		return admin.Answer(w, answer)
	}
	answer["warning"] = notShared.Error()
	return admin.AnswerWith(w, http.StatusAccepted, answer)
}

// storeReport is what the admin endpoint says about the shared list.
type storeReport struct {
	InStep     bool       `json:"in_step"`
	LastInStep *time.Time `json:"last_in_step,omitempty"`
	Unshared   int        `json:"unshared"`
	Trouble    string     `json:"trouble,omitempty"`
}

func listRevocations(w http.ResponseWriter) error {
	answer := map[string]any{"revocations": Revocations()}
	if lists := sharedLists(); len(lists) > 0 {
		answer["store"] = lists[len(lists)-1].report()
	}
	return admin.Answer(w, answer)
}

func (s *sharedDeny) report() storeReport {
	r := storeReport{InStep: true, Unshared: s.unshared()}
	if at := s.synced.Load(); at != 0 {
		last := time.Unix(0, at).UTC()
		r.LastInStep = &last
	}
	if err := s.trouble(); err != nil || r.LastInStep == nil {
		r.InStep = false
		if r.Trouble = "it was not read yet"; err != nil {
			r.Trouble = err.Error()
		}
	}
	return r
}

var _ caddy.AdminRouter = adminRevocations{}
