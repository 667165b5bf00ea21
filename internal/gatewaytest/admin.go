package gatewaytest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// Admin serves one request to the routes of an admin module, such as
// "admin.api.gateway_limits", and returns the status and the body: that of the error, if a
// route returns one. Header pairs follow the body.
func Admin(t testing.TB, module, method, target, body string, header ...string) (status int, answer string) {
	t.Helper()
	info, err := caddy.GetModule(module)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, route := range info.New().(caddy.AdminRouter).Routes() {
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := route.Handler.ServeHTTP(w, r); err != nil {
				status := http.StatusInternalServerError
				if known, ok := errors.AsType[caddy.APIError](err); ok {
					status = known.HTTPStatus
				}
				http.Error(w, err.Error(), status)
			}
		})
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
