package history

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

var orders = &exchange.Route{API: "orders", Version: "v1", Method: "GET", Template: "/v1/orders/{id}"}

// answered is a request that took a time in all, half of it behind the gateway.
func answered(route *exchange.Route, start time.Time, total time.Duration, status int) *exchange.Exchange {
	return &exchange.Exchange{Route: route, Start: start, Status: status, Total: total, Own: total / 2, Forwarded: true}
}

// serve has a request come and go.
func serve(h *History, x *exchange.Exchange) {
	h.Begin()
	h.Record(x)
}

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// TestAnHour reads as a story: what happens in an interval stands in its column, however late one
// looks, until it is an hour ago.
func TestAnHour(t *testing.T) {
	t.Parallel()
	h := New(at(2)) // in the middle of an interval
	for i := range 10 {
		serve(h, answered(orders, at(3), time.Duration(i+1)*10*time.Millisecond, 200))
	}
	refused := answered(orders, at(4), time.Millisecond, 422)
	refused.Refusal, refused.Forwarded = problem.New(problem.SchemaBody), false
	serve(h, refused)
	for range 2 { // and looking takes nothing away
		a := h.Ask(Query{Minutes: 1}, at(4))
		if a.Totals.Requests != 11 || a.Totals.Reasons["schema.body"] != 1 || len(a.Routes) != 1 || a.Routes[0].Count != 11 || a.Totals.Total.P95 == nil {
			t.Errorf("what is open is not in the totals: %+v, %+v", a.Totals, a.Routes)
		}
		if known := slices.IndexFunc(a.Series.Rate, func(rate float64) bool { return !math.IsNaN(rate) }); known >= 0 {
			t.Errorf("an interval that is not over has a rate: %v", a.Series.Rate)
		}
	}
	failed := answered(nil, at(11), time.Second, 502)
	failed.Refusal = problem.New(problem.UpstreamRefused)
	failed.Judge(exchange.Decision{Policy: exchange.Validate, Verdict: exchange.Reported, Refusal: problem.New(problem.SchemaResponse)})
	serve(h, failed)
	a := h.Ask(Query{Minutes: 1}, at(16))
	s := a.Series
	if a.Step != 5 || len(s.Time) != 12 || s.Time[11] != noon.Unix()+10 || s.Time[0] != a.Start || a.Start != noon.Unix()-45 {
		t.Fatalf("the time is %v from %d by %d", s.Time, a.Start, a.Step)
	}
	if s.Rate[9] != 2.2 || s.Rate[10] != 0 || s.Rate[11] != .2 || !math.IsNaN(s.Rate[8]) {
		t.Errorf("the rate is %v", s.Rate)
	}
	if s.Errors[11] != .2 || s.ClientErrors[9] != .2 || s.Reasons["schema.body"][9] != .2 || s.Reasons["upstream.refused"][11] != .2 || s.Reported["schema.response"][11] != .2 {
		t.Errorf("what went wrong is %v, %v, %v, %v", s.Errors, s.ClientErrors, s.Reasons, s.Reported)
	}
	if got := s.P50.Total[9]; math.Abs(got-50) > 50./16 {
		t.Errorf("the median is %v ms", got)
	}
	if got := s.P99.Upstream[9]; math.Abs(got-50) > 50./16 {
		t.Errorf("the 99th percentile behind the gateway is %v ms: the refusal never was there", got)
	}
	if want := "map[schema.body:1 upstream.refused:1] map[schema.response:1]"; fmt.Sprint(a.Totals.Reasons, a.Totals.Reported) != want {
		t.Errorf("the reasons are %v, %v", a.Totals.Reasons, a.Totals.Reported)
	}
	if len(a.Routes) != 2 || a.Routes[0].Count != 11 || a.Routes[0].Operation != (Operation{"orders", "v1", "GET", "/v1/orders/{id}"}) || a.Routes[1].Operation != other {
		t.Errorf("the operations are %+v", a.Routes)
	}
	if want := (Dimensions{[]string{"_other", "orders"}, []string{"v1"}, []string{"/v1/orders/{id}", "_other"}}); fmt.Sprint(a.Dimensions) != fmt.Sprint(want) {
		t.Errorf("the dimensions are %+v", a.Dimensions)
	}
	if !a.Scope.Since.Equal(at(2)) {
		t.Errorf("since %v", a.Scope.Since)
	}

	if a := h.Ask(Query{Minutes: 60}, at(3599)); a.Totals.Requests != 12 || len(a.Series.Time) != 720 {
		t.Errorf("just before an hour: %+v", a.Totals)
	}
	if a := h.Ask(Query{Minutes: 60}, at(3606)); a.Totals.Requests != 1 || !a.Scope.Since.Equal(at(5)) {
		t.Errorf("just after: %+v since %v", a.Totals, a.Scope.Since)
	}
	if a := h.Ask(Query{Minutes: 60}, at(1e6)); a.Totals.Requests != 0 || len(a.Routes) != 0 || h.bytes != 0 {
		t.Errorf("long after: %+v, %d bytes", a.Totals, h.bytes)
	}
}

func TestChoosing(t *testing.T) {
	t.Parallel()
	h := New(noon)
	routes := []*exchange.Route{orders, {API: "orders", Version: "v2", Method: "GET", Template: "/v2/orders"}, {API: "users", Method: "GET", Template: "/users"}, {API: "users", Method: "POST", Template: "/users"}}
	for i, route := range routes {
		for range 1 << i {
			serve(h, answered(route, at(1), time.Millisecond, 200))
		}
	}
	for _, c := range []struct {
		query Query
		want  uint64
	}{
		{Query{}, 15}, {Query{API: "orders"}, 3}, {Query{API: "orders", Version: "v2"}, 2}, {Query{Route: "/users"}, 12},
		{Query{Route: "/users", Method: "POST"}, 8}, {Query{Version: "v9"}, 0}, {Query{API: "users", Version: "v1"}, 0},
	} {
		a := h.Ask(c.query, at(6))
		if a.Totals.Requests != c.want || len(a.Routes) != 4 {
			t.Errorf("%+v: got %d of %d operations, want %d", c.query, a.Totals.Requests, len(a.Routes), c.want)
		}
	}
}

// TestLongerColumns: columns of a minute hold what the twelve of five seconds do, and the last is a rate
// over the time that it has.
func TestLongerColumns(t *testing.T) {
	t.Parallel()
	h := New(noon)
	for second := range 130 {
		serve(h, answered(orders, at(float64(second)), 10*time.Millisecond, 200))
	}
	a := h.Ask(Query{Minutes: 5, Step: 60}, at(130))
	if got := a.Series.Rate; len(got) != 5 || got[2] != 1 || got[3] != 1 || got[4] != 1 || !math.IsNaN(got[1]) {
		t.Errorf("the rate is %v", got)
	}
	if a.Step != 60 || a.Series.Time[4] != noon.Unix()+120 || a.Totals.Requests != 130 {
		t.Errorf("got %+v, %v", a.Totals, a.Series.Time)
	}
}

func TestInFlight(t *testing.T) {
	t.Parallel()
	h := New(noon)
	h.Begin()
	h.Begin()
	h.Begin()
	h.Stream()
	h.Record(answered(orders, at(1), time.Second, 200))
	a := h.Ask(Query{Minutes: 1}, at(20)) // nothing ends for a while
	if got := a.Series.InFlight[8:]; !slices.Equal(got, Column{3, 1, 1, 1}) {
		t.Errorf("in flight: %v", got)
	}
	if got := a.Series.Streams[8:]; !slices.Equal(got, Column{1, 1, 1, 1}) {
		t.Errorf("streams: %v", got)
	}
	stream := answered(orders, at(1), time.Second, 101)
	stream.Stream, stream.Life = exchange.WebSocket, 30*time.Second
	h.Record(stream)
	a = h.Ask(Query{Minutes: 1}, at(36))
	if a.Totals.InFlight != 1 || a.Totals.Streams != 0 || *a.Totals.Total.P99 > 1100 || a.Series.Rate[11] != .2 {
		t.Errorf("got %+v; the life of a stream is no latency, and it counts when it ends: %v", a.Totals, a.Series.Rate)
	}
}

// TestQuantiles: the stated error holds for durations of any size.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var c counted
		values := make([]float64, 1+random.IntN(400))
		for i := range values {
			d := time.Duration(math.Exp(math.Log(8e3) + random.Float64()*math.Log(67e9/8e3)))
			values[i] = float64(d.Microseconds()) / 1e3
			c.add(bucketOf(d), 1)
		}
		slices.Sort(values)
		for _, q := range []float64{.5, .95, .99} {
			want := values[int(math.Ceil(q*float64(len(values))))-1]
			if got, ok := c.quantile(q); !ok || math.Abs(got-want) > want/16+1e-3 {
				t.Fatalf("the %v-quantile of %d is %v, want %v", q, len(values), got, want)
			}
		}
	}
	for d, want := range map[time.Duration]float64{-time.Second: .0005, 0: .0005, 7 * time.Microsecond: .0075, time.Hour: 65_000} {
		if got := middle(bucketOf(d)); math.Abs(got-want) > want/16 {
			t.Errorf("%v counts as %v ms", d, got)
		}
	}
}

// TestBounds: however many operations there are, and however much they do, the memory is bounded;
// ids of what is forgotten serve again.
func TestBounds(t *testing.T) {
	t.Parallel()
	h := New(noon)
	h.maxBytes = 150_000
	random := rand.New(rand.NewPCG(3, 4))
	var routes [800]*exchange.Route
	for i := range routes {
		routes[i] = &exchange.Route{API: "a", Method: "GET", Template: fmt.Sprint("/", i)}
	}
	for second := 0; second < 8000; second += 80 {
		for i := range 400 {
			serve(h, answered(routes[min(second/3000, 1)*400+i], at(float64(second)), time.Duration(random.IntN(1e9)), 200))
		}
	}
	if len(h.ids) > MaxRoutes || h.bytes > h.maxBytes || len(h.spare) > MaxRoutes || len(h.cells) > 400 {
		t.Errorf("%d ids, %d bytes", len(h.ids), h.bytes)
	}
	total := 0
	for i := range h.past {
		total += len(h.past[i].packed)
	}
	counted := h.bytes
	a := h.Ask(Query{Minutes: 60}, at(8000))
	if total != counted || a.Scope.Since.Before(at(3000)) || len(a.Routes) != MaxRoutes || a.Routes[1].Route < "/400" {
		t.Errorf("%d bytes, counted as %d; since %v, %d operations such as %s", total, counted, a.Scope.Since, len(a.Routes), a.Routes[1].Route)
	}
	if len(places) > reasonCount-1 {
		t.Errorf("the catalogue has %d reasons: reasonCount has to grow", len(places))
	}
}

// TestConcurrently counts exactly while intervals close and others look.
func TestConcurrently(t *testing.T) {
	t.Parallel()
	h := New(noon)
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			route := &exchange.Route{API: "a", Template: fmt.Sprint("/", worker%3)}
			for i := range 5000 {
				serve(h, answered(route, at(float64(i)/100), time.Millisecond, 200))
				if i%500 == 0 {
					h.Ask(Query{Minutes: 60}, at(float64(i)/100))
				}
			}
		})
	}
	wait.Wait()
	a := h.Ask(Query{Minutes: 60}, at(60))
	if a.Totals.Requests != 40_000 || a.Totals.InFlight != 0 || len(a.Routes) != 3 {
		t.Errorf("got %+v", a.Totals)
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	h := New(noon)
	x := answered(orders, noon, time.Millisecond, 200)
	serve(h, x)
	if got := testing.AllocsPerRun(1000, func() { serve(h, x) }); got != 0 {
		t.Errorf("a request allocates %v times", got)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Column{0, math.NaN(), 1.23456789, 123456.7, .00012345678, 20})
	if err != nil || string(text) != "[0,null,1.235,123500,0.0001235,20]" {
		t.Errorf("got %s, %v", text, err)
	}
	text, err = json.Marshal(New(noon).Ask(Query{Minutes: 1}, noon))
	if err != nil || !json.Valid(text) || slices.Contains(text, 'N') {
		t.Errorf("got %s, %v", text, err)
	}
}

func BenchmarkRecord(b *testing.B) {
	h := New(noon)
	x := answered(orders, noon, 12*time.Millisecond, 200)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			serve(h, x)
		}
	})
}

// BenchmarkAsk looks at an hour with 50 operations in use in every interval.
func BenchmarkAsk(b *testing.B) {
	h := New(noon)
	for i := range 720 {
		for o := range 50 {
			route := &exchange.Route{API: "a", Template: fmt.Sprint("/", o)}
			for range 20 {
				serve(h, answered(route, at(float64(5*i)), time.Duration(rand.IntN(1e8)), 200))
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Ask(Query{Minutes: 60}, at(3600))
	}
	b.ReportMetric(float64(h.bytes), "held-B")
}
