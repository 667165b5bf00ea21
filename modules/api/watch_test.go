package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/api"
)

// things is a contract with one operation for each path.
func things(paths ...string) string {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ninfo: {title: Things, version: 1.0.0}\npaths:\n")
	for _, path := range paths {
		fmt.Fprintf(&b, "  %s:\n    get:\n      responses: {\"200\": {description: Fine.}}\n", path)
	}
	return b.String()
}

// bad is a contract with a mistake in line 4.
const bad = "openapi: 3.1.0\ninfo: {title: Things, version: 1.0.0}\npaths:\n  /a: {gett: {}}\n"

func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for something that takes a moment.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: still not so after 10 s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func answers(gw *gatewaytest.Gateway, path string, status int) func() bool {
	return func() bool { return gw.Do("GET", path).Code == status }
}

// contracts returns what became of the contracts of a gateway.
func contracts(t testing.TB, gw *gatewaytest.Gateway) []api.ContractHealth {
	t.Helper()
	app, err := gw.Context().App("gateway")
	if err != nil {
		t.Fatal(err)
	}
	return app.(*api.App).Contracts()
}

// block is an api with a contract at a place, and a log.
func block(name, place, log, options string) string {
	return fmt.Sprintf("{\n\tlog {\n\t\toutput file %s\n\t}\n}\n:8080 {\n\tapi %s {\n\t\tcontract %s\n%s\t\trespond ok\n\t}\n}\n", log, name, place, options)
}

func TestAnEditIsServedWithoutAReload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, things("/a", "/b"))
	gw := gatewaytest.New(t, block("live-edit", file, filepath.Join(dir, "log"), "\t\tdocs\n"))
	if a, b, c := gw.Do("GET", "/a").Code, gw.Do("GET", "/b").Code, gw.Do("GET", "/c").Code; a != 200 || b != 200 || c != 404 {
		t.Fatalf("before the edit: %d %d %d", a, b, c)
	}
	start := time.Now()
	write(t, file, things("/a", "/c"))
	eventually(t, "the new operation", answers(gw, "/c", 200))
	t.Logf("the edit was served after %v", time.Since(start))
	if got := gw.Do("GET", "/b").Code; got != 404 {
		t.Errorf("the operation that has left is answered with %d", got)
	}
	if got := gw.Do("GET", "/docs/live-edit.json").Body.String(); !strings.Contains(got, `"/c"`) || strings.Contains(got, `"/b"`) {
		t.Errorf("the documentation is not that of the new contract: %s", got)
	}
	counted := func(route string) float64 {
		return gw.Metric("gateway_requests_total", "api", "live-edit", "route", route, "code", "200")
	}
	if counted("/a") != 1 || counted("/b") != 0 || counted("/c") != 1 {
		t.Errorf("the routes are counted %v, %v and %v times", counted("/a"), counted("/b"), counted("/c"))
	}
}

func TestABadEditLeavesTheContractBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, log := filepath.Join(dir, "openapi.yaml"), filepath.Join(dir, "log")
	write(t, file, things("/a"))
	gw := gatewaytest.New(t, block("bad-edit", file, log, ""))
	healthy := func() float64 { return gw.Metric("gateway_contract_healthy", "api", "bad-edit", "version", "_other") }
	served := func() float64 { return gw.Metric("gateway_contract_last_success_timestamp_seconds", "api", "bad-edit") }
	before := served()
	if healthy() != 1 || before < 1e9 {
		t.Fatalf("before the edit: healthy %v, served %v", healthy(), before)
	}
	write(t, file, bad)
	eventually(t, "the metric", func() bool { return healthy() == 0 })
	if got := gw.Do("GET", "/a").Code; got != 200 {
		t.Errorf("the contract before is gone: %d", got)
	}
	state := contracts(t, gw)[0]
	want := file + ":4:8: a path item has no \"gett\"\n   2 │ info: {title: Things, version: 1.0.0}\n   3 │ paths:\n > 4 │   /a: {gett: {}}\n     │        ^^^^\nhint: did you mean get?"
	if got := state.Findings.Error(); got != want {
		t.Errorf("the finding is\n%s\nwant\n%s", got, want)
	}
	// A look later nothing is said again, and a mistake more is another finding.
	write(t, file, bad+"  /b: {pust: {}}\n")
	eventually(t, "the second mistake", func() bool { return len(contracts(t, gw)[0].Findings) == 2 })
	if got := state.Findings.Error(); got != want {
		t.Errorf("the finding of before has changed with the file:\n%s", got)
	}
	write(t, file, things("/a"))
	eventually(t, "the metric", func() bool { return healthy() == 1 })
	if served() < before || contracts(t, gw)[0].Findings != nil {
		t.Errorf("after the repair: served %v, before %v, %v", served(), before, contracts(t, gw)[0].Findings)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "the contract cannot be used"); n != 2 {
		t.Errorf("two findings are logged in %d lines:\n%s", n, text)
	}
	if !strings.Contains(string(text), "did you mean get?") || !strings.Contains(string(text), "openapi.yaml:4:8") {
		t.Errorf("the finding is not in the log:\n%s", text)
	}
}

func TestAContractThatHasGoneIsServedOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, things("/a"))
	gw := gatewaytest.New(t, block("gone", file, filepath.Join(dir, "log"), ""))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the finding", func() bool { return contracts(t, gw)[0].Findings != nil })
	if got := gw.Do("GET", "/a").Code; got != 200 {
		t.Errorf("answered with %d", got)
	}
	write(t, file, things("/a", "/b"))
	eventually(t, "the contract that is back", answers(gw, "/b", 200))
	if got := contracts(t, gw)[0].Findings; got != nil {
		t.Error(got)
	}
}

// TestFilesThatTheContractRefersTo: also one that is not there yet.
func TestFilesThatTheContractRefersTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, part := filepath.Join(dir, "openapi.yaml"), filepath.Join(dir, "b.yaml")
	write(t, file, things("/a"))
	gw := gatewaytest.New(t, block("parts", file, filepath.Join(dir, "log"), ""))
	write(t, file, things("/a")+"  /b: {$ref: b.yaml}\n")
	eventually(t, "the finding", func() bool { return contracts(t, gw)[0].Findings != nil })
	write(t, part, "get:\n  responses: {\"200\": {description: Fine.}}\n")
	eventually(t, "the operation in the other file", answers(gw, "/b", 200))
	write(t, part, "post:\n  responses: {\"200\": {description: Fine.}}\n")
	eventually(t, "the edit of the other file", answers(gw, "/b", 405))
}

// TestAConfigMapIsSwapped: Kubernetes replaces a link to the folder of the files.
func TestAConfigMapIsSwapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name+".new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, name+".new"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "..1", "openapi.yaml"), things("/a"))
	write(t, filepath.Join(dir, "..2", "openapi.yaml"), things("/b"))
	link("..1", "..data")
	link(filepath.Join("..data", "openapi.yaml"), "openapi.yaml")
	gw := gatewaytest.New(t, block("mounted", dir, filepath.Join(dir, "log"), ""))
	link("..2", "..data")
	eventually(t, "the operation of the second map", answers(gw, "/b", 200))
	if got := gw.Do("GET", "/a").Code; got != 404 {
		t.Errorf("the first map is still there: %d", got)
	}
}

func TestVersionsComeAndStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	contract := func(version string) string { return filepath.Join(dir, version, "openapi.yaml") }
	write(t, contract("v1"), things("/a"))
	write(t, contract("v2"), things("/a"))
	gw := gatewaytest.New(t, block("versions", dir, filepath.Join(dir, "log"), "\t\tdocs\n\t\tversioning {\n\t\t\tpath\n\t\t\tversion v1 {\n\t\t\t\tdeprecated 2026-01-01\n\t\t\t}\n\t\t}\n"))
	if got := gw.Do("GET", "/v3/a"); got.Problem().Code != "version.unknown" {
		t.Fatalf("before: %d %s", got.Code, got.Body)
	}
	write(t, contract("v3"), things("/a"))
	eventually(t, "the new version", answers(gw, "/v3/a", 200))
	if got := gw.Do("GET", "/v9/a").Header().Get("Api-Supported-Versions"); got != "v1, v2, v3" {
		t.Errorf("the versions are %q", got)
	}
	if got := gw.Do("GET", "/docs/versions/v3.json").Code; got != 200 {
		t.Errorf("the documentation of v3: %d", got)
	}
	if err := os.RemoveAll(filepath.Join(dir, "v1")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the finding", func() bool { return contracts(t, gw)[0].Findings != nil })
	if got := gw.Do("GET", "/v1/a"); got.Code != 200 || got.Header().Get("Deprecation") == "" {
		t.Errorf("the version whose contract has gone: %d %v", got.Code, got.Header())
	}
	write(t, contract("v2"), things("/a", "/b"))
	eventually(t, "an edit beside", answers(gw, "/v2/b", 200))
	if got := gw.Do("GET", "/v1/a").Code; got != 200 {
		t.Errorf("the version whose contract has gone, after an edit beside: %d", got)
	}
	if err := os.Mkdir(filepath.Join(dir, "v4"), 0o755); err != nil {
		t.Fatal(err)
	}
	const empty = "the folder of version v4 has no contract"
	eventually(t, "the finding", func() bool { return strings.Contains(contracts(t, gw)[2].Findings.Error(), empty) })
	text, err := os.ReadFile(filepath.Join(dir, "log"))
	if n := strings.Count(string(text), empty); err != nil || n != 1 {
		t.Errorf("the empty folder is logged %d times, %v:\n%s", n, err, text)
	}
}

func TestAnEditIsJudgedWithTheRestOfTheConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left, right := filepath.Join(dir, "left.yaml"), filepath.Join(dir, "right.yaml")
	write(t, left, things("/left"))
	write(t, right, things("/right"))
	gw := gatewaytest.New(t, fmt.Sprintf(":8080 {\n\tapi left {\n\t\tcontract %s\n\t\trespond left\n\t}\n\tapi right {\n\t\tcontract %s\n\t\trespond right\n\t}\n}\n", left, right))
	secured := strings.Replace(things("/left", "/more"), "paths:", "security: [{token: []}]\ncomponents: {securitySchemes: {token: {type: http, scheme: bearer}}}\npaths:", 1)
	for name, tt := range map[string]struct{ contract, want string }{
		"a path of another api":    {things("/left", "/right"), "two operations match the same request: GET /right"},
		"security and no auth":     {secured, "GET /left and 1 more demand security, but api left"},
		"a rule of the validation": {things("/left") + "      requestBody: {content: {application/xml: {schema: {type: object}}}}\n", "cannot be validated"},
	} {
		write(t, left, tt.contract)
		eventually(t, name, func() bool {
			found := contracts(t, gw)[0].Findings
			return found != nil && strings.Contains(found.Error(), tt.want)
		})
		if l, r := gw.Do("GET", "/left").Body.String(), gw.Do("GET", "/right").Body.String(); l != "left" || r != "right" {
			t.Errorf("%s: the answers are %q and %q", name, l, r)
		}
	}
	write(t, left, things("/left", "/right"))
	eventually(t, "the conflict", func() bool { return strings.Contains(contracts(t, gw)[0].Findings.Error(), "/right") })
	write(t, right, things("/elsewhere"))
	eventually(t, "the end of the conflict", func() bool { return gw.Do("GET", "/right").Body.String() == "left" })
	if got := contracts(t, gw)[0].Findings; got != nil {
		t.Error(got)
	}
}

// TestNoRequestIsRefusedWhileContractsChange is for the race detector as well.
func TestNoRequestIsRefusedWhileContractsChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	edition := func(i int) string { return fmt.Sprintf("/edition/%d", i) }
	write(t, file, things("/stays/{id}", edition(0)))
	issuer := gatewaytest.NewIssuer(t)
	gw := gatewaytest.New(t, block("busy", file, filepath.Join(dir, "log"), fmt.Sprintf("\t\tdocs\n\t\tauth %s {\n\t\t\taudience things\n\t\t\toptional\n\t\t}\n\t\tratelimit 1000000/1s\n", issuer.URL)))
	var stop atomic.Bool
	var served, refused atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for !stop.Load() {
				served.Add(1)
				if gw.Do("GET", "/stays/7?x=1").Code != 200 || gw.Do("GET", "/docs/busy.json").Code != 200 {
					refused.Add(1)
				}
			}
		})
	}
	for i := range 4 {
		write(t, file, things("/stays/{id}", edition(i+1)))
		eventually(t, "edition", answers(gw, edition(i+1), 200))
	}
	stop.Store(true)
	clients.Wait()
	if refused.Load() > 0 {
		t.Errorf("%d of %d requests were refused", refused.Load(), served.Load())
	}
}

func TestUpgradedConnectionsStayWhileContractsChange(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw) // an echo
	}))
	defer service.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, things("/socket"))
	gw := gatewaytest.New(t, fmt.Sprintf(":8080 {\n\tapi sockets {\n\t\tcontract %s\n\t\treverse_proxy %s\n\t}\n}\n", file, strings.TrimPrefix(service.URL, "http://")))
	front := httptest.NewServer(gw)
	defer front.Close()
	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	lines := bufio.NewReader(conn)
	if res, err := http.ReadResponse(lines, nil); err != nil || res.StatusCode != 101 {
		t.Fatalf("%v %v", res, err)
	}
	write(t, file, things("/other"))
	eventually(t, "the other contract", func() bool { return gw.Do("GET", "/socket").Code == 404 })
	fmt.Fprint(conn, "still there?\n")
	if line, err := lines.ReadString('\n'); line != "still there?\n" {
		t.Errorf("the connection says %q, %v", line, err)
	}
}

// TestNothingIsLeftOfReloads is not parallel: it counts goroutines.
func TestNothingIsLeftOfReloads(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "openapi.yaml")
	write(t, file, things("/a"))
	config := fmt.Sprintf(":8080 {\n\tapi reloaded {\n\t\tcontract %s\n\t\trespond ok\n\t}\n\tapi fetched {\n\t\tcontract http://127.0.0.1:1/openapi.json\n\t\trespond ok\n\t}\n}\n", file)
	gatewaytest.New(t, ":8080\nrespond ok\n").Close() // starts what Caddy never stops
	idle := runtime.NumGoroutine()
	gw := gatewaytest.New(t, config).Reload(config)
	before := runtime.NumGoroutine()
	for range 100 {
		gw = gw.Reload(config)
	}
	eventually(t, "the goroutines of before", func() bool { return runtime.NumGoroutine() <= before })
	if got := len(contracts(t, gw)); got != 2 {
		t.Errorf("%d contracts are live", got)
	}
	gw.Close()
	eventually(t, "nothing running", func() bool { return runtime.NumGoroutine() <= idle })
	if got := gw.Metric("gateway_contract_healthy", "api", "reloaded"); got != 0 {
		t.Error("the metric of a config that is gone is still there")
	}
}
