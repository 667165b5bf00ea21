package main_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"gateway/examples/services/issuer"
)

// kill ends the process as a power failure does.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.exited
	p.exitErr = nil // it is what was meant to happen
}

// TestRestartWithoutIssuer takes the issuer away, kills the gateway, and starts it
// again: the keys that it kept still verify tokens that it has never seen, and a token
// of a key that it does not have is still refused.
func TestRestartWithoutIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if w.issuer, err = issuer.New("http://"+listener.Addr().String(), nil); err != nil {
		t.Fatal(err)
	}
	w.issuerURL = w.issuer.URL()
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: w.issuer}}
	server.Start()
	t.Cleanup(server.Close)
	stranger, err := issuer.New(w.issuerURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	options := startOptions{upstream: w.upstream, issuer: w.issuerURL, env: []string{"XDG_DATA_HOME=" + data}}
	ask := func(p *process, token string) int {
		return p.send(nil, "GET", "/v2/orders", "Authorization", token).StatusCode
	}
	first := start(t, options)
	seen := w.token(t, "reader", nil)
	first.waitFor("the issuer's keys", func() bool { return ask(first, seen) == http.StatusOK })
	first.waitFor("the keys to be kept, a moment after they can be used", func() bool {
		kept, err := filepath.Glob(filepath.Join(data, "caddy", "gateway", "auth", "keys", "*.json"))
		return err == nil && len(kept) == 1
	})

	server.Close()
	first.kill()
	second := start(t, options)
	for name, token := range map[string]string{"seen before": seen, "new": w.token(t, "reader", map[string]any{"jti": "after the restart"})} {
		if got := ask(second, token); got != http.StatusOK {
			t.Errorf("a token that is %s gets %d after the restart", name, got)
		}
	}
	if got := ask(second, (&world{issuer: stranger}).token(t, "reader", nil)); got != http.StatusUnauthorized {
		t.Errorf("a token of another key gets %d, want 401", got)
	}
	second.waitFor("the metric that shows it", func() bool { return second.metric("gateway_auth_keys_stale", "issuer", w.issuerURL) == 1 })
}
