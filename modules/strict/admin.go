package strict

import (
	"mime"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

func init() { caddy.RegisterModule(admin{}) }

// admin stands before /load and /adapt of the admin API, so that a Caddyfile that is
// posted there is read strictly, too. Patterns with a method win over Caddy's own,
// which have none.
type admin struct{}

// CaddyModule implements caddy.Module.
func (admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.strict", New: func() caddy.Module { return new(admin) }}
}

// Routes implements caddy.AdminRouter.
func (admin) Routes() []caddy.AdminRoute {
	info, err := caddy.GetModule("admin.api.load")
	if err != nil {
		return nil
	}
	var routes []caddy.AdminRoute
	for _, route := range info.New().(caddy.AdminRouter).Routes() {
		routes = append(routes, caddy.AdminRoute{
			Pattern: http.MethodPost + " " + route.Pattern,
			Handler: strictly(route.Handler),
		})
	}
	return routes
}

// strictly names this adapter in the media type where Caddy's own stands; Caddy
// finds the adapter by the subtype.
func strictly(next caddy.AdminHandler) caddy.AdminHandler {
	return caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if kind, subtype, ok := strings.Cut(mediaType, "/"); err == nil && ok && subtype == stockName {
			r.Header.Set("Content-Type", kind+"/"+adapterName)
		}
		return next.ServeHTTP(w, r)
	})
}

var _ caddy.AdminRouter = admin{}
