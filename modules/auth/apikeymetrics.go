package auth

import "github.com/prometheus/client_golang/prometheus"

// keyStoreMetrics count the requests with an API key about which the shared store could
// not be asked, or said what is not understood.
type keyStoreMetrics struct {
	*prometheus.CounterVec
	unavailable, unreadable prometheus.Counter
}

var keyStoreFailures = func() *keyStoreMetrics {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gateway_auth_api_key_store_failures_total",
		Help: "Requests with an API key that the shared store could not be asked about (unavailable), or has a record of that is not understood (unreadable).",
	}, []string{"cause"})
	return &keyStoreMetrics{vec, vec.WithLabelValues("unavailable"), vec.WithLabelValues("unreadable")}
}()
