package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
	"gateway/internal/exchange"
)

// contractMetrics shows what became of the contracts. It looks at the live APIs when
// it is gathered, so that those that are no longer configured are gone.
type contractMetrics struct{ healthy, success *prometheus.Desc }

func contractDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("gateway_contract_"+name, help, []string{"api", "version"}, nil)
}

var metrics = &contractMetrics{
	healthy: contractDesc("healthy", "1 while the newest contract is the one that is served; 0 while it cannot be used, or there is none yet."),
	success: contractDesc("last_success_timestamp_seconds", "When the contract that is served was read, or confirmed by its service, in seconds since 1970."),
}

// registerMetrics registers the collector with the registry of a config. Every config
// has a new one; within it the second handler finds it registered.
func registerMetrics(registry *prometheus.Registry) error {
	return collector.Register(registry, metrics)
}

// Describe implements prometheus.Collector.
func (m *contractMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.healthy
	ch <- m.success
}

// Collect implements prometheus.Collector. Two APIs of one name, as there are during
// a reload, are one series: the worse one.
func (m *contractMetrics) Collect(ch chan<- prometheus.Metric) {
	type key struct{ api, version string }
	all := make(map[key]ContractHealth)
	live.each(func(a *API) {
		for _, state := range a.contracts() {
			k := key{state.API, state.Version}
			if other, ok := all[k]; ok && (len(other.Findings) > 0 || other.Served.IsZero()) {
				continue
			}
			all[k] = state
		}
	})
	for k, state := range all {
		version := k.version
		if version == "" {
			version = exchange.Other // as in the metrics of requests
		}
		healthy := 1.0
		if len(state.Findings) > 0 || state.Served.IsZero() {
			healthy = 0
		}
		ch <- prometheus.MustNewConstMetric(m.healthy, prometheus.GaugeValue, healthy, k.api, version)
		if !state.Served.IsZero() {
			read := state.Served
			if healthy == 1 && state.Confirmed.After(read) {
				read = state.Confirmed
			}
			ch <- prometheus.MustNewConstMetric(m.success, prometheus.GaugeValue, float64(read.UnixMilli())/1e3, k.api, version)
		}
	}
}

var _ prometheus.Collector = (*contractMetrics)(nil)
