package auth

import "github.com/prometheus/client_golang/prometheus"

// denyMetrics shows the deny lists of the process when it is gathered.
type denyMetrics struct {
	entries, failures *prometheus.Desc
}

var deniedMetrics = &denyMetrics{
	entries:  prometheus.NewDesc("gateway_auth_deny_entries", "Entries on the deny lists: those in files, and those of this process, which came by the admin endpoint.", []string{"list"}, nil),
	failures: prometheus.NewDesc("gateway_auth_deny_file_failures_total", "Attempts to read a changed deny list that failed; while it grows, the list before is in force.", nil, nil),
}

// Describe implements prometheus.Collector.
func (m *denyMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.entries
	ch <- m.failures
}

// Collect implements prometheus.Collector.
func (m *denyMetrics) Collect(ch chan<- prometheus.Metric) {
	var entries int64
	var failures uint64
	sources.Range(func(_, value any) bool {
		if f, ok := value.(*denyFile); ok {
			entries += f.list.Load().size.Load()
			failures += f.failures.Load()
		}
		return true
	})
	ch <- prometheus.MustNewConstMetric(m.entries, prometheus.GaugeValue, float64(entries), "file")
	ch <- prometheus.MustNewConstMetric(m.entries, prometheus.GaugeValue, float64(revoked.size.Load()), "process")
	ch <- prometheus.MustNewConstMetric(m.failures, prometheus.CounterValue, float64(failures))
}

var _ prometheus.Collector = (*denyMetrics)(nil)
