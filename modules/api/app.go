package api

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/exchange"
	"gateway/internal/loads"
	"gateway/internal/redis"
	"gateway/modules/console"
	"gateway/modules/telemetry"
)

func init() {
	caddy.RegisterModule(App{})
}

// App is what all gateway handlers of one config share. It is there without being
// configured: the first handler that asks for it makes it.
type App struct {
	// Redis is the store that several gateways share. Default: none; limits, revoked
	// tokens and API keys are those of this process.
	Redis *Redis `json:"redis,omitempty"`

	// ServerTiming tells clients in the response field Server-Timing how long each step
	// took. Default: false, because it tells outsiders what stands behind the gateway.
	ServerTiming bool `json:"server_timing,omitempty"`

	// Console is the address of the page that shows what was refused and why, on the
	// loopback interface. Default: there is none.
	Console string `json:"console,omitempty"`

	ctx       caddy.Context
	telemetry *telemetry.Telemetry
	console   *console.Console // nil if there is none
	store     *redis.Store
	storeKey  storeKey
	apis      map[string]*API // the first of each name
}

// CaddyModule implements caddy.Module.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "gateway", New: func() caddy.Module { return new(App) }}
}

// Provision implements caddy.Provisioner.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx = ctx
	var err error
	if a.telemetry, err = telemetry.New(ctx); err != nil {
		return err
	}
	if a.Console != "" {
		if a.console, err = console.New(a.Console, a.sources()); err != nil {
			return err
		}
	}
	if a.Redis == nil {
		return nil
	}
	if err := redis.RegisterMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	a.store, a.storeKey, err = a.Redis.open()
	return err
}

// SharedStore implements redis.Provider.
func (a *App) SharedStore() *redis.Store { return a.store }

// Start implements caddy.App.
func (a *App) Start() error {
	loads.Process().Start(a)
	a.telemetry.Started(time.Now())
	if a.console != nil {
		return a.console.Start(a.ctx)
	}
	return nil
}

// Stop implements caddy.App.
func (a *App) Stop() error {
	loads.Process().Stop(a)
	if a.console != nil {
		return a.console.Stop()
	}
	return nil
}

// Cleanup implements caddy.CleanerUpper. Requests may still be recorded afterwards.
func (a *App) Cleanup() error {
	if a.telemetry != nil {
		a.telemetry.Close()
	}
	if a.console != nil {
		if err := a.console.Close(); err != nil {
			return err
		}
	}
	if a.store != nil {
		_, err := stores.Delete(a.storeKey)
		return err
	}
	return nil
}

// Begin implements exchange.Recorder.
func (a *App) Begin(x *exchange.Exchange, r *http.Request) {
	x.ServerTiming = a.ServerTiming
	a.telemetry.Begin(x)
	if a.console != nil {
		a.console.Begin(x, r)
	}
}

// Stream implements exchange.Recorder.
func (a *App) Stream(x *exchange.Exchange) {
	a.telemetry.Stream(x)
	if a.console != nil {
		a.console.Stream(x)
	}
}

// Record implements exchange.Recorder.
func (a *App) Record(x *exchange.Exchange, r *http.Request) {
	a.telemetry.Record(x, r)
	if a.console != nil {
		a.console.Record(x, r)
	}
}

// announce tells the console's listeners that the state has changed.
func (a *App) announce() {
	if a.console != nil {
		a.console.Announce()
	}
}

// Prepare resolves the metrics of a route, at load.
func (a *App) Prepare(route *exchange.Route) { a.telemetry.Prepare(route) }

// Release gives back what Prepare took, for a route that has left its contract.
func (a *App) Release(route *exchange.Route) { a.telemetry.Release(route) }

var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
	_ exchange.Recorder  = (*App)(nil)
	_ redis.Provider     = (*App)(nil)
)
