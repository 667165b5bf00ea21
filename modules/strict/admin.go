package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	gatewayadmin "gateway/internal/admin"
	"gateway/internal/finding"
	"gateway/internal/loads"
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
	routes := []caddy.AdminRoute{
		gatewayadmin.Route(statePath, showLoads),
		gatewayadmin.Route(failedPath, takeFailure),
	}
	info, err := caddy.GetModule("admin.api.load")
	if err != nil {
		return routes
	}
	for _, route := range info.New().(caddy.AdminRouter).Routes() {
		handler := strictly(route.Handler)
		if route.Pattern == "/load" {
			handler = noted(handler)
		}
		routes = append(routes, caddy.AdminRoute{Pattern: http.MethodPost + " " + route.Pattern, Handler: handler})
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

// noted notes what becomes of a load, for the console. A Caddyfile is proposed by the
// adapter, once it is JSON; JSON is proposed here.
func noted(next caddy.AdminHandler) caddy.AdminHandler {
	return caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		book := loads.Process()
		return book.Do(func() error {
			mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
			if mediaType != "" && !strings.HasSuffix(mediaType, "/json") {
				return next.ServeHTTP(w, r)
			}
			config, err := io.ReadAll(r.Body)
			if err != nil {
				return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf("reading request body: %v", err)}
			}
			r.Body = io.NopCloser(bytes.NewReader(config))
			book.Propose(loads.Candidate{File: r.Header.Get("Caddy-Config-Source-File"), Config: config})
			return next.ServeHTTP(w, r)
		})
	})
}

// The routes about loads.
const (
	statePath  = "/gateway/load"
	failedPath = "/gateway/load/failed"
)

// loadReport is what the admin endpoint says of the loads of this process.
type loadReport struct {
	Generation int          `json:"generation"`
	LoadedAt   *time.Time   `json:"loaded_at,omitempty"`
	File       string       `json:"file,omitempty"`
	Error      *loadFailure `json:"error,omitempty"`
}

type loadFailure struct {
	At       time.Time        `json:"at"`
	Findings []finding.Report `json:"findings"`
}

func showLoads(w http.ResponseWriter, r *http.Request) error {
	if err := gatewayadmin.Allow(w, r, http.MethodGet); err != nil {
		return err
	}
	state := loads.Process().Now()
	report := loadReport{Generation: state.Generation, File: state.Live.File}
	if !state.LoadedAt.IsZero() {
		at := state.LoadedAt.UTC()
		report.LoadedAt = &at
	}
	if f := state.Failure; f != nil {
		report.Error = &loadFailure{At: f.At.UTC(), Findings: f.Findings.Reports()}
	}
	return gatewayadmin.Answer(w, report)
}

// failedLoad is what a reload says that came to nothing before the gateway heard of it.
type failedLoad struct {
	Error string `json:"error"`
}

func takeFailure(w http.ResponseWriter, r *http.Request) error {
	if err := gatewayadmin.Allow(w, r, http.MethodPost); err != nil {
		return err
	}
	var failed failedLoad
	if err := gatewayadmin.ReadJSON(r, &failed); err != nil {
		return err
	}
	if failed.Error == "" {
		return gatewayadmin.Refuse(http.StatusBadRequest, `the body is {"error": "<what is wrong>"}`)
	}
	loads.Process().Fail(errors.New(failed.Error))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

var _ caddy.AdminRouter = admin{}
