package redis_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gateway/internal/freeport"
	"gateway/internal/redis"
	"gateway/internal/redis/redistest"
)

// soon waits for what servers agree upon among themselves.
func soon(t *testing.T, what string, condition func() bool) {
	t.Helper()
	start := time.Now()
	defer func() { t.Logf("%v until %s", time.Since(start).Round(time.Millisecond), what) }()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after twenty seconds: not %s", what)
		}
	}
}

func split(t *testing.T, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// cluster starts a Cluster of three nodes, each with a third of the slots.
func cluster(t *testing.T) []*redistest.Server {
	t.Helper()
	nodes, buses := make([]*redistest.Server, 3), make([]string, 3)
	for i := range nodes {
		// The usual one, 10000 above the other, may not exist.
		buses[i] = strconv.Itoa(freeport.Port(t))
		nodes[i] = redistest.Start(t, "--cluster-enabled", "yes", "--cluster-port", buses[i], "--cluster-node-timeout", "1000")
	}
	for i, slots := range [][2]string{{"0", "5460"}, {"5461", "10922"}, {"10923", "16383"}} {
		nodes[i].Do("CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1])
		nodes[i].Do("CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(i+1))
	}
	for i := range nodes[1:] {
		host, port := split(t, nodes[i+1].Addr)
		nodes[0].Do("CLUSTER", "MEET", host, port, buses[i+1])
	}
	for _, node := range nodes {
		soon(t, "the nodes of the Cluster agree", func() bool {
			info := node.Do("CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_assigned:16384")
		})
	}
	return nodes
}

// TestThreeNodes: keys of all nodes are reached through the address of one.
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	nodes := cluster(t)
	s := open(t, nodes[0].URL(), func(o *redis.Options) { o.Timeout = time.Second })
	soon(t, "up", s.Up)
	if !s.Clustered() {
		t.Fatal("three nodes do not count as a cluster")
	}
	const keys = 60
	for i := range keys {
		value, err := s.Eval(add, []string{s.Key("k", fmt.Sprint(i))}, []string{"7"})
		if numbers, err2 := value.Ints(); err != nil || err2 != nil || numbers[0] != 7 {
			t.Fatal(i, numbers, err, err2)
		}
	}
	total := 0
	for i, node := range nodes {
		n := len(strings.Fields(node.Do("--scan", "--pattern", "test:k:*")))
		if total += n; n == 0 {
			t.Errorf("node %d has no keys", i)
		}
	}
	if total != keys {
		t.Errorf("%d keys lie on the nodes, want %d", total, keys)
	}
}

// TestFailover: Sentinels name another server when the first one dies, and the store is
// that one from then on.
func TestFailover(t *testing.T) {
	t.Parallel()
	primary := redistest.Start(t, "--repl-diskless-sync-delay", "0")
	host, port := split(t, primary.Addr)
	replica := redistest.Start(t, "--replicaof", host, port)
	soon(t, "replicated", func() bool { return strings.Contains(replica.Do("INFO", "replication"), "master_link_status:up") })
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	config := fmt.Sprintf("sentinel monitor limits %s %s 1\nsentinel down-after-milliseconds limits 500\nsentinel failover-timeout limits 2000\n", host, port)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := redistest.Sentinel(t, file)
	soon(t, "the Sentinel knows the replica", func() bool {
		return strings.Contains(sentinel.Do("SENTINEL", "REPLICAS", "limits"), "slave0") || strings.Contains(sentinel.Do("INFO", "sentinel"), "slaves=1")
	})
	s := open(t, sentinel.URL(), func(o *redis.Options) { o.Master = "limits" })
	soon(t, "up", s.Up)
	if _, err := s.Eval(add, []string{s.Key("a")}, []string{"5"}); err != nil {
		t.Fatal(err)
	}
	soon(t, "the charge is on the replica", func() bool { return replica.Do("GET", "test:a") == "5" })
	primary.Kill()
	soon(t, "calls reach the replica", func() bool {
		value, err := s.Eval(add, []string{s.Key("a")}, []string{"1"})
		numbers, err2 := value.Ints()
		return err == nil && err2 == nil && numbers[0] >= 6
	})
	if s.Clustered() || replica.Do("GET", "test:a") == "5" {
		t.Error("the call went elsewhere")
	}
}
