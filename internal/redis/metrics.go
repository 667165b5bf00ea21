package redis

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
)

// openStores are the stores that are open, of all configurations of the process:
// around a reload there may be two.
var openStores sync.Map

// calls counts the calls of all stores by how they ended.
var calls = newCallMetrics()

type callMetrics struct {
	total                     *prometheus.CounterVec
	ok, failed, timeout, down prometheus.Counter
	duration                  prometheus.Histogram
	up                        prometheus.Collector
}

func newCallMetrics() *callMetrics {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_redis_calls_total",
		Help: `Calls to the shared store by outcome: ok, error, timeout, or down, which were not made because it was known to be down.`,
	}, []string{"outcome"})
	return &callMetrics{
		total: total,
		ok:    total.WithLabelValues("ok"), failed: total.WithLabelValues("error"),
		timeout: total.WithLabelValues("timeout"), down: total.WithLabelValues("down"),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gateway_redis_call_duration_seconds", Help: "Time that calls to the shared store took.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}),
		up: upGauge{
			prometheus.NewDesc("gateway_redis_up", "1 if the shared store is in use, 0 while it is down.", nil, nil),
			prometheus.NewDesc("gateway_redis_nodes", "Gateways that use the shared store, as far as is known.", nil, nil),
		},
	}
}

// RegisterMetrics registers the metrics of the stores with the registry of a config.
func RegisterMetrics(registry *prometheus.Registry) error {
	return collector.Register(registry, calls.total, calls.duration, calls.up)
}

// upGauge shows the worst of the stores that are open.
type upGauge struct{ up, nodes *prometheus.Desc }

// Describe implements prometheus.Collector.
func (g upGauge) Describe(ch chan<- *prometheus.Desc) {
	ch <- g.up
	ch <- g.nodes
}

// Collect implements prometheus.Collector.
func (g upGauge) Collect(ch chan<- prometheus.Metric) {
	up, nodes := 1.0, 0
	openStores.Range(func(key, _ any) bool {
		store := key.(*Store)
		nodes = max(nodes, store.Nodes())
		if !store.Up() {
			up = 0
		}
		return true
	})
	if nodes > 0 {
		ch <- prometheus.MustNewConstMetric(g.up, prometheus.GaugeValue, up)
		ch <- prometheus.MustNewConstMetric(g.nodes, prometheus.GaugeValue, float64(nodes))
	}
}
