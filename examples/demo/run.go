package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gateway/examples/services/issuer"
	"gateway/examples/services/orders"
)

type settings struct {
	gateway, config, log                                              string
	port, metricsPort, consolePort, adminPort, ordersPort, issuerPort int
}

// patience is how long the gateway may take to start, and to stop.
const patience = 20 * time.Second

// run starts everything, prints the banner or runs its lines, and stops everything.
func run(ctx context.Context, s settings, check bool, out io.Writer) error {
	i, err := issuer.New("http://"+localhost(s.issuerPort), nil)
	if err != nil {
		return err
	}
	for port, handler := range map[int]http.Handler{s.issuerPort: i, s.ordersPort: orders.New(orders.Options{})} {
		server, err := listen(localhost(port), handler)
		if err != nil {
			return err
		}
		defer server.stop()
	}
	lines, err := calls(s.port, i)
	if err != nil {
		return err
	}
	gateway, err := startGateway(s)
	if err != nil {
		return err
	}
	defer gateway.stop()
	if err := gateway.ready(ctx, fmt.Sprintf("http://%s/v2/health", localhost(s.port))); err != nil {
		if ctx.Err() != nil {
			return nil // stopped before it began
		}
		return err
	}
	if check {
		return checkAll(ctx, lines, out)
	}
	// One write, and none after it: whoever reads the banner may have gone.
	if _, err := io.WriteString(out, banner(s, lines)); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-gateway.exited:
		return gateway.failure("the gateway has stopped")
	}
}

// gateway is the running binary.
type gateway struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
}

// startGateway starts the binary with its log in a file.
func startGateway(s settings) (*gateway, error) {
	for _, address := range []string{fmt.Sprintf(":%d", s.port), fmt.Sprintf(":%d", s.metricsPort), localhost(s.consolePort), localhost(s.adminPort)} {
		if err := free(address); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(s.log), 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own copy
	g := &gateway{log: s.log, exited: make(chan struct{})}
	g.cmd = exec.Command(s.gateway, "run", "--config", s.config)
	g.cmd.Stdout, g.cmd.Stderr = log, log
	g.cmd.Env = append(os.Environ(),
		fmt.Sprintf("GATEWAY_PORT=%d", s.port),
		fmt.Sprintf("METRICS_PORT=%d", s.metricsPort),
		fmt.Sprintf("CONSOLE_PORT=%d", s.consolePort),
		"CADDY_ADMIN="+localhost(s.adminPort),
		"ORDERS_UPSTREAM="+localhost(s.ordersPort),
		"ISSUER=http://"+localhost(s.issuerPort),
	)
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the gateway (was it built?): %w", err)
	}
	go func() {
		// How it ended stands in its log.
		_ = g.cmd.Wait()
		close(g.exited)
	}()
	return g, nil
}

// ready waits until the gateway passes a request to the service.
func (g *gateway) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the gateway does not get ready"))
	defer cancel()
	for {
		if r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil); err != nil {
			return err
		} else if response, err := http.DefaultClient.Do(r); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return g.failure(context.Cause(ctx).Error())
		case <-g.exited:
			return g.failure("the gateway did not start")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop asks the gateway to end, and makes it if it does not.
func (g *gateway) stop() {
	if g.cmd.Process.Signal(syscall.SIGTERM) != nil {
		_ = g.cmd.Process.Kill()
	}
	select {
	case <-g.exited:
	case <-time.After(patience):
		_ = g.cmd.Process.Kill()
		<-g.exited
	}
}

// failure says what went wrong, with the end of the gateway's log.
func (g *gateway) failure(what string) error {
	log, err := os.ReadFile(g.log)
	if err != nil {
		return errors.New(what)
	}
	lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	last := lines[max(0, len(lines)-12):]
	return fmt.Errorf("%s; the end of %s:\n%s", what, g.log, strings.TrimSpace(string(bytes.Join(last, []byte("\n")))))
}
