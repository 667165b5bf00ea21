package ratelimit_test

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/freeport"
	"gateway/internal/gatewaytest"
	"gateway/internal/redis/redistest"
)

// nodeVariable makes this test binary a gateway with the Caddyfile that it names.
const nodeVariable = "RATELIMIT_TEST_CADDYFILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(nodeVariable); file != "" {
		if err := serve(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		select {} // until the test kills it
	}
	// These tests wait for servers and clocks more than they compute.
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func serve(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	config, err := gatewaytest.Adapt(file, string(text))
	if err != nil {
		return err
	}
	return caddy.Load(config, true)
}

// node is a gateway in a process of its own.
type node struct{ url string }

// startNodes starts several processes with one policy on one store.
func startNodes(t *testing.T, n int, redisAddr, options, directive string) []*node {
	t.Helper()
	list := make([]*node, n)
	for i := range list {
		list[i] = startNode(t, fmt.Sprintf("{\n\tadmin off\n\tauto_https off\n\tgateway {\n\t\tredis redis://%s {\n%s\n\t\t}\n\t}\n}\n", redisAddr, options), directive)
	}
	return list
}

func startNode(t *testing.T, global, directive string) *node {
	t.Helper()
	address := freeport.Address(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "Caddyfile")
	text := global + "http://" + address + " {\n\t" + directive + "\n\thandle /metrics {\n\t\tmetrics\n\t}\n\trespond hello\n}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), nodeVariable+"="+file, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if testing.Verbose() {
		process.Stderr = os.Stderr
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	n := &node{url: "http://" + address}
	for deadline := time.Now().Add(15 * time.Second); n.metric("go_goroutines") <= 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the node does not start; go test -v shows what it says")
		}
	}
	return n
}

// metric returns the value of a metric without labels, -1 if nobody answers.
func (n *node) metric(name string) float64 {
	response, err := http.Get(n.url + "/metrics")
	if err != nil {
		return -1
	}
	defer response.Body.Close()
	var value float64
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			_, _ = fmt.Sscan(text, &value)
		}
	}
	return value
}

// answer is what a node said, and how long it took.
type answer struct {
	code  int
	limit string
	took  time.Duration
}

// ask sends one request on behalf of a tenant.
func (n *node) ask(tenant string) answer {
	request, _ := http.NewRequest(http.MethodGet, n.url+"/", nil)
	request.Header.Set("X-Tenant", tenant)
	begin := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{took: time.Since(begin)}
	}
	_ = response.Body.Close()
	return answer{response.StatusCode, response.Header.Get("RateLimit"), time.Since(begin)}
}

// remaining asks and returns what is left according to RateLimit.
func (n *node) remaining(tenant string) int {
	var r, s int
	if _, err := fmt.Sscanf(n.ask(tenant).limit, `"default";r=%d;t=%d`, &r, &s); err != nil {
		return -1
	}
	return r
}

// connected waits until the nodes count together, and know how many they are.
func connected(t *testing.T, list []*node) {
	t.Helper()
	for i, n := range list {
		within(t, "nodes count together", func() bool {
			tenant := fmt.Sprintf("probe-%d-%d", i, fresh.Add(1))
			return n.remaining(tenant) == list[0].remaining(tenant)+1
		})
	}
	for _, n := range list {
		within(t, "nodes know each other", func() bool { return n.metric("gateway_redis_nodes") == float64(len(list)) })
	}
}

// tally counts answers by status, and remembers the slowest.
type tally struct {
	codes   [600]atomic.Int64
	slowest atomic.Int64
}

func (c *tally) add(a answer) {
	c.codes[a.code].Add(1)
	for {
		slowest := c.slowest.Load()
		if int64(a.took) <= slowest || c.slowest.CompareAndSwap(slowest, int64(a.took)) {
			return
		}
	}
}

// load sends requests of one tenant to all nodes, by two workers each, until the time
// is up or each worker has sent most.
func load(list []*node, tenant string, most int, during time.Duration) *tally {
	c := new(tally)
	c.load(list, tenant, most, during)
	return c
}

func (c *tally) load(list []*node, tenant string, most int, during time.Duration) {
	var group sync.WaitGroup
	end := time.Now().Add(during)
	for _, n := range list {
		for range 2 {
			group.Go(func() {
				for i := 0; i < most && time.Now().Before(end); i++ {
					c.add(n.ask(tenant))
				}
			})
		}
	}
	group.Wait()
}

// byTenant counts by a header; other requests are not limited.
const byTenant = "{header.X-Tenant} {\n\t\tmissing skip\n\t}"

// TestProcessesShareExactly: what holds for gateways in one process holds for three.
func TestProcessesShareExactly(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	list := startNodes(t, 3, server.Addr, "\t\t\ttimeout 2s", "ratelimit 200/1d "+byTenant)
	connected(t, list)
	c := load(list, "one", 100, time.Minute)
	if passed, refused := c.codes[200].Load(), c.codes[429].Load(); passed != 200 || passed+refused != 600 {
		t.Errorf("%d of 600 passed and %d were refused, want exactly 200 to pass", passed, refused)
	}
}
