package auth

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

func init() { caddy.RegisterModule(adminRevocations{}) }

// adminRevocations shows and changes the deny list of this process at the admin
// endpoint.
type adminRevocations struct{}

// CaddyModule implements caddy.Module.
func (adminRevocations) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.gateway_revocations", New: func() caddy.Module { return new(adminRevocations) }}
}

// Routes implements caddy.AdminRouter.
func (adminRevocations) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{{Pattern: "/gateway/revocations", Handler: caddy.AdminHandlerFunc(serveRevocations)}}
}

func serveRevocations(w http.ResponseWriter, r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return answerJSON(w, map[string]any{"revocations": Revocations()})
	case http.MethodPost, http.MethodDelete:
	default:
		return wrongMethod(w, r, "GET, HEAD, POST, DELETE")
	}
	var entry Revocation
	if err := readJSON(r, &entry); err != nil {
		return err
	}
	if r.Method == http.MethodDelete {
		if !Reinstate(entry) {
			return refuseAdmin(http.StatusNotFound, "there is no such entry; GET lists them, and those of files are changed there")
		}
		return answerJSON(w, map[string]any{"reinstated": entry})
	}
	if err := Revoke(entry); errors.Is(err, errDenyListFull) {
		return refuseAdmin(http.StatusInsufficientStorage, err.Error())
	} else if err != nil {
		return refuseAdmin(http.StatusBadRequest, err.Error())
	}
	return answerJSON(w, map[string]any{"revoked": entry})
}

var _ caddy.AdminRouter = adminRevocations{}
