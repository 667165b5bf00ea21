// Package collector registers metrics in the registry of a configuration.
package collector

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Register registers collectors that live as long as the process. Every configuration has
// a registry of its own; within it the second module that registers a collector finds it
// there, which is no error. Another collector of the same metrics is one. The collectors
// have to be comparable, as pointers are.
func Register(registry prometheus.Registerer, collectors ...prometheus.Collector) error {
	for _, c := range collectors {
		err := registry.Register(c)
		if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok && known.ExistingCollector == c {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
