package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/exchange"
)

// Objectives are the service level objectives of an API. Shares are from 0 to 1.
type Objectives struct {
	// Availability is the share of requests that have to succeed; 0 is no objective.
	Availability float64
	// Latency is the share of the requests that succeed that have to take no longer
	// than Within; 0 is no objective.
	Latency float64
	Within  time.Duration
}

// Objectives that an API can have.
const (
	availability = iota
	latency
	objectiveCount
)

var objectiveLabels = [objectiveCount]string{"availability", "latency"}

func (o *Objectives) shares() [objectiveCount]float64 {
	return [objectiveCount]float64{o.Availability, o.Latency}
}

// promise is what a config promises for one API, with the counters of its requests.
// The counters are those of all configs that promise something for the API.
type promise struct {
	Objectives
	eligible, bad [objectiveCount]prometheus.Counter // nil without the objective
}

// count brings one request into the objectives of its API.
//
// What a policy refused because of the client is in none of them: otherwise a flood of
// such requests would hide that all others fail. A failure is a status of 5xx, or a
// response that was cut off behind the gateway; failures have no latency.
func (p *promise) count(x *exchange.Exchange, status int) {
	failed := status >= 500
	if x.Refusal != nil {
		if x.Refusal.Code() < 500 {
			return
		}
		failed = true
	}
	if p.eligible[availability] != nil {
		p.eligible[availability].Inc()
		if failed {
			p.bad[availability].Inc()
		}
	}
	if p.eligible[latency] != nil && !failed {
		p.eligible[latency].Inc()
		if x.Total > p.Within {
			p.bad[latency].Inc()
		}
	}
}

// objectives are the collectors of all promises. What is promised is read from the
// live config when it is gathered: a config that is only looked at promises nothing.
type objectives struct {
	eligible, bad         *prometheus.CounterVec
	objective, thresholds *prometheus.Desc

	live atomic.Pointer[Telemetry]
	refs map[string]int // configs that promise something, by API; guarded by metrics.mu
}

func (m *metrics) sloFamilies() {
	o := &m.objectives
	o.refs = make(map[string]int)
	o.eligible = m.counters("gateway_slo_requests_total",
		"Requests that count for an objective: all but those refused because of the client; for latency, those that succeeded.",
		"api", "slo")
	o.bad = m.counters("gateway_slo_bad_requests_total",
		"Requests that missed an objective: failed by the gateway or the service, or slower than promised.",
		"api", "slo")
	o.objective = m.described("gateway_slo_objective_ratio",
		"Share of requests that the objective asks for, from 0 to 1.", "api", "slo")
	o.thresholds = m.described("gateway_slo_latency_threshold_seconds",
		"Time within which a request has to end for the latency objective.", "api")
	m.collectors = append(m.collectors, o)
}

// described adds a gauge to the table that is made when it is gathered.
func (m *metrics) described(name, help string, names ...string) *prometheus.Desc {
	m.table = append(m.table, Metric{Name: name, Type: "gauge", Labels: names, Help: help})
	return prometheus.NewDesc(name, help, names, nil)
}

// Describe implements prometheus.Collector.
func (o *objectives) Describe(ch chan<- *prometheus.Desc) {
	ch <- o.objective
	ch <- o.thresholds
}

// Collect implements prometheus.Collector.
func (o *objectives) Collect(ch chan<- prometheus.Metric) {
	t := o.live.Load()
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for api, p := range t.promises {
		for i, share := range p.shares() {
			if share > 0 {
				ch <- prometheus.MustNewConstMetric(o.objective, prometheus.GaugeValue, share, api, objectiveLabels[i])
			}
		}
		if p.Latency > 0 {
			ch <- prometheus.MustNewConstMetric(o.thresholds, prometheus.GaugeValue, p.Within.Seconds(), api)
		}
	}
}

// Promise sets the objectives of an API. It has to come before the routes of the API
// are prepared. The counters begin with 0 at once, so that the first failure counts as
// an increase.
func (t *Telemetry) Promise(api string, objectives Objectives) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.promises[api] != nil {
		return
	}
	p := &promise{Objectives: objectives}
	t.metrics.mu.Lock()
	defer t.metrics.mu.Unlock()
	o := &t.metrics.objectives
	o.refs[api]++
	for i, share := range p.shares() {
		if share > 0 {
			p.eligible[i] = o.eligible.WithLabelValues(api, objectiveLabels[i])
			p.bad[i] = o.bad.WithLabelValues(api, objectiveLabels[i])
		}
	}
	if t.promises == nil {
		t.promises = make(map[string]*promise)
	}
	t.promises[api] = p
}

// withdraw takes back all promises; counters that no config needs any more leave. t.mu
// is held.
func (t *Telemetry) withdraw() {
	t.metrics.mu.Lock()
	defer t.metrics.mu.Unlock()
	o := &t.metrics.objectives
	o.live.CompareAndSwap(t, nil)
	for api := range t.promises {
		if o.refs[api]--; o.refs[api] > 0 {
			continue
		}
		delete(o.refs, api)
		for _, label := range objectiveLabels {
			o.eligible.DeleteLabelValues(api, label)
			o.bad.DeleteLabelValues(api, label)
		}
	}
	t.promises = nil
}
