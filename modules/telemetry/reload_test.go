package telemetry_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"gateway/internal/gatewaytest"
)

// totals returns all counters of an API, and the counts of its histograms, by series.
func totals(t *testing.T, gw *gatewaytest.Gateway, api string) map[string]float64 {
	t.Helper()
	ctx := gw.Context()
	families, err := ctx.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if !slices.ContainsFunc(metric.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == "api" && l.GetValue() == api }) {
				continue
			}
			name := family.GetName()
			for _, pair := range metric.GetLabel() {
				name += " " + pair.GetName() + "=" + pair.GetValue()
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				all[name] = metric.GetCounter().GetValue()
			case dto.MetricType_HISTOGRAM:
				all[name] = float64(metric.GetHistogram().GetSampleCount())
			}
		}
	}
	return all
}

// TestReloadsUnderTraffic is not parallel: it counts goroutines.
func TestReloadsUnderTraffic(t *testing.T) {
	// A request that ends after its config leaves its connection idle in a transport that
	// nobody closes any more; Caddy keeps it for two minutes. That is not counted here.
	once := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		ok(w, r)
	}
	config := site("turning", upstream(t, once), "", "\t\tratelimit 1000000/1s\n\t\tslo availability 99.9 latency 250ms 99\n")
	gatewaytest.New(t, ":8080\nrespond ok\n").Close() // starts what Caddy never stops
	gw := gatewaytest.New(t, config).Reload(config)
	idle := runtime.NumGoroutine()
	var live atomic.Pointer[gatewaytest.Gateway]
	live.Store(gw.On(":8080"))
	var sent atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for _, path := range []string{"/v1/things/1", "/v1/things/x", "/v1/nothing"} {
		wg.Go(func() {
			for !stop.Load() {
				live.Load().Do("GET", path)
				sent.Add(1)
			}
		})
	}
	before := totals(t, gw, "turning")
	for range 100 {
		next := gatewaytest.New(t, config)
		live.Store(next.On(":8080"))
		gw.Close() // under the requests that it still serves
		gw = next
		after := totals(t, gw, "turning")
		for series, value := range before {
			if got, ok := after[series]; !ok || got < value {
				t.Fatalf("%s went from %v back to %v", series, value, got)
			}
		}
		before = after
	}
	stop.Store(true)
	wg.Wait()
	if got := gw.Metric("gateway_requests_total", "api", "turning"); got != float64(sent.Load()) {
		t.Errorf("%v requests are counted, %d were sent", got, sent.Load())
	}
	if names := slices.Collect(maps.Keys(totals(t, gw, "turning"))); len(names) > 30 {
		t.Errorf("%d series for three kinds of requests: %v", len(names), names)
	}
	if got := gw.Metric("gateway_requests_in_flight"); got != 0 {
		t.Errorf("%v requests are in flight", got)
	}
	t.Cleanup(func() {
		if t.Failed() { // what they are
			_ = pprof.Lookup("goroutine").WriteTo(t.Output(), 1)
		}
	})
	eventually(t, "the goroutines of before", func() bool { return runtime.NumGoroutine() <= idle+10 })
	gw.Close()
	if left := totals(t, gw, "turning"); len(left) > 0 {
		t.Errorf("the config is gone and leaves %v", left)
	}
}

func TestRequestIDsOfTrustedProxies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		trusted string
		kept    bool
	}{"trusted": {"192.0.2.0/24", true}, "untrusted": {"198.51.100.0/24", false}} {
		file := filepath.Join(t.TempDir(), "access.log")
		gw := gatewaytest.New(t, "{\n\tservers {\n\t\ttrusted_proxies static "+test.trusted+"\n\t}\n}\n"+
			site("id-"+name, upstream(t, ok), "\tlog {\n\t\toutput file "+file+"\n\t\tformat json\n\t}\n", "")).On(":8080")
		res := gw.Do("GET", "/v1/things/x", "X-Request-Id", "from-the-proxy")
		id := res.Header().Get("X-Request-Id")
		if (id == "from-the-proxy") != test.kept {
			t.Errorf("%s: the id is %q", name, id)
		}
		if got := res.Problem().RequestID; got != id {
			t.Errorf("%s: the problem has the id %q, the header %q", name, got, id)
		}
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), `"gateway":{"request_id":"`+id+`"`) {
			t.Errorf("%s: the log has not %q: %s, %v", name, id, text, err)
		}
	}
}
