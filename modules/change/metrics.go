package change

import (
	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
)

// messagesTotal counts messages of operations that changes touch. It has four series for
// each older version of the configuration.
var messagesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "gateway_change_messages_total",
	Help: "Messages of older API versions that were carried to the version of the service, or back.",
}, []string{"api", "version", "direction", "outcome"})

// Outcomes.
const (
	carried = iota
	failed
	outcomes
)

// series are the children of one version.
type series struct {
	requests, responses [outcomes]prometheus.Counter
}

func newSeries(api, version string) *series {
	s := new(series)
	for i, outcome := range [outcomes]string{carried: "carried", failed: "failed"} {
		s.requests[i] = messagesTotal.WithLabelValues(api, version, "request", outcome)
		s.responses[i] = messagesTotal.WithLabelValues(api, version, "response", outcome)
	}
	return s
}

// registerMetrics registers the collector in the registry of a config, once.
func registerMetrics(registry prometheus.Registerer) error {
	return collector.Register(registry, messagesTotal)
}
