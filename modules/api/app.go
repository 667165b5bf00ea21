// Package api is the block that ties the policies to a contract, and the app that
// all gateway handlers share.
package api

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/exchange"
)

func init() {
	caddy.RegisterModule(App{})
}

// App is what all gateway handlers of one config share. It is there without being
// configured: the first handler that asks for it makes it.
type App struct {
}

// CaddyModule implements caddy.Module.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "gateway", New: func() caddy.Module { return new(App) }}
}

// Provision implements caddy.Provisioner.
func (a *App) Provision(ctx caddy.Context) error {
	return nil
}

// Start implements caddy.App.
func (a *App) Start() error { return nil }

// Stop implements caddy.App.
func (a *App) Stop() error { return nil }

// Begin implements exchange.Recorder.
func (a *App) Begin(x *exchange.Exchange) {}

// Record implements exchange.Recorder.
func (a *App) Record(x *exchange.Exchange, r *http.Request) {}

var (
	_ caddy.App         = (*App)(nil)
	_ caddy.Provisioner = (*App)(nil)
	_ exchange.Recorder = (*App)(nil)
)
