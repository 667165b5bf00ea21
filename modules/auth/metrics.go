package auth

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
)

// keyMetrics shows the health of fetched keys, one series per issuer of the
// configuration. It reads the pool when it is gathered, so that the series of an
// issuer that is no longer configured are gone.
type keyMetrics struct {
	usable, age, success, stale, fetches, failures *prometheus.Desc
}

func keyDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("gateway_auth_keys_"+name, help, []string{"issuer"}, nil)
}

var metrics = &keyMetrics{
	usable:   keyDesc("usable", "Keys that tokens of the issuer can be verified with; 0 means that its tokens are answered with 503."),
	age:      keyDesc("age_seconds", "Time since the keys of the issuer were fetched; more than the refresh interval means that they are stale."),
	success:  keyDesc("last_success_timestamp_seconds", "When the keys of the issuer were last fetched, in seconds since 1970."),
	stale:    keyDesc("stale", "1 while keys serve on although the last attempt to fetch them failed, else 0."),
	fetches:  keyDesc("fetches_total", "Attempts to fetch the keys of the issuer."),
	failures: keyDesc("fetch_failures_total", "Attempts to fetch the keys of the issuer that failed."),
}

// registerMetrics registers the collectors with the registry of a config. Every
// config has a new one; within it the second handler finds them registered.
func registerMetrics(registry *prometheus.Registry) error {
	return collector.Register(registry, metrics, deniedMetrics, introspectedMetrics, keyStoreFailures)
}

// Describe implements prometheus.Collector.
func (m *keyMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.usable
	ch <- m.age
	ch <- m.success
	ch <- m.stale
	ch <- m.fetches
	ch <- m.failures
}

// health is what is known about the keys of one issuer. Two sources of one issuer,
// as there are during a reload, are one series.
type health struct {
	usable            int
	stale             float64
	at                time.Time
	fetches, failures uint64
}

// Collect implements prometheus.Collector.
func (m *keyMetrics) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	for issuer, h := range m.gather(now) {
		ch <- prometheus.MustNewConstMetric(m.usable, prometheus.GaugeValue, float64(h.usable), issuer)
		ch <- prometheus.MustNewConstMetric(m.fetches, prometheus.CounterValue, float64(h.fetches), issuer)
		ch <- prometheus.MustNewConstMetric(m.failures, prometheus.CounterValue, float64(h.failures), issuer)
		ch <- prometheus.MustNewConstMetric(m.stale, prometheus.GaugeValue, h.stale, issuer)
		if !h.at.IsZero() {
			ch <- prometheus.MustNewConstMetric(m.success, prometheus.GaugeValue, float64(h.at.UnixMilli())/1e3, issuer)
			ch <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, now.Sub(h.at).Seconds(), issuer)
		}
	}
}

func (m *keyMetrics) gather(now time.Time) map[string]health {
	all := make(map[string]health)
	sources.Range(func(_, value any) bool {
		p, ok := value.(*pooledRemote)
		if !ok {
			return true
		}
		h := all[p.issuer]
		h.fetches += p.stats.fetches.Load()
		h.failures += p.stats.failures.Load()
		if p.isStale(now) {
			h.stale = 1
		}
		if state := p.current(now); state != nil {
			h.usable = max(h.usable, state.set.size())
		}
		if state := p.state.Load(); state != nil && state.at.After(h.at) {
			h.at = state.at
		}
		all[p.issuer] = h
		return true
	})
	return all
}

var _ prometheus.Collector = (*keyMetrics)(nil)
