package ratelimit_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/redis/redistest"
)

// The outages below happen to other processes under load. Counts are exact, because a
// quota of 90 a day does not come back while a test runs.
const (
	outageQuota = 90
	outageLimit = "ratelimit 90/1d " + byTenant
	// storeTimeout is that of the nodes; scheduling adds to it on a busy machine.
	storeTimeout, busy = 400 * time.Millisecond, 700 * time.Millisecond
)

func nodesForOutage(t *testing.T, n int, addr, onError string) []*node {
	t.Helper()
	list := startNodes(t, n, addr, "\t\t\ttimeout 400ms\n\t\t\ton_error "+onError, outageLimit)
	connected(t, list)
	return list
}

// prompt checks that nobody waited longer than the store's time-out.
func prompt(t *testing.T, c *tally) {
	t.Helper()
	if slowest := time.Duration(c.slowest.Load()); slowest > storeTimeout+busy {
		t.Errorf("a request took %v with a time-out of %v", slowest, storeTimeout)
	}
}

// recovered checks that the nodes count together again within a second.
func recovered(t *testing.T, list []*node) {
	t.Helper()
	begin := time.Now()
	connected(t, list)
	if took := time.Since(begin); took > time.Second+busy {
		t.Errorf("the nodes count together again after %v", took)
	}
}

// TestOutagesLocal: while the store is down, each of three gateways grants a third of
// the quota; before and after, all of them together grant the quota.
func TestOutagesLocal(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	list := nodesForOutage(t, 3, server.Addr, "local")
	for name, outage := range map[string]struct {
		begin, end func()
		kept       bool // the store still knows what was spent before
	}{
		"frozen": {server.Freeze, server.Thaw, true},
		"killed": {server.Kill, server.Run, false},
	} {
		before := load(list, name, 5, time.Minute).codes[200].Load()
		outage.begin()
		during := load(list, name, 60, time.Minute)
		outage.end()
		recovered(t, list)
		after := load(list, name, 60, time.Minute).codes[200].Load()
		if before != 30 {
			t.Errorf("%s: %d passed before", name, before)
		}
		if passed := during.codes[200].Load(); passed != outageQuota {
			t.Errorf("%s: %d passed meanwhile, want %d from each of three", name, passed, outageQuota/3)
		}
		// What the store got to see late was charged, and answered too late.
		if most, least := outageQuota-before, outageQuota-before-40; outage.kept && (after > most || after < least) {
			t.Errorf("%s: %d passed afterwards, want %d to %d", name, after, least, most)
		}
		if !outage.kept && after != outageQuota {
			t.Errorf("%s: %d passed on the empty store, want %d", name, after, outageQuota)
		}
		if errors := during.codes[0].Load() + during.codes[500].Load() + during.codes[503].Load(); errors != 0 {
			t.Errorf("%s: %d requests failed", name, errors)
		}
		prompt(t, during)
	}
}

// TestOutagesOpenAndClosed: the other two answers to an outage, which each gateway gives
// for itself.
func TestOutagesOpenAndClosed(t *testing.T) {
	t.Parallel()
	for onError, code := range map[string]int{"open": 200, "closed": 503} {
		server := redistest.Start(t)
		list := nodesForOutage(t, 1, server.Addr, onError)
		server.Kill()
		during := load(list, "one", 60, time.Minute)
		if got := during.codes[code].Load(); got != 120 {
			t.Errorf("on_error %s: %d of 120 requests got %d", onError, got, code)
		}
		prompt(t, during)
		server.Run()
		recovered(t, list)
		if passed := load(list, "one", 60, time.Minute).codes[200].Load(); passed != outageQuota {
			t.Errorf("on_error %s: %d passed afterwards, want %d", onError, passed, outageQuota)
		}
	}
}

// TestFlush: a store that forgets everything under load gives one more burst, and no
// request fails.
func TestFlush(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	list := startNodes(t, 3, server.Addr, "\t\t\ttimeout 3s\n\t\t\ton_error closed", outageLimit)
	connected(t, list)
	c, done := new(tally), make(chan struct{})
	go func() {
		defer close(done)
		c.load(list, "one", 100_000, 2*time.Second)
	}()
	within(t, "the quota is spent", func() bool { return c.codes[429].Load() > 0 })
	server.Do("FLUSHALL")
	server.Do("SCRIPT", "FLUSH")
	<-done
	if passed, refused := c.codes[200].Load(), c.codes[429].Load(); passed != 2*outageQuota || refused == 0 || c.codes[503].Load() != 0 {
		t.Errorf("%d passed, want %d; %d were refused and %d failed", passed, 2*outageQuota, refused, c.codes[503].Load())
	}
	prompt(t, c)
}

// TestSlowNetwork: delay within the time-out costs time and nothing else; beyond it,
// the nodes go on by themselves, and come back.
func TestSlowNetwork(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := slowProxy(t, server.Addr)
	list := nodesForOutage(t, 3, proxy.addr, "local")
	proxy.delay.Store(int64(10 * time.Millisecond))
	if passed := load(list, "slow", 30, time.Minute).codes[200].Load(); passed != outageQuota {
		t.Errorf("%d passed over a slow network, want %d", passed, outageQuota)
	}
	proxy.delay.Store(int64(2 * time.Second))
	c := load(list, "slower", 60, time.Minute)
	if passed := c.codes[200].Load(); passed != outageQuota {
		t.Errorf("%d passed over a dead network, want %d from each of three", passed, outageQuota/3)
	}
	prompt(t, c)
	proxy.delay.Store(0) // and what is under way takes its two seconds still
	connected(t, list)
}

// proxy forwards connections, and may be slow about it.
type proxy struct {
	addr  string
	delay atomic.Int64
}

func slowProxy(t *testing.T, to string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{addr: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			go p.forward(client, server)
			go p.forward(server, client)
		}
	}()
	return p
}

// forward delivers what it reads after the delay, in order.
func (p *proxy) forward(to, from net.Conn) {
	type parcel struct {
		data []byte
		due  time.Time
	}
	parcels := make(chan parcel, 1<<14)
	go func() {
		for next := range parcels {
			time.Sleep(time.Until(next.due))
			_, _ = to.Write(next.data)
		}
		_ = to.Close()
	}()
	defer close(parcels)
	for {
		data := make([]byte, 32<<10)
		n, err := from.Read(data)
		if n > 0 {
			parcels <- parcel{data[:n], time.Now().Add(time.Duration(p.delay.Load()))}
		}
		if err != nil {
			return
		}
	}
}
