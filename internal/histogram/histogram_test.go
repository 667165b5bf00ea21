package histogram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/testing/protocmp"
)

// The layout of the tests has bounds that are native ends as well (1 s) and bounds
// that are none.
var (
	bounds = []float64{.00005, .001, .0025, .005, .01, .025, .1, .5, 1, 2.5, 10}
	layout = NewLayout(bounds, -20, 6)
)

// oracle is client_golang's histogram of the same shape.
func oracle() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "test_seconds", Help: "Test.", Buckets: bounds,
		NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: math.Ldexp(1, -20),
	})
}

func write(t testing.TB, m prometheus.Metric) *dto.Metric {
	t.Helper()
	var out dto.Metric
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// same compares with the oracle. Each took its time of creation from the clock, and
// each keeps other exemplars for the native buckets.
func same(t testing.TB, want prometheus.Metric, got *Histogram) {
	t.Helper()
	ignored := protocmp.IgnoreFields(&dto.Histogram{}, "created_timestamp", "exemplars", "sample_sum")
	w, g := write(t, want), write(t, got)
	if diff := cmp.Diff(w, g, protocmp.Transform(), ignored); diff != "" {
		t.Errorf("client_golang and this differ (-want +got):\n%s", diff)
	}
	if w, g := w.Histogram.GetSampleSum(), g.Histogram.GetSampleSum(); math.Abs(w-g) > 1e-9*math.Abs(w) {
		t.Errorf("the sum is %v, want %v", g, w)
	}
}

func TestSameAsClientGolang(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		want, got := oracle(), NewFamily("test_seconds", "Test.", layout).New()
		for range random.IntN(2000) {
			// Evenly over the orders of magnitude, from 1 ns to a minute.
			d := time.Duration(math.Exp(random.Float64() * math.Log(60e9)))
			want.Observe(d.Seconds())
			got.Observe(d, "")
		}
		same(t, want, got)
	}
}

func TestSameAtEveryBound(t *testing.T) {
	t.Parallel()
	want, got := oracle(), NewFamily("test_seconds", "Test.", layout).New()
	for _, c := range layout.cells[:len(layout.cells)-1] {
		for d := time.Duration(c.end) - 2; d <= time.Duration(c.end)+2 && d.Seconds() <= 64; d++ {
			want.Observe(d.Seconds())
			got.Observe(d, "")
		}
	}
	same(t, want, got)
}

func TestExemplarsStandAtTheirBuckets(t *testing.T) {
	t.Parallel()
	got := NewFamily("test_seconds", "Test.", layout).New()
	got.Observe(2*time.Millisecond, "4bf92f3577b34da6a3ce929d0e0e4736")
	got.Observe(2*time.Millisecond, "")
	got.Observe(time.Minute, "00f067aa0ba902b7a3ce929d0e0e4736")
	h := write(t, got).Histogram
	found := map[float64]string{}
	for _, bucket := range h.GetBucket() {
		if e := bucket.GetExemplar(); e != nil {
			found[bucket.GetUpperBound()] = fmt.Sprint(e.GetLabel()[0].GetName(), " ", e.GetLabel()[0].GetValue(), " ", e.GetValue())
		}
	}
	want := map[float64]string{
		.0025:       "trace_id 4bf92f3577b34da6a3ce929d0e0e4736 0.002",
		math.Inf(1): "trace_id 00f067aa0ba902b7a3ce929d0e0e4736 60",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("exemplars (-want +got):\n%s", diff)
	}
	if len(h.GetExemplars()) != 2 {
		t.Errorf("the native histogram has %d exemplars, want both", len(h.GetExemplars()))
	}
}

// What lies outside of the native range keeps its classic bucket and its sum.
func TestOutsideOfTheRange(t *testing.T) {
	t.Parallel()
	got := NewFamily("test_seconds", "Test.", layout).New()
	for _, d := range []time.Duration{-time.Second, 0, 1, 953, math.MaxInt64} {
		got.Observe(d, "")
	}
	h := write(t, got).Histogram
	if h.GetZeroCount() != 4 || h.GetSampleCount() != 5 || h.GetBucket()[len(bounds)-1].GetCumulativeCount() != 4 {
		t.Errorf("got %v", h)
	}
	if span := h.GetPositiveSpan(); len(span) != 1 || span[0].GetOffset() != 6<<schema {
		t.Errorf("the longest duration is in %v, want the highest bucket, %d", span, 6<<schema)
	}
}

func TestFindAgreesWithSearch(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		d := random.Int64() >> random.IntN(63)
		if got, want := layout.find(time.Duration(d)), layout.search(d); got != want {
			t.Fatalf("%v is found in cell %d, want %d", time.Duration(d), got, want)
		}
	}
}

// A scrape in the middle never shows buckets that disagree with the number of
// observations: Prometheus rejects such native histograms.
func TestBucketsAgreeWhileObserved(t *testing.T) {
	t.Parallel()
	family := NewFamily("test_seconds", "Test.", layout)
	got := family.New()
	var observers sync.WaitGroup
	for seed := range uint64(4) {
		observers.Go(func() {
			random := rand.New(rand.NewPCG(seed, 3))
			for range 20_000 {
				got.Observe(time.Duration(random.Int64N(int64(time.Second))), "")
			}
		})
	}
	done := make(chan struct{})
	go func() { observers.Wait(); close(done) }()
	for last, more := uint64(0), true; more; {
		select {
		case <-done:
			more = false
		default:
		}
		h := write(t, got).Histogram
		native, count := h.GetZeroCount(), int64(0)
		for _, delta := range h.GetPositiveDelta() {
			count += delta
			native += uint64(count)
		}
		if native != h.GetSampleCount() || h.GetSampleCount() < last {
			t.Fatalf("%d observations, %d before, and %d in the native buckets", h.GetSampleCount(), last, native)
		}
		last = h.GetSampleCount()
	}
	if n := write(t, got).Histogram.GetSampleCount(); n != 80_000 {
		t.Errorf("%d observations were counted, want 80000", n)
	}
}

func TestFamilyGathersItsSeries(t *testing.T) {
	t.Parallel()
	family := NewFamily("test_seconds", "Test.", layout, "route", "api")
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(family)
	a, b := family.New("/a", "x"), family.New("/b", "x")
	a.Observe(time.Second, "")
	b.Observe(time.Second, "")
	family.Remove(b)
	b.Observe(time.Second, "")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) != 1 || len(families[0].GetMetric()) != 1 {
		t.Fatalf("gathered %v, want the series that is left", families)
	}
	labels := families[0].GetMetric()[0].GetLabel()
	if len(labels) != 2 || labels[0].GetName() != "api" || labels[1].GetValue() != "/a" {
		t.Errorf("labels %v", labels)
	}
}

func TestObserveDoesNotAllocate(t *testing.T) {
	h := NewFamily("test_seconds", "Test.", layout).New()
	if got := testing.AllocsPerRun(100, func() { h.Observe(3*time.Millisecond, "") }); got > 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	b.Run("this", func(b *testing.B) {
		h := NewFamily("test_seconds", "Test.", layout).New()
		for d := time.Duration(0); b.Loop(); d += time.Microsecond {
			h.Observe(d&(1<<30-1), "")
		}
	})
	b.Run("client_golang", func(b *testing.B) {
		h := oracle()
		for d := time.Duration(0); b.Loop(); d += time.Microsecond {
			h.Observe((d & (1<<30 - 1)).Seconds())
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	ours, theirs := NewFamily("test_seconds", "Test.", layout).New(), oracle()
	for d := time.Microsecond; d < time.Second; d *= 2 {
		ours.Observe(d, "")
		theirs.Observe(d.Seconds())
	}
	for name, m := range map[string]prometheus.Metric{"this": ours, "client_golang": theirs} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var out dto.Metric
				if err := m.Write(&out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
