// Package console is the page for the people who run a gateway: what it answered, what
// it refused and why, which answers of services break their contract, and which contracts cannot be
// served as they are written.
//
//	console.go  the listener and what it serves
//	requests.go the last requests, good ones too
//	events.go   the same as they happen
//	metrics.go  the last hour in numbers
//	state.go    the process, its configuration and what it depends on
//	guard.go    who may look
//	page/       the page itself: no build step, no foreign request
package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/exchange"
	"gateway/internal/history"
	"gateway/internal/recording"
)

// defaultPort is the port of a console whose address names none.
const defaultPort = 2021

// Console serves the page on a loopback address.
type Console struct {
	address   caddy.NetworkAddress
	text      string
	sources   Sources
	recording *recording.Recording
	stopping  chan struct{} // closed when the console stops
	stop      sync.Once
	history   *history.History
	server    *http.Server
}

// Check tells what is wrong with the address of a console, such as "127.0.0.1:2021". It
// has to be on the loopback interface: the page shows what is behind the gateway.
func Check(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (caddy.NetworkAddress, error) {
	parsed, err := caddy.ParseNetworkAddressWithDefaults(address, "tcp", defaultPort)
	if err != nil {
		return parsed, fmt.Errorf("the console's address %q is not understood: %w", address, err)
	}
	if parsed.Network != "tcp" || parsed.PortRangeSize() != 1 || !loopback(parsed.Host) {
		return parsed, fmt.Errorf("the console's address %q is not a port on the loopback interface", address)
	}
	return parsed, nil
}

// New returns the console of an address.
func New(address string, sources Sources) (*Console, error) {
	parsed, err := parse(address)
	if err != nil {
		return nil, err
	}
	c := &Console{address: parsed, text: parsed.JoinHostPort(0), sources: sources, stopping: make(chan struct{})}
	if c.recording, err = enter(c.text); err != nil {
		return nil, err
	}
	if c.history, err = enterHistory(c.text); err != nil {
		return nil, errors.Join(err, leave(c.text))
	}
	return c, nil
}

// recordings outlive reloads, by the address of the console.
var recordings = caddy.NewUsagePool()

// recorded is a recording in the pool.
type recorded struct{ *recording.Recording }

// Destruct implements caddy.Destructor.
func (r recorded) Destruct() error {
	r.Close()
	return nil
}

func enter(address string) (*recording.Recording, error) {
	value, _, err := recordings.LoadOrNew(address, func() (caddy.Destructor, error) { return recorded{recording.New()}, nil })
	if err != nil {
		return nil, err
	}
	return value.(recorded).Recording, nil
}

func leave(address string) error {
	_, err := recordings.Delete(address)
	return err
}

// version is that of this binary.
func version() string {
	text, _ := caddy.Version()
	return text
}

// Start begins to listen. The context is that of the configuration.
func (c *Console) Start(ctx context.Context) error {
	// A reload listens to the address before the config of before has let go of it.
	listening, err := c.address.Listen(ctx, 0, net.ListenConfig{})
	if err != nil {
		return fmt.Errorf("the console cannot listen on %s: %w", c.text, err)
	}
	c.server = &http.Server{
		Handler:     guard(c.handler()),
		ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	go c.serve(listening.(net.Listener))
	go c.announceLoads()
	caddy.Log().Named("gateway.console").Info("the console is at http://" + c.text + "/")
	return nil
}

func (c *Console) serve(listener net.Listener) {
	if err := c.server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		caddy.Log().Named("gateway.console").Error("the console has stopped: " + err.Error())
	}
}

// Stop ends the console. Looks that are under way end with it.
func (c *Console) Stop() error {
	if c.server == nil {
		return nil
	}
	c.stop.Do(func() { close(c.stopping) })
	return c.server.Close()
}

// Close gives back what outlives a reload.
func (c *Console) Close() error { return errors.Join(leave(c.text), leaveHistory(c.text)) }

// Begin notes that a request has come, and watches it from then on.
func (c *Console) Begin(x *exchange.Exchange, r *http.Request) {
	c.history.Begin()
	c.recording.Begin(x, r)
}

// Stream notes that an answer has become a stream.
func (c *Console) Stream(x *exchange.Exchange) {
	c.history.Stream()
	c.recording.Stream(x)
}

// Record remembers a request that is over. Begin has to have been called for it.
func (c *Console) Record(x *exchange.Exchange, r *http.Request) {
	c.history.Record(x)
	c.recording.Record(x, r)
}

func (c *Console) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", servePage)
	mux.HandleFunc("GET /api/state", c.serveState)
	mux.HandleFunc("GET /api/requests", c.serveRequests)
	mux.HandleFunc("GET /api/requests/{id}", c.serveRequest)
	mux.HandleFunc("GET /api/events", c.serveEvents)
	c.describe(mux)
	mux.HandleFunc("POST /api/requests/{id}/replay", c.serveReplay)
	mux.HandleFunc("GET /api/requests/{id}/har", c.serveHAR)
	mux.HandleFunc("GET /api/har", c.serveHARs)
	mux.HandleFunc("GET /api/metrics", c.serveMetrics)
	mux.HandleFunc("GET /api/reasons", serveReasons)
	return mux
}
