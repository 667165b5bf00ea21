package api

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/exchange"
	"gateway/modules/telemetry"
)

func init() {
	caddy.RegisterModule(App{})
}

// App is what all gateway handlers of one config share. It is there without being
// configured: the first handler that asks for it makes it.
type App struct {
	telemetry *telemetry.Telemetry
}

// CaddyModule implements caddy.Module.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "gateway", New: func() caddy.Module { return new(App) }}
}

// Provision implements caddy.Provisioner.
func (a *App) Provision(ctx caddy.Context) error {
	var err error
	a.telemetry, err = telemetry.New(ctx)
	return err
}

// Start implements caddy.App.
func (a *App) Start() error {
	a.telemetry.Started(time.Now())
	return nil
}

// Stop implements caddy.App.
func (a *App) Stop() error { return nil }

// Cleanup implements caddy.CleanerUpper. Requests may still be recorded afterwards.
func (a *App) Cleanup() error {
	if a.telemetry != nil {
		a.telemetry.Close()
	}
	return nil
}

// Begin implements exchange.Recorder.
func (a *App) Begin(x *exchange.Exchange) { a.telemetry.Begin(x) }

// Record implements exchange.Recorder.
func (a *App) Record(x *exchange.Exchange, r *http.Request) { a.telemetry.Record(x, r) }

// Prepare resolves the metrics of a route, at load.
func (a *App) Prepare(route *exchange.Route) { a.telemetry.Prepare(route) }

var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
	_ exchange.Recorder  = (*App)(nil)
)
