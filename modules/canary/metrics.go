package canary

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/collector"
	"gateway/internal/exchange"
)

// requestsTotal and durations tell how the two groups fare beside each other. They have
// one series for each api, version and group of the configuration, the counter one for each class of
// statuses; consumers are never labels.
var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_canary_requests_total",
		Help: "Requests of each group of a canary, by the class of their status.",
	}, []string{"api", "version", "group", "class"})
	durations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gateway_canary_duration_seconds",
		Help:    "Time that the service of each group of a canary took to answer.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"api", "version", "group"})
)

var classes = [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}

// series are the children of one version.
type series struct {
	requests [exchange.GroupCount][len(classes)]prometheus.Counter
	times    [exchange.GroupCount]prometheus.Observer
}

// seriesOf finds the series of versions. Versions are those of the configuration, so
// the map stays small; it is copied when a version is met for the first time.
type seriesOf struct {
	scope string
	mu    sync.Mutex
	known atomic.Pointer[map[string]*series]
}

func (s *seriesOf) of(version string) *series {
	if known := s.known.Load(); known != nil {
		if found := (*known)[version]; found != nil {
			return found
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[string]*series)
	if known := s.known.Load(); known != nil {
		maps.Copy(next, *known)
	}
	if next[version] == nil {
		next[version] = newSeries(s.scope, version)
	}
	s.known.Store(&next)
	return next[version]
}

func newSeries(api, version string) *series {
	s := new(series)
	for g := exchange.Stable; g < exchange.GroupCount; g++ {
		s.times[g] = durations.WithLabelValues(api, version, g.String())
		for c := range classes {
			s.requests[g][c] = requestsTotal.WithLabelValues(api, version, g.String(), classes[c])
		}
	}
	return s
}

// count counts one request that was answered with a status, 0 if nobody answered. The
// life of a stream says nothing about its service.
func (s *series) count(x *exchange.Exchange, status int, took time.Duration) {
	class := status/100 - 1
	if class < 0 || class >= len(classes) {
		class = 1 // as the server answers what nobody has answered
	}
	s.requests[x.Group][class].Inc()
	if x.Stream == exchange.NoStream {
		s.times[x.Group].Observe(took.Seconds())
	}
}

// registerMetrics registers the collectors in the registry of a config, once.
func registerMetrics(registry prometheus.Registerer) error {
	return collector.Register(registry, requestsTotal, durations)
}
