package telemetry

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gateway/internal/exchange"
	"gateway/internal/histogram"
	"gateway/internal/problem"
)

// Bounds on the number of series; the package comment has the sum.
const (
	// maxRoutes is how many routes of all live configs have series of their own.
	maxRoutes = 5000
	// maxCodes is how many status codes one method of one route has, besides _other.
	maxCodes = 32
)

// labels identify a route on every metric that has one.
type labels struct{ api, version, route string }

func labelsOf(route *exchange.Route) labels {
	return labels{known(route.API), known(route.Version), known(route.Template)}
}

func known(name string) string {
	if name == "" {
		return exchange.Other
	}
	return name
}

// series are the metric children of one route. All configs that have the route share
// them, so that a reload continues to count; they leave with the last config.
//
// Children are made when they are first needed, because most operations of a large
// contract are never called and never answer with most of the codes. After that a
// request finds them without a lock, a map or a hash.
type series struct {
	labels
	metrics *metrics
	refs    int // guarded by metrics.mu

	timing     atomic.Pointer[timing]
	requests   [methodCount]atomic.Pointer[[]codeCounter]
	rejections [reasonSlots]atomic.Pointer[prometheus.Counter]
	checks     [resultSlots]atomic.Pointer[prometheus.Counter]
	deprecated [len(parts)]atomic.Pointer[prometheus.Counter]
	life       [exchange.StreamCount]atomic.Pointer[histogram.Histogram]

	mu   sync.Mutex // held while children are made or deleted
	gone bool
}

// timing are the children that every request of a route has.
type timing struct {
	total, own, upstream *histogram.Histogram
	bytes                prometheus.Counter
}

// codeCounter counts the answers with one status code; otherCode stands for the rest.
type codeCounter struct {
	code    int
	counter prometheus.Counter
}

const otherCode = -1

// acquire returns the series of a route and counts one more user of it. When there
// are as many routes as there may be, it is those of _other.
func (m *metrics) acquire(l labels) *series {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.series[l]
	if s == nil {
		if len(m.series) >= m.limit && m.unrouted != nil {
			return m.unrouted.series
		}
		s = &series{labels: l, metrics: m}
		m.series[l] = s
	}
	s.refs++
	return s
}

// release gives up what acquire returned.
func (m *metrics) release(s *series) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.refs--; s.refs == 0 {
		delete(m.series, s.labels)
		s.remove()
	}
}

// remove takes the children out of the collectors. A request that is still on its
// way counts into children that nobody gathers any more, and makes no new ones.
func (s *series) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	m := s.metrics
	if t := s.timing.Load(); t != nil {
		m.total.Remove(t.total)
		m.own.Remove(t.own)
		m.upstream.Remove(t.upstream)
		m.bytes.DeleteLabelValues(s.api, s.version, s.route)
	}
	for i := range s.requests {
		if counters := s.requests[i].Load(); counters != nil {
			for _, c := range *counters {
				m.requests.DeleteLabelValues(s.api, s.version, s.route, methodLabels[i], codeLabel(c.code))
			}
		}
	}
	for i := range s.rejections {
		if s.rejections[i].Load() != nil {
			m.rejections.DeleteLabelValues(s.api, s.version, s.route, reasonLabel(i))
		}
	}
	for i := range s.checks {
		if s.checks[i].Load() != nil {
			m.checks.DeleteLabelValues(s.api, s.version, s.route, results[i])
		}
	}
	for i := range s.life {
		if life := s.life[i].Load(); life != nil {
			m.life.Remove(life)
		}
	}
	for i := range s.deprecated {
		if s.deprecated[i].Load() != nil {
			m.deprecated.DeleteLabelValues(s.api, s.version, s.route, parts[i].label)
		}
	}
}

// times returns the children for durations and bytes, or nil when the route has left.
func (s *series) times() *timing {
	if t := s.timing.Load(); t != nil {
		return t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.timing.Load(); t != nil || s.gone {
		return t
	}
	m := s.metrics
	t := &timing{
		total:    m.total.New(s.api, s.version, s.route),
		own:      m.own.New(s.api, s.version, s.route),
		upstream: m.upstream.New(s.api, s.version, s.route),
		bytes:    m.bytes.WithLabelValues(s.api, s.version, s.route),
	}
	s.timing.Store(t)
	return t
}

// request counts an answer.
func (s *series) request(method, code int) {
	if counters := s.requests[method].Load(); counters != nil {
		if c := find(*counters, code); c != nil {
			s.inc(c)
			return
		}
	}
	if c := s.addCode(method, code); c != nil {
		s.inc(c)
	}
}

func (s *series) inc(c *codeCounter) {
	c.counter.Inc()
	if c.code == otherCode {
		s.metrics.dropped.Inc()
	}
}

// find returns the counter for code, which in a full table is that of the rest.
func find(counters []codeCounter, code int) *codeCounter {
	for i := range counters {
		if counters[i].code == code {
			return &counters[i]
		}
	}
	if len(counters) > maxCodes {
		return &counters[maxCodes]
	}
	return nil
}

// addCode makes the counter for a code that the method has not answered with so far.
// Readers see the old table or the new one.
func (s *series) addCode(method, code int) *codeCounter {
	s.mu.Lock()
	defer s.mu.Unlock()
	var counters []codeCounter
	if table := s.requests[method].Load(); table != nil {
		counters = *table
	}
	if c := find(counters, code); c != nil || s.gone {
		return c
	}
	if len(counters) == maxCodes {
		code = otherCode
	}
	counter := s.metrics.requests.WithLabelValues(s.api, s.version, s.route, methodLabels[method], codeLabel(code))
	counters = append(counters[:len(counters):len(counters)], codeCounter{code, counter})
	s.requests[method].Store(&counters)
	return &counters[len(counters)-1]
}

func codeLabel(code int) string {
	if code == otherCode {
		return exchange.Other
	}
	return strconv.Itoa(code)
}

// rejection counts a refusal or a failure of the upstream.
func (s *series) rejection(reason *problem.Reason) {
	slot := reasonSlot(reason)
	s.inSlot(&s.rejections[slot], s.metrics.rejections, reasonLabel(slot))
}

// check counts a response that was, or was not, compared with the contract.
func (s *series) check(d *exchange.Decision) {
	slot := resultSlot(d)
	s.inSlot(&s.checks[slot], s.metrics.checks, results[slot])
}

// outdated counts a request that used deprecated parts of the contract.
func (s *series) outdated(used exchange.Deprecated) {
	for i, part := range parts {
		if used&part.bit != 0 {
			s.inSlot(&s.deprecated[i], s.metrics.deprecated, part.label)
		}
	}
}

// inSlot increments the counter of a slot, which is made when it is first needed.
func (s *series) inSlot(slot *atomic.Pointer[prometheus.Counter], vec *prometheus.CounterVec, label string) {
	counter := slot.Load()
	if counter == nil {
		if counter = s.add(slot, vec, label); counter == nil {
			return
		}
	}
	(*counter).Inc()
}

func (s *series) add(slot *atomic.Pointer[prometheus.Counter], vec *prometheus.CounterVec, label string) *prometheus.Counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if counter := slot.Load(); counter != nil || s.gone {
		return counter
	}
	counter := vec.WithLabelValues(s.api, s.version, s.route, label)
	slot.Store(&counter)
	return &counter
}

// lived counts a stream that has ended.
func (s *series) lived(kind exchange.Stream, life time.Duration, traceID string) {
	slot := &s.life[kind]
	if slot.Load() == nil {
		s.mu.Lock()
		if slot.Load() == nil && !s.gone {
			slot.Store(s.metrics.life.New(s.api, s.version, s.route, kind.String()))
		}
		s.mu.Unlock()
	}
	if h := slot.Load(); h != nil {
		h.Observe(life, traceID)
	}
}
