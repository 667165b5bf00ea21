package auth

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// denyMetrics shows the deny lists of the process when it is gathered.
type denyMetrics struct {
	entries, failures           *prometheus.Desc
	age, unshared, syncFailures *prometheus.Desc
}

var deniedMetrics = &denyMetrics{
	entries:      prometheus.NewDesc("gateway_auth_deny_entries", "Entries on the deny lists: those in files, those that gateways share, and those of this process alone.", []string{"list"}, nil),
	age:          prometheus.NewDesc("gateway_auth_deny_sync_age_seconds", "Time since the shared deny list was last in step with the store; absent until it was for the first time.", nil, nil),
	unshared:     prometheus.NewDesc("gateway_auth_deny_unshared", "Revocations and reinstatements of this gateway that the others do not have yet.", nil, nil),
	syncFailures: prometheus.NewDesc("gateway_auth_deny_sync_failures_total", "Attempts to bring the shared deny list in step with the store that failed; while it grows, the last known list is in force.", nil, nil),
	failures:     prometheus.NewDesc("gateway_auth_deny_file_failures_total", "Attempts to read a changed deny list that failed; while it grows, the list before is in force.", nil, nil),
}

// Describe implements prometheus.Collector.
func (m *denyMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.entries
	ch <- m.failures
	ch <- m.age
	ch <- m.unshared
	ch <- m.syncFailures
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
	m.collectShared(ch, time.Now())
}

// collectShared shows the shared lists. Around a reload there may be two: the worse
// one is shown.
func (m *denyMetrics) collectShared(ch chan<- prometheus.Metric, now time.Time) {
	lists := sharedLists()
	if len(lists) == 0 {
		return
	}
	var entries, synced int64
	var unshared int
	var failures uint64
	for _, list := range lists {
		entries = max(entries, list.list.size.Load())
		unshared = max(unshared, list.unshared())
		failures += list.failures.Load()
		if at := list.synced.Load(); at != 0 && (synced == 0 || at < synced) {
			synced = at
		}
	}
	ch <- prometheus.MustNewConstMetric(m.entries, prometheus.GaugeValue, float64(entries), "shared")
	ch <- prometheus.MustNewConstMetric(m.unshared, prometheus.GaugeValue, float64(unshared))
	ch <- prometheus.MustNewConstMetric(m.syncFailures, prometheus.CounterValue, float64(failures))
	if synced != 0 {
		ch <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, now.Sub(time.Unix(0, synced)).Seconds())
	}
}

var _ prometheus.Collector = (*denyMetrics)(nil)
