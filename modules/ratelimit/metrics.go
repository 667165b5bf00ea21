package ratelimit

import (
	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
)

var (
	keysDesc = prometheus.NewDesc("gateway_ratelimit_store_keys",
		"Partition keys that the stores of a rate limit policy remember.", []string{"policy"}, nil)
	boundDesc = prometheus.NewDesc("gateway_ratelimit_store_max_keys",
		"Partition keys that the stores of a rate limit policy remember at most.", []string{"policy"}, nil)
	evictedDesc = prometheus.NewDesc("gateway_ratelimit_store_evicted_total",
		"Partition keys that were forgotten before their quota was whole again, because the store was full.", []string{"policy"}, nil)
	decisionsDesc = prometheus.NewDesc("gateway_ratelimit_decisions_total",
		"Decisions of single rate limit policies: requests that a policy charged, refused, or would have refused.", []string{"policy", "decision"}, nil)
	flightsDesc = prometheus.NewDesc("gateway_ratelimit_in_flight",
		"Requests under way of a policy that bounds the concurrency.", []string{"policy"}, nil)
	aloneDesc = prometheus.NewDesc("gateway_ratelimit_store_alone_total",
		"Decisions that were made without the shared store because it was down, by what on_error says.", []string{"policy", "on_error"}, nil)
)

// censusCollector reads the stores when it is scraped, so that requests do not pay.
// The label is the policy's name from the config; keys are never labels.
type censusCollector struct{}

// Describe implements prometheus.Collector.
func (censusCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- keysDesc
	ch <- boundDesc
	ch <- evictedDesc
	ch <- aloneDesc
	ch <- flightsDesc
	ch <- decisionsDesc
}

// Collect implements prometheus.Collector. Stores of one policy name are summed up.
func (censusCollector) Collect(ch chan<- prometheus.Metric) {
	collectTallies(ch)
	sums := make(map[string]census)
	for name, s := range liveStores() {
		sum, c := sums[name], s.census()
		sums[name] = census{
			sum.keys + c.keys, sum.bound + c.bound, sum.evicted + c.evicted,
			sum.local + c.local, sum.open + c.open, sum.closed + c.closed,
		}
	}
	flying := make(map[string]float64)
	flightPool.Range(func(key, value any) bool {
		flying[key.(identity).name] += float64(value.(*flights).total.Load())
		return true
	})
	for name, n := range flying {
		ch <- prometheus.MustNewConstMetric(flightsDesc, prometheus.GaugeValue, n, name)
	}
	for name, sum := range sums {
		ch <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, sum.keys, name)
		ch <- prometheus.MustNewConstMetric(boundDesc, prometheus.GaugeValue, sum.bound, name)
		ch <- prometheus.MustNewConstMetric(evictedDesc, prometheus.CounterValue, sum.evicted, name)
		for onError, n := range map[OnError]float64{OnErrorLocal: sum.local, OnErrorOpen: sum.open, OnErrorClosed: sum.closed} {
			if n > 0 {
				ch <- prometheus.MustNewConstMetric(aloneDesc, prometheus.CounterValue, n, name, string(onError))
			}
		}
	}
}

// registerMetrics registers the collector in the registry of a config, once.
func registerMetrics(registry prometheus.Registerer) error {
	return collector.Register(registry, censusCollector{})
}
