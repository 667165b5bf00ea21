// Package console is the page for the people who run a gateway: what it refused and
// why, which answers of services break their contract, and which contracts cannot be
// served as they are written.
//
//	console.go  the listener and what it serves
//	ring.go     the last requests that did not go well
//	metrics.go  the last hour in numbers
//	guard.go    who may look
//	page/       the page itself: no build step, no foreign request
package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/admin"
	"gateway/internal/exchange"
	"gateway/internal/history"
)

// defaultPort is the port of a console whose address names none.
const defaultPort = 2021

//go:embed page
var embedded embed.FS

// Console serves the page on a loopback address.
type Console struct {
	address   caddy.NetworkAddress
	text      string
	contracts func() any
	ring      *ring
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

// New returns the console of an address. contracts returns
// what became of the contracts, in the form of the admin endpoint.
func New(address string, contracts func() any) (*Console, error) {
	parsed, err := parse(address)
	if err != nil {
		return nil, err
	}
	c := &Console{address: parsed, text: parsed.JoinHostPort(0), contracts: contracts}
	if c.ring, err = enter(c.text); err != nil {
		return nil, err
	}
	if c.history, err = enterHistory(c.text); err != nil {
		return nil, errors.Join(err, leave(c.text))
	}
	return c, nil
}

// rings outlive reloads, by the address of the console.
var rings = caddy.NewUsagePool()

// Destruct implements caddy.Destructor.
func (*ring) Destruct() error { return nil }

func enter(address string) (*ring, error) {
	value, _, err := rings.LoadOrNew(address, func() (caddy.Destructor, error) { return new(ring), nil })
	if err != nil {
		return nil, err
	}
	return value.(*ring), nil
}

func leave(address string) error {
	_, err := rings.Delete(address)
	return err
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
	return c.server.Close()
}

// Close gives back what outlives a reload.
func (c *Console) Close() error { return errors.Join(leave(c.text), leaveHistory(c.text)) }

// Begin notes that a request has come.
func (c *Console) Begin() { c.history.Begin() }

// Stream notes that an answer has become a stream.
func (c *Console) Stream() { c.history.Stream() }

// Record notes a request that is over, and remembers it if it did not go well. Begin has
// to have been called for it.
func (c *Console) Record(x *exchange.Exchange, r *http.Request) {
	c.history.Record(x)
	c.ring.record(x, r)
}

func (c *Console) handler() http.Handler {
	files, err := fs.Sub(embedded, "page")
	if err != nil {
		panic("console: " + err.Error()) // the folder is part of the binary
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /state.json", func(w http.ResponseWriter, _ *http.Request) {
		state := map[string]any{"contracts": c.contracts(), "requests": c.ring.list(), "seen": c.ring.seen()}
		_ = admin.Answer(w, state) // whoever asked has gone
	})
	mux.HandleFunc("GET /api/metrics", c.serveMetrics)
	mux.HandleFunc("GET /api/reasons", serveReasons)
	return mux
}
