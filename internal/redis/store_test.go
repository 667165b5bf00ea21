package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"gateway/internal/redis"
	"gateway/internal/redis/redistest"
)

// open opens a store on a server and closes it with the test.
func open(t *testing.T, url string, change func(*redis.Options)) *redis.Store {
	t.Helper()
	options := redis.Options{Prefix: "test:", Timeout: 100 * time.Millisecond, OnError: "local"}
	if err := options.ParseURL(url); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&options)
	}
	s := redis.Open(options, zap.NewNop())
	t.Cleanup(func() { _ = s.Destruct() })
	return s
}

// within waits for a condition. The store promises a second; a busy machine may need more,
// and what never happens is a failure all the same.
func within(t *testing.T, what string, condition func() bool) {
	t.Helper()
	begin := time.Now()
	for ; !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("after ten seconds: not %s", what)
		}
	}
	if took := time.Since(begin); took > time.Second {
		t.Logf("%s after %v, which is long", what, took)
	}
}

var add = redis.NewScript(`return {redis.call("INCRBY", KEYS[1], ARGV[1]), redis.call("TTL", KEYS[1])}`)

func TestCalls(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), nil)
	within(t, "up", s.Up)
	if s.Clustered() {
		t.Error("one server counts as a cluster")
	}
	key := s.Key("a", "b")
	value, err := s.Eval(add, []string{key}, []string{"5"})
	numbers, err2 := value.Ints()
	if err != nil || err2 != nil || fmt.Sprint(numbers) != "[5 -1]" {
		t.Fatal(numbers, err, err2)
	}
	if got := server.Do("GET", "test:a:b"); got != "5" {
		t.Error("prefix:", got)
	}
	server.Do("SCRIPT", "FLUSH") // NOSCRIPT
	if _, err := s.Eval(add, []string{key}, []string{"1"}); err != nil {
		t.Error(err)
	}
	server.Do("SET", "test:text", "no number")
	_, err = s.Eval(add, []string{s.Key("text")}, []string{"1"})
	if err == nil || errors.Is(err, redis.ErrUnavailable) {
		t.Error("a call that was wrong is no outage:", err)
	}
	if value, err := s.Do("HSET", s.Key("hash"), "f", "v"); err != nil {
		t.Error(err)
	} else if n, err := value.Int(); n != 1 || err != nil {
		t.Error(n, err)
	}
}

// TestGet: what Get remembers is forgotten as soon as somebody changes it.
func TestGet(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), nil)
	within(t, "up", s.Up)
	key := s.Key("k")
	if _, found, err := s.Get(key, time.Minute); found || err != nil {
		t.Fatal(found, err)
	}
	server.Do("SET", key, "one")
	within(t, "one", func() bool { text, _, _ := s.Get(key, time.Minute); return text == "one" })
	server.Do("DEL", key)
	within(t, "gone", func() bool { _, found, err := s.Get(key, time.Minute); return !found && err == nil })
}

// TestOutages: whatever happens to the server, a call takes no longer than its
// budget, the store is known to be down soon, and it is back within a second.
func TestOutages(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), nil)
	within(t, "up", s.Up)
	outages := []struct {
		name       string
		begin, end func()
	}{
		{"killed", server.Kill, server.Run},
		{"frozen", server.Freeze, server.Thaw},
		{"killed again", server.Kill, server.Run},
		{"full", func() { server.Do("CONFIG", "SET", "maxmemory", "1") }, func() { server.Do("CONFIG", "SET", "maxmemory", "0") }},
		{"denied", func() { server.Do("REPLICAOF", "127.0.0.1", "1") }, func() { server.Do("REPLICAOF", "NO", "ONE") }},
	}
	for _, outage := range outages {
		t.Run(outage.name, func(t *testing.T) {
			outage.begin()
			within(t, "down", func() bool {
				begin := time.Now()
				_, err := s.Eval(add, []string{"k"}, []string{"1"})
				if took := time.Since(begin); took > 2*time.Second { // the machine may be busy
					t.Errorf("a call of 100 ms took %v", took)
				}
				return errors.Is(err, redis.ErrUnavailable) && !s.Up()
			})
			if s.Problem() == nil {
				t.Error("nobody can tell why it is down")
			}
			begin := time.Now()
			for range 1000 {
				if _, err := s.Eval(add, []string{"k"}, []string{"1"}); !errors.Is(err, redis.ErrUnavailable) {
					t.Fatal(err)
				}
			}
			if took := time.Since(begin); took > 5*time.Second { // if each waited it would be 100 s
				t.Errorf("1000 calls while it was down took %v", took)
			}
			outage.end()
			within(t, "up", s.Up)
			if _, err := s.Eval(add, []string{"k"}, []string{"1"}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAbsentAtFirst: nothing waits for a server that is not there yet.
func TestAbsentAtFirst(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	s := open(t, server.URL(), nil)
	best := time.Hour
	for range 20 {
		begin := time.Now()
		if _, err := s.Do("PING", "k"); !errors.Is(err, redis.ErrUnavailable) {
			t.Error(err)
		}
		best = min(best, time.Since(begin))
	}
	if best > 50*time.Millisecond {
		t.Errorf("a call takes %v at the least", best)
	}
	within(t, "refused", func() bool { return strings.Contains(s.Problem().Error(), "refused") })
	server.Run()
	within(t, "up", s.Up)
}

func TestPassword(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "secret")
	wrong := open(t, server.URL(), nil)
	right := open(t, "redis://default:secret@"+server.Addr, nil)
	within(t, "up", right.Up)
	within(t, "refused", func() bool { return strings.Contains(wrong.Problem().Error(), "NOAUTH") })
}

// TestCluster: a node that is part of a Cluster is recognised as that.
func TestCluster(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	server.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	s := open(t, server.URL(), nil)
	eventually(t, "up", s.Up)
	if !s.Clustered() {
		t.Fatal(s.Up(), s.Clustered(), s.Problem())
	}
	if _, err := s.Eval(add, []string{"{a}1"}, []string{"1"}); err != nil {
		t.Error(err)
	}
}

// TestNodes: gateways find each other within a second, and notice who leaves. A lost
// store is no reason to believe that the others have gone.
func TestNodes(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server.URL(), nil), open(t, server.URL(), nil)
	c := open(t, server.URL(), nil)
	counted := func(n int, stores ...*redis.Store) func() bool {
		return func() bool {
			for _, s := range stores {
				if s.Nodes() != n {
					return false
				}
			}
			return true
		}
	}
	eventually(t, "three", counted(3, a, b, c))
	_ = c.Destruct()
	eventually(t, "two", counted(2, a, b))
	server.Kill()
	within(t, "down", func() bool { _, err := a.Do("PING", "k"); return err != nil && !a.Up() })
	if n := a.Nodes(); n != 2 {
		t.Errorf("%d nodes while the store is down", n)
	}
	server.Run()
	eventually(t, "two again", counted(2, a, b))
}

// eventually waits for what takes some heartbeats.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after twenty seconds: not %s", what)
		}
	}
}

// TestDestruct: requests that are still under way while a config goes get an answer.
func TestDestruct(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), nil)
	within(t, "up", s.Up)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if _, err := s.Eval(add, []string{"k"}, []string{"1"}); err != nil && !errors.Is(err, redis.ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
	_ = s.Destruct()
	group.Wait()
}

func TestParseURL(t *testing.T) {
	for _, c := range []struct{ urls, want string }{
		{"redis://localhost", "[localhost:6379] false 0"},
		{"rediss://user:secret@[::1]:7000/3", "[[::1]:7000] true 3 user secret"},
		{"redis://a:1 redis://b:2", "[a:1 b:2] false 0"},
		{"redis://a rediss://b", "all URLs have to agree in everything but the host and the port"},
		{"localhost:6379", "it has to begin with redis:// or rediss://"},
		{"redis://", "it names no host"},
		{"redis://a/x", `its path has to be the number of a database, and is "x"`},
		{"redis://a?protocol=3", "it has options, which belong into the block"},
		{"redis://a:secret@b:x", "it is not a URL"},
	} {
		var o redis.Options
		var err error
		for url := range strings.FieldsSeq(c.urls) {
			if err = o.ParseURL(url); err != nil {
				break
			}
		}
		got := strings.TrimSpace(fmt.Sprintf("%v %v %d %s %s", o.Addresses, o.TLS, o.Database, o.Username, o.Password))
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.urls, got, c.want)
		}
	}
}
