// Package histogram counts durations in classic and native buckets at once. It stands in
// for the histograms of client_golang where each request is counted in several of them:
// an observation costs two additions instead of a search in two tables, and a scrape
// one allocation for all classic buckets instead of three for each. docs/decisions/histogram.md has
// the measurements. What is gathered is the same, which the tests hold against
// client_golang as the oracle.
package histogram

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Histogram is one series. It is safe for concurrent use.
type Histogram struct {
	family  *Family
	labels  []*dto.LabelPair
	created *timestamppb.Timestamp

	sum       atomic.Uint64 // bits of a float64, in seconds
	counts    []atomic.Uint64
	exemplars []atomic.Pointer[dto.Exemplar] // the last one of each classic bucket
}

// Observe adds a duration. traceID is that of the sampled trace that it was seen in,
// "" if there is none.
func (h *Histogram) Observe(d time.Duration, traceID string) {
	i := h.family.layout.find(d)
	h.counts[i].Add(1)
	seconds := d.Seconds()
	for {
		sum := h.sum.Load()
		if h.sum.CompareAndSwap(sum, math.Float64bits(math.Float64frombits(sum)+seconds)) {
			break
		}
	}
	if traceID != "" {
		h.exemplars[h.family.layout.cells[i].classic].Store(exemplar(seconds, traceID))
	}
}

// exemplar is apart because its arguments move to the heap.
func exemplar(seconds float64, traceID string) *dto.Exemplar {
	return &dto.Exemplar{
		Label:     []*dto.LabelPair{{Name: proto.String("trace_id"), Value: &traceID}},
		Value:     &seconds,
		Timestamp: timestamppb.Now(),
	}
}

// Desc implements prometheus.Metric.
func (h *Histogram) Desc() *prometheus.Desc { return h.family.desc }

// Write implements prometheus.Metric. The number of observations and all buckets are
// added up from one reading of the counters, so that they always agree; the sum may
// be ahead or behind by what is observed meanwhile.
func (h *Histogram) Write(out *dto.Metric) error {
	layout := h.family.layout
	classic := len(layout.bounds)
	w := &written{rows: make([]row, classic+1), ordered: make([]*dto.Bucket, 0, classic+1)}
	var native nativeBuckets
	for i := range h.counts {
		count := h.counts[i].Load()
		if count == 0 {
			continue
		}
		w.rows[layout.cells[i].classic].count += count
		native.add(layout.cells[i].native, count)
	}
	for i := range w.rows {
		if i > 0 {
			w.rows[i].count += w.rows[i-1].count
		}
		w.add(i, layout, h.exemplars[i].Load())
	}
	w.sum = math.Float64frombits(h.sum.Load())
	w.schema, w.zero = schema, native.zero
	out.Label = h.labels
	out.Histogram = &w.histogram
	w.histogram.SampleCount, w.histogram.SampleSum = &w.rows[classic].count, &w.sum
	w.histogram.Bucket, w.histogram.CreatedTimestamp = w.ordered, h.created
	w.histogram.Schema, w.histogram.ZeroThreshold, w.histogram.ZeroCount = &w.schema, &layout.zero, &w.zero
	w.histogram.PositiveSpan, w.histogram.PositiveDelta = native.spans, native.deltas
	return nil
}

// written is what one Write fills, allocated together.
type written struct {
	histogram dto.Histogram
	sum       float64
	schema    int32
	zero      uint64
	rows      []row // the last one is +Inf
	ordered   []*dto.Bucket
}

// row is a classic bucket.
type row struct {
	count  uint64
	bucket dto.Bucket
}

// add lists a classic bucket. That of +Inf says nothing that the number of
// observations does not, unless it has an exemplar.
func (w *written) add(i int, layout *Layout, exemplar *dto.Exemplar) {
	bucket := &w.rows[i].bucket
	bucket.CumulativeCount, bucket.Exemplar = &w.rows[i].count, exemplar
	if i < len(layout.bounds) {
		bucket.UpperBound = &layout.bounds[i]
	} else if exemplar != nil {
		bucket.UpperBound = proto.Float64(math.Inf(1))
	} else {
		return
	}
	w.ordered = append(w.ordered, bucket)
	if exemplar != nil {
		w.histogram.Exemplars = append(w.histogram.Exemplars, exemplar)
	}
}

// nativeBuckets are written as runs of neighbours, each bucket as the difference to the
// one before it.
type nativeBuckets struct {
	zero   uint64
	spans  []*dto.BucketSpan
	deltas []int64
	last   int32 // the bucket that was added last
	count  int64 // and what is in it
}

// longestGap is how many empty buckets are written out before a new run begins.
const longestGap = 2

// add adds to a bucket, which is the last one or one above it.
func (n *nativeBuckets) add(bucket int32, count uint64) {
	if bucket == zeroBucket {
		n.zero += count
		return
	}
	if len(n.deltas) > 0 && bucket == n.last { // another cell of the same bucket
		n.deltas[len(n.deltas)-1] += int64(count)
		n.count += int64(count)
		return
	}
	gap := bucket // of the first run, from bucket 0
	if len(n.spans) > 0 {
		gap = bucket - n.last - 1
	}
	if len(n.spans) == 0 || gap > longestGap {
		n.spans = append(n.spans, &dto.BucketSpan{Offset: proto.Int32(gap), Length: proto.Uint32(0)})
		gap = 0
	}
	for range gap {
		n.append(0)
	}
	n.append(int64(count))
	n.last = bucket
}

func (n *nativeBuckets) append(count int64) {
	*n.spans[len(n.spans)-1].Length++
	n.deltas = append(n.deltas, count-n.count)
	n.count = count
}

// Family is the histograms of one name. It is a prometheus.Collector.
type Family struct {
	desc   *prometheus.Desc
	names  []string
	layout *Layout

	mu       sync.Mutex
	children map[*Histogram]struct{}
}

// NewFamily returns a family whose series differ in the labels with these names.
func NewFamily(name, help string, layout *Layout, names ...string) *Family {
	return &Family{
		desc:  prometheus.NewDesc(name, help, names, nil),
		names: names, layout: layout, children: make(map[*Histogram]struct{}),
	}
}

// New adds a series with these label values. The caller makes each series once and
// bounds their number.
func (f *Family) New(values ...string) *Histogram {
	h := &Histogram{
		family: f, labels: make([]*dto.LabelPair, len(values)), created: timestamppb.Now(),
		counts:    make([]atomic.Uint64, len(f.layout.cells)),
		exemplars: make([]atomic.Pointer[dto.Exemplar], len(f.layout.bounds)+1),
	}
	for i, value := range values {
		h.labels[i] = &dto.LabelPair{Name: &f.names[i], Value: &value}
	}
	slices.SortFunc(h.labels, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.children[h] = struct{}{}
	return h
}

// Remove takes a series out. It may still be observed, but nobody gathers it.
func (f *Family) Remove(h *Histogram) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.children, h)
}

// Describe implements prometheus.Collector.
func (f *Family) Describe(descs chan<- *prometheus.Desc) { descs <- f.desc }

// Collect implements prometheus.Collector.
func (f *Family) Collect(metrics chan<- prometheus.Metric) {
	f.mu.Lock()
	children := make([]*Histogram, 0, len(f.children))
	for h := range f.children {
		children = append(children, h)
	}
	f.mu.Unlock()
	for _, h := range children { // the lock is not held while the gatherer takes its time
		metrics <- h
	}
}
