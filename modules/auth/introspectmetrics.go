package auth

import "github.com/prometheus/client_golang/prometheus"

// introspectionMetrics shows the introspection endpoints of the process when it is
// gathered.
type introspectionMetrics struct{ asked, paused *prometheus.Desc }

var introspectedMetrics = &introspectionMetrics{
	asked: prometheus.NewDesc("gateway_auth_introspections_total",
		"Tokens that an introspection endpoint was asked about: active, inactive, failed without usable answer, or turned_away because the endpoint is down or busy.", []string{"endpoint", "outcome"}, nil),
	paused: prometheus.NewDesc("gateway_auth_introspection_paused",
		"1 while an introspection endpoint is left alone because it does not answer, else 0.", []string{"endpoint"}, nil),
}

// Describe implements prometheus.Collector.
func (m *introspectionMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.asked
	ch <- m.paused
}

// introspectionOutcomes are the values of the label outcome.
var introspectionOutcomes = [...]string{"active", "inactive", "failed", "turned_away"}

// introspectionHealth is what is known about one endpoint. Two clients of one endpoint
// are one series.
type introspectionHealth struct {
	asked  [len(introspectionOutcomes)]uint64
	paused float64
}

// Collect implements prometheus.Collector.
func (m *introspectionMetrics) Collect(ch chan<- prometheus.Metric) {
	all := make(map[string]introspectionHealth)
	sources.Range(func(_, value any) bool {
		p, ok := value.(*pooledIntrospector)
		if !ok {
			return true
		}
		h := all[p.endpoint]
		for i, n := range []uint64{p.stats.active.Load(), p.stats.inactive.Load(), p.stats.failed.Load(), p.stats.turnedAway.Load()} {
			h.asked[i] += n
		}
		if p.health.paused() {
			h.paused = 1
		}
		all[p.endpoint] = h
		return true
	})
	for endpoint, h := range all {
		for i, n := range h.asked {
			ch <- prometheus.MustNewConstMetric(m.asked, prometheus.CounterValue, float64(n), endpoint, introspectionOutcomes[i])
		}
		ch <- prometheus.MustNewConstMetric(m.paused, prometheus.GaugeValue, h.paused, endpoint)
	}
}

var _ prometheus.Collector = (*introspectionMetrics)(nil)
