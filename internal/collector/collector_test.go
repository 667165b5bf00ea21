package collector

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// by is a collector of a type whose values are equal.
type by struct{ name string }

func (b by) desc() *prometheus.Desc { return prometheus.NewDesc(b.name, "Some help.", nil, nil) }

func (b by) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc() }

func (b by) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(b.desc(), prometheus.GaugeValue, 1)
}

func counter(name string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: "Some help."})
}

func TestRegister(t *testing.T) {
	t.Parallel()
	first, second := counter("first_total"), counter("second_total")
	registry := prometheus.NewPedanticRegistry()
	for range 2 { // two modules of one configuration
		if err := Register(registry, first, by{"third"}, second); err != nil {
			t.Fatal(err)
		}
	}
	first.Inc()
	// A reload has a new registry, and the values go on.
	registry = prometheus.NewPedanticRegistry()
	if err := Register(registry, first, second); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 2 || families[0].GetMetric()[0].GetCounter().GetValue() != 1 {
		t.Errorf("got %v, %v", families, err)
	}
	if err := Register(registry, first, counter("second_total")); err == nil {
		t.Error("another collector of the same metric is taken for the one that is there")
	}
	if err := Register(registry, counter("\xff")); err == nil {
		t.Error("a collector that cannot be registered is no error")
	}
}
