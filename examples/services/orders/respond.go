package orders

import (
	"encoding/json"
	"errors"
	"net/http"
)

// answer sends an order, or what is wrong with it.
func answer(w http.ResponseWriter, r *http.Request, status int, order Order, err error) {
	switch {
	case err == nil:
		respond(w, status, order.wire(r))
	case errors.Is(err, errUnknown):
		refuse(w, http.StatusNotFound, err.Error())
	case errors.Is(err, errFinal):
		refuse(w, http.StatusConflict, err.Error())
	default:
		refuse(w, http.StatusInsufficientStorage, err.Error())
	}
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is out; a client that has gone away is nobody's fault.
	_ = json.NewEncoder(w).Encode(body)
}

// refuse sends a problem document (RFC 9457), as the gateway does.
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}
