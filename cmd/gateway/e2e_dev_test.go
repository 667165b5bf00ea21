package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gateway/internal/freeport"
)

// terminal is what a command has printed so far.
type terminal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *terminal) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *terminal) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// developer is somebody with a folder and two terminals.
type developer struct {
	t                    *testing.T
	dir                  string
	site, admin, console int
	out                  *terminal
	cmd                  *exec.Cmd
}

const ordersContract = `openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders:
    get:
      operationId: listOrders
      parameters: [{name: limit, in: query, schema: {type: integer}}]
      responses: {"200": {description: ok}}
`

func newDeveloper(t *testing.T) *developer {
	d := &developer{t: t, dir: t.TempDir(), site: freeport.Port(t), admin: freeport.Port(t), console: freeport.Port(t)}
	d.write("api/orders/openapi.yaml", ordersContract)
	return d
}

func (d *developer) write(name, text string) {
	d.t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// caddyfile answers with a text.
func (d *developer) caddyfile(answer string) string {
	return fmt.Sprintf("{\n\tadmin localhost:%d\n}\n:%d {\n\tapi orders {\n\t\t%s\n\t}\n}\n", d.admin, d.site, answer)
}

// run starts a command of the gateway.
func (d *developer) run(out io.Writer, args ...string) *exec.Cmd {
	d.t.Helper()
	cmd := exec.Command(binary(d.t, "gateway"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = d.dir, out, out
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+d.dir, "XDG_CONFIG_HOME="+d.dir, "HOME="+d.dir)
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

// develop starts gateway dev.
func (d *developer) develop(args ...string) {
	d.out = new(terminal)
	d.cmd = d.run(d.out, append([]string{"dev", "--console", fmt.Sprintf("127.0.0.1:%d", d.console)}, args...)...)
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("the terminal of gateway dev:\n%s", d.out)
		}
	})
}

// sees waits until a terminal shows a text.
func (d *developer) sees(out *terminal, text string) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(out.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("waited for %q in\n%s", text, out)
		}
	}
}

// get returns the status and body of an answer of the site, or what went wrong.
func (d *developer) get(path string) string {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", d.site, path))
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

// serves waits until the site answers with a text, and tells how long that took.
func (d *developer) serves(text string) time.Duration {
	d.t.Helper()
	began := time.Now()
	for d.get("/orders") != "200 "+text {
		if time.Since(began) > patience {
			d.t.Fatalf("waited for %q, got %q", text, d.get("/orders"))
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(began)
}

// loadError asks the console why the newest configuration is not the live one.
func (d *developer) loadError() string {
	d.t.Helper()
	res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/state", d.console))
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	var state struct {
		LoadError *struct{ Text string } `json:"load_error"`
		Process   struct{ Dev bool }     `json:"process"`
	}
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil || !state.Process.Dev {
		d.t.Fatalf("the state: %+v, %v", state, err)
	}
	if state.LoadError == nil {
		return ""
	}
	return state.LoadError.Text
}

// quit ends gateway dev as Ctrl-C does, and tells how long that took.
func (d *developer) quit() time.Duration {
	d.t.Helper()
	began := time.Now()
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		d.t.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("gateway dev ended with %v", err)
	}
	return time.Since(began)
}

// TestDev follows somebody who works on an API, with the real binary: from a broken file
// to a good one, through a bad save and its repair, while a second terminal follows.
func TestDev(t *testing.T) {
	t.Parallel()
	d := newDeveloper(t)
	d.write("Caddyfile", d.caddyfile(`respnd "first"`))
	d.develop()
	d.sees(d.out, "did you mean respond?")
	d.sees(d.out, "nothing is served yet")
	d.write("Caddyfile", d.caddyfile(`respond "first"`))
	d.serves("first")
	d.sees(d.out, fmt.Sprintf("http://127.0.0.1:%d/", d.console))
	d.sees(d.out, "orders: 1 operation")
	d.sees(d.out, "For production: gateway run")
	if got := d.get("/docs/"); !strings.HasPrefix(got, "200 ") {
		t.Errorf("there is no documentation: %.100s", got)
	}

	followed := new(terminal)
	second := d.run(followed, "tail", "reason:schema.*", "--last", "5", "--address", fmt.Sprintf("127.0.0.1:%d", d.console))
	d.get("/orders?limit=%1b%5b2Jx")
	for _, out := range []*terminal{d.out, followed} {
		d.sees(out, "schema.query")
		d.sees(out, "query limit  must be an integer")
	}

	d.write("Caddyfile", d.caddyfile(`respnd "second"`))
	d.sees(d.out, "serves on.")
	d.sees(followed, "the newest configuration is not in use")
	if got := d.get("/orders"); got != "200 first" {
		t.Errorf("after a bad save: %s", got)
	}
	if got := d.loadError(); !strings.Contains(got, "did you mean respond?") {
		t.Errorf("the console says %q", got)
	}
	d.write("Caddyfile", d.caddyfile(`respond "second"`))
	d.serves("second")
	d.sees(d.out, "fixed: the configuration is good again")
	if got := d.loadError(); got != "" {
		t.Errorf("the console still says %q", got)
	}

	d.write("api/orders/openapi.yaml", strings.Replace(ordersContract, "type: integer", "type: integr", 1))
	d.sees(d.out, `"integr" is not a JSON Schema type`)
	d.write("api/orders/openapi.yaml", ordersContract)
	d.sees(d.out, "contract changed")

	d.get("/orders?limit=y") // after reloads, both terminals are there again
	for _, out := range []*terminal{d.out, followed} {
		for deadline := time.Now().Add(patience); strings.Count(out.String(), "query limit") < 2; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("a terminal has lost its gateway:\n%s", out)
			}
		}
	}
	if took := d.quit(); took > 10*time.Second {
		t.Errorf("Ctrl-C took %v", took)
	}
	d.sees(followed, "has gone; waiting for it")
	if err := second.Process.Signal(syscall.SIGINT); err != nil || second.Wait() != nil {
		t.Errorf("gateway tail does not end well: %v", second.ProcessState)
	}
	for _, out := range []*terminal{d.out, followed} {
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("control characters without a terminal: %q", out.String())
		}
	}
	if n := strings.Count(d.out.String(), "query limit"); n != 2 {
		t.Errorf("two requests are printed %d times", n)
	}
}

// TestDevIsFast measures how long a save takes to be live. The bound is loose: the
// machine has other work.
func TestDevIsFast(t *testing.T) {
	t.Parallel()
	d := newDeveloper(t)
	d.write("Caddyfile", d.caddyfile(`respond "0"`))
	d.develop()
	d.serves("0")
	var took []time.Duration
	for i := range 20 {
		answer := fmt.Sprint(i + 1)
		d.write("Caddyfile", d.caddyfile(`respond "`+answer+`"`))
		took = append(took, d.serves(answer))
	}
	slices.Sort(took)
	p95 := took[len(took)*95/100]
	t.Logf("from the save to the first answer: median %v, p95 %v", took[len(took)/2], p95)
	if median := took[len(took)/2]; median > 3*time.Second {
		t.Errorf("median %v", median)
	}
	d.quit()
}

// TestDevWaits: for a file that a load has failed over, and for a port.
func TestDevWaits(t *testing.T) {
	t.Parallel()
	d := newDeveloper(t)
	if err := os.RemoveAll(filepath.Join(d.dir, "api")); err != nil {
		t.Fatal(err)
	}
	d.write("Caddyfile", d.caddyfile(`respond "here"`))
	taken, err := net.Listen("tcp", fmt.Sprintf(":%d", d.site))
	if err != nil {
		t.Fatal(err)
	}
	d.develop()
	d.sees(d.out, "another program listens already")
	taken.Close()
	d.sees(d.out, "api orders has no contract")
	d.write("api/orders/openapi.yaml", ordersContract)
	d.serves("here")

	// The usual addresses of this one are taken; it says where it is instead.
	other := newDeveloper(t)
	other.write("Caddyfile", strings.Replace(other.caddyfile(`respond "other"`), fmt.Sprintf("admin localhost:%d", other.admin), fmt.Sprintf("admin localhost:%d", d.admin), 1))
	other.console = d.console
	other.develop()
	other.sees(other.out, "the admin endpoint is to listen on")
	other.sees(other.out, "the console is to listen on")
	d.quit()
	other.serves("other")
	other.quit()
}
