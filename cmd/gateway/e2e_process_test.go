package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"gateway/examples/services/issuer"
	"gateway/examples/services/orders"
	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
)

// patience bounds every wait for a process, so that a hang is a failure with a log.
const patience = 30 * time.Second

// binaries builds the real gateway and the demo, once.
var binaries = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(gatewaytest.Root(), ".cache", "e2e")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", dir+"/", "./cmd/gateway", "./examples/demo")
	build.Dir = gatewaytest.Root()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, output)
	}
	return dir, nil
})

func binary(t *testing.T, name string) string {
	t.Helper()
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// process is a running gateway.
type process struct {
	t           *testing.T
	cmd         *exec.Cmd
	api         string // host and port
	metricsPort int
	admin       string
	logFile     string
	exited      chan struct{}
	exitErr     error
}

// startOptions say how a gateway differs from `gateway run --config Caddyfile.example`.
type startOptions struct {
	config           string // default: Caddyfile.example
	upstream, issuer string
	env              []string
}

// start runs the real binary with ports of its own and waits until it listens.
func start(t *testing.T, options startOptions) *process {
	t.Helper()
	if options.config == "" {
		options.config = filepath.Join(gatewaytest.Root(), "Caddyfile.example")
	}
	dir := t.TempDir()
	p := &process{
		t: t, metricsPort: freeport.Port(t), logFile: filepath.Join(dir, "log"), exited: make(chan struct{}),
		api: fmt.Sprintf("127.0.0.1:%d", freeport.Port(t)), admin: fmt.Sprintf("localhost:%d", freeport.Port(t)),
	}
	log, err := os.Create(p.logFile)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	_, port, _ := strings.Cut(p.api, ":")
	p.cmd = exec.Command(binary(t, "gateway"), "run", "--config", options.config)
	p.cmd.Dir = gatewaytest.Root()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(),
		"GATEWAY_PORT="+port, "METRICS_PORT="+strconv.Itoa(p.metricsPort), "CONSOLE_PORT="+strconv.Itoa(freeport.Port(t)),
		"CADDY_ADMIN="+p.admin,
		"ORDERS_UPSTREAM="+options.upstream, "ISSUER="+options.issuer,
		"XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	p.cmd.Env = append(p.cmd.Env, options.env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.exitErr = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(p.end)
	p.waitFor("the gateway to listen", func() bool {
		conn, err := net.Dial("tcp", p.api)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return p
}

// end stops the process, whatever became of the test, and looks through its log.
func (p *process) end() {
	if err := p.stop(); err != nil {
		p.t.Errorf("the gateway ended with %v", err)
	}
	log := p.log()
	for _, word := range []string{"panic", "DATA RACE"} {
		if strings.Contains(log, word) {
			p.t.Errorf("the log speaks of a %s", word)
		}
	}
	// Every JWT begins with a base64url-encoded "{" and a quote.
	if i := strings.Index(log, "eyJ"); i >= 0 {
		p.t.Errorf("a token is in the log: …%s…", log[max(0, i-200):min(len(log), i+40)])
	}
	if p.t.Failed() {
		p.t.Logf("the end of the gateway's log:\n%s", log[max(0, len(log)-6000):])
	}
}

// stop sends SIGTERM and returns what the process said with its exit code.
func (p *process) stop() error {
	select {
	case <-p.exited:
		return p.exitErr
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
		return p.exitErr
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return errors.New("it did not stop within " + patience.String())
	}
}

// waitFor polls until done says so.
func (p *process) waitFor(what string, done func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.exited:
			p.t.Fatalf("the gateway ended (%v) while waiting for %s", p.exitErr, what)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

func (p *process) log() string {
	b, err := os.ReadFile(p.logFile)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// reload sends a Caddyfile through the gateway's own command and returns its output.
func (p *process) reload(config string) (string, error) {
	cmd := exec.Command(binary(p.t, "gateway"), "reload", "--config", config, "--address", p.admin)
	cmd.Dir, cmd.Env = p.cmd.Dir, p.cmd.Env
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// memoryOf returns a line of /proc/<pid>/status in bytes: VmRSS, VmHWM.
func memoryOf(t *testing.T, pid int, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("the system does not tell how much memory a process has: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("no %s in /proc", field)
	return 0
}

// metric sums the samples of a counter whose labels include the given pairs.
func (p *process) metric(name string, labels ...string) float64 {
	p.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://localhost:%d/metrics", p.metricsPort))
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		p.t.Fatalf("the metrics do not parse: %v", err)
	}
	var sum float64
	for _, metric := range families[name].GetMetric() {
		have := make(map[string]string)
		for _, label := range metric.GetLabel() {
			have[label.GetName()] = label.GetValue()
		}
		matches := true
		for i := 0; i < len(labels); i += 2 {
			matches = matches && have[labels[i]] == labels[i+1]
		}
		if matches {
			sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// addresses counts the client addresses that tests have used up.
var addresses atomic.Uint32

// client returns a client with an address of its own, so that tests do not share the
// limit for addresses. Only Linux has all of 127.0.0.0/8 as its own.
func client() *http.Client {
	var dialer net.Dialer
	if runtime.GOOS == "linux" {
		n := addresses.Add(1)
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 1, byte(n>>8), byte(n))}
	}
	return &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true},
		Timeout:   patience,
	}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
}

// send makes one request, from an address of its own unless a client is given. The
// header pairs follow; an empty name gives the body.
func (p *process) send(c *http.Client, method, target string, header ...string) answer {
	p.t.Helper()
	if c == nil {
		c = client()
	}
	var body io.Reader
	fields := make(http.Header)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "" {
			body = strings.NewReader(header[i+1])
		} else {
			fields.Add(header[i], header[i+1])
		}
	}
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+p.api+target, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for name, values := range fields {
		r.Header[name] = values
	}
	response, err := c.Do(r)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, target, err)
	}
	return read(p.t, response)
}

func read(t *testing.T, response *http.Response) answer {
	t.Helper()
	defer response.Body.Close()
	b, err := io.ReadAll(io.LimitReader(response.Body, 1<<24))
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	return answer{response, b}
}

// world is what stands around a gateway: an issuer, and the orders service behind a
// recorder.
type world struct {
	issuer    *issuer.Issuer
	issuerURL string
	upstream  string
	recorder  *recorder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{recorder: &recorder{next: orders.New(orders.Options{Delay: 500 * time.Millisecond}), seen: make(map[string]*http.Request)}}
	service := httptest.NewServer(w.recorder)
	t.Cleanup(service.Close)
	w.upstream = strings.TrimPrefix(service.URL, "http://")
	w.issuer = serveIssuer(t, "127.0.0.1:0")
	w.issuerURL = w.issuer.URL()
	return w
}

// serveIssuer serves an issuer on an address, until the test ends.
func serveIssuer(t *testing.T, address string) *issuer.Issuer {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	i, err := issuer.New("http://"+listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: i}}
	server.Start()
	t.Cleanup(server.Close)
	return i
}

// start starts Caddyfile.example in this world and waits until it has the issuer's keys.
func (w *world) start(t *testing.T) *process {
	t.Helper()
	p := start(t, startOptions{upstream: w.upstream, issuer: w.issuerURL})
	token := w.token(t, "reader", nil)
	p.waitFor("the issuer's keys", func() bool {
		return p.send(nil, "GET", "/v2/orders", "Authorization", token).StatusCode == http.StatusOK
	})
	return p
}

// token returns the value of Authorization for a persona with some claims changed.
func (w *world) token(t *testing.T, persona string, change map[string]any) string {
	t.Helper()
	claims, err := w.issuer.Claims(persona)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range change {
		claims[name] = value
	}
	token, err := w.issuer.Mint(claims)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + token
}

// recorder remembers the requests that reach the service by their request id.
type recorder struct {
	next http.Handler
	mu   sync.Mutex
	seen map[string]*http.Request
	body []byte
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	r.mu.Lock()
	r.seen[request.Header.Get("X-Request-Id")] = request.Clone(context.Background())
	r.body = body
	r.mu.Unlock()
	r.next.ServeHTTP(w, request)
}

// find returns the request that the service saw, or nil.
func (r *recorder) find(a answer) *http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[a.Header.Get("X-Request-Id")]
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}
