package telemetry

import (
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
	"gateway/internal/exchange"
	"gateway/internal/histogram"
)

// Metric describes one metric family. The list of them is what the README, the
// dashboards and the alerts are checked against.
type Metric struct {
	Name string
	// Type is "counter", "gauge" or "histogram".
	Type   string
	Labels []string
	Help   string
}

// Metrics lists every metric family of this package, in the order of the README.
func Metrics() []Metric { return slices.Clone(process.table) }

// metrics are the collectors and the series that stand in them. One value serves the
// whole process, because the values must survive reloads while every config brings
// a registry of its own.
type metrics struct {
	table      []Metric
	collectors []prometheus.Collector

	requests, rejections, bytes *prometheus.CounterVec
	checks, deprecated          *prometheus.CounterVec
	total, own, upstream, life  *histogram.Family
	inFlight                    prometheus.Gauge
	streams                     [exchange.StreamCount]prometheus.Gauge
	dropped                     prometheus.Counter
	generation, loaded          prometheus.Gauge
	decisions                   [exchange.PolicyCount][exchange.VerdictCount]prometheus.Counter

	objectives objectives

	unrouted *prepared // requests that met no route

	mu     sync.Mutex
	limit  int // of series below
	series map[labels]*series
}

var process = newMetrics(maxRoutes)

// Classic buckets in seconds, few, because each is a series of every route and a line of
// every scrape; the native ones are finer. Those for whole requests are what
// OpenTelemetry advises for http.server.request.duration without every third one (0.075,
// 0.75, 7.5), with two below for services on the same machine. The gateway's own work is
// a hundred times shorter.
var (
	requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	lifeBuckets    = []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600}
	ownBuckets     = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .25}
)

// With native buckets from the shortest to the longest that can be expected, as powers
// of two: from 8 µs to 2 hours, from 1 µs to 16 seconds, and from 8 ms to 24 days.
var (
	requestLayout = histogram.NewLayout(requestBuckets, -17, 13)
	ownLayout     = histogram.NewLayout(ownBuckets, -20, 4)
	lifeLayout    = histogram.NewLayout(lifeBuckets, -7, 21)
)

func newMetrics(routes int) *metrics {
	m := &metrics{limit: routes, series: make(map[labels]*series)}
	m.requests = m.counters("gateway_requests_total",
		"Requests answered, by route template, method and status code.",
		"api", "version", "route", "method", "code")
	m.rejections = m.counters("gateway_rejections_total",
		"Requests that a policy refused or the upstream failed, by reason.",
		"api", "version", "route", "reason")
	m.checks = m.counters("gateway_response_checks_total",
		"Responses compared with the contract, by result: passed, reported, refused, or why they were not checked.",
		"api", "version", "route", "result")
	m.deprecated = m.counters("gateway_deprecated_requests_total",
		"Requests that used what the contract marks as deprecated: the operation, or a parameter.",
		"api", "version", "route", "part")
	m.total = m.histograms("gateway_request_duration_seconds",
		"Time from the first gateway handler to the end of the response, or to its beginning if it is a stream.", requestLayout)
	m.own = m.histograms("gateway_own_duration_seconds",
		"Part of the request's time that the gateway itself needed, up to the last policy.", ownLayout)
	m.upstream = m.histograms("gateway_upstream_duration_seconds",
		"Part of the request's time that lies behind the last policy. Forwarded requests only.", requestLayout)
	m.bytes = m.counters("gateway_response_bytes_total",
		"Bytes of response bodies written to clients.",
		"api", "version", "route")
	m.inFlight = m.gauge("gateway_requests_in_flight", "Requests that have begun and not ended. Streams are counted apart.")
	m.openStreams()
	m.life = m.histograms("gateway_stream_duration_seconds",
		"Life of WebSockets, event streams (sse) and other upgraded connections that have ended.", lifeLayout, "kind")
	m.policyDecisions()
	m.sloFamilies()
	m.dropped = m.counter("gateway_series_dropped_total",
		"Requests counted under _other because their route or their route's codes have all the series they may have.")
	m.generation = m.gauge("gateway_config_generation", "Configs that went live since the process started.")
	m.loaded = m.gauge("gateway_config_last_load_timestamp_seconds", "When the live config went live, in Unix time.")
	m.unrouted = prepare(m.acquire(labels{exchange.Other, exchange.Other, exchange.Other}), nil)
	return m
}

// policyDecisions makes all series at once: there are few, and a panel of decisions
// shows zero instead of a gap.
func (m *metrics) policyDecisions() {
	vec := m.counters("gateway_policy_decisions_total",
		"Decisions of the policies. Reported ones would have been refused if the policy were enforced.",
		"policy", "decision")
	for p := range m.decisions {
		for v := range m.decisions[p] {
			m.decisions[p][v] = vec.WithLabelValues(exchange.Policy(p).String(), exchange.Verdict(v).String())
		}
	}
}

// openStreams makes all series at once, as policyDecisions does.
func (m *metrics) openStreams() {
	const name, help = "gateway_streams_in_flight", "WebSockets, event streams (sse) and other upgraded connections that are open."
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"kind"})
	m.add(vec, name, "gauge", help, "kind")
	for kind := exchange.NoStream + 1; kind < exchange.StreamCount; kind++ {
		m.streams[kind] = vec.WithLabelValues(kind.String())
	}
}

// counters makes a family of counters. Every family goes through one of these makers,
// so that the table cannot miss one.
func (m *metrics) counters(name, help string, names ...string) *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, names)
	m.add(vec, name, "counter", help, names...)
	return vec
}

func (m *metrics) counter(name, help string) prometheus.Counter {
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	m.add(counter, name, "counter", help)
	return counter
}

func (m *metrics) gauge(name, help string) prometheus.Gauge {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	m.add(gauge, name, "gauge", help)
	return gauge
}

// histograms makes a family of histograms by route, classic and native.
func (m *metrics) histograms(name, help string, layout *histogram.Layout, more ...string) *histogram.Family {
	names := append([]string{"api", "version", "route"}, more...)
	family := histogram.NewFamily(name, help, layout, names...)
	m.add(family, name, "histogram", help, names...)
	return family
}

func (m *metrics) add(c prometheus.Collector, name, kind, help string, names ...string) {
	m.table = append(m.table, Metric{Name: name, Type: kind, Labels: names, Help: help})
	m.collectors = append(m.collectors, c)
}

// register puts the collectors into the registry of a config. Caddy makes a registry
// for each config, and a config may ask twice.
func (m *metrics) register(registry prometheus.Registerer) error {
	if err := collector.Register(registry, m.collectors...); err != nil {
		return fmt.Errorf("registering the gateway's metrics: %w", err)
	}
	return nil
}
