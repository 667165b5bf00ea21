package versioning

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
)

var (
	lastDesc = prometheus.NewDesc("gateway_version_last_request_timestamp_seconds",
		"When a version was last asked for, in seconds since the epoch.", []string{"api", "version"}, nil)
	deprecationDesc = prometheus.NewDesc("gateway_version_deprecation_timestamp_seconds",
		"When a version is deprecated, in seconds since the epoch.", []string{"api", "version"}, nil)
	sunsetDesc = prometheus.NewDesc("gateway_version_sunset_timestamp_seconds",
		"When a version is switched off, in seconds since the epoch.", []string{"api", "version"}, nil)
)

// lifeCollector reads lives and uses when it is scraped. Versions are those of the
// configuration, so the series are bounded; consumers are never labels.
type lifeCollector struct{}

// Describe implements prometheus.Collector.
func (lifeCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- lastDesc
	ch <- deprecationDesc
	ch <- sunsetDesc
}

// Collect implements prometheus.Collector.
func (lifeCollector) Collect(ch chan<- prometheus.Metric) {
	for _, api := range usageReports(time.Now()).APIs {
		for _, v := range api.Versions {
			for desc, at := range map[*prometheus.Desc]*time.Time{lastDesc: v.Last, deprecationDesc: v.Deprecated, sunsetDesc: v.Sunset} {
				if at != nil {
					ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(at.Unix()), api.API, v.Version)
				}
			}
		}
	}
}

// registerMetrics registers the collector in the registry of a config, once.
func registerMetrics(registry prometheus.Registerer) error {
	return collector.Register(registry, lifeCollector{})
}
