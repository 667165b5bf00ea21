package versioning

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// usage is who uses the versions of one API, since the gateway counts. It is bounded by
// the versions that the configuration has, and by maxConsumers for each.
type usage struct {
	mu       sync.Mutex
	since    time.Time
	versions map[string]*use
	// plan is that of the handler that was made or asked last.
	plan *plan
}

// use is who uses one version.
type use struct {
	requests, refused, anonymous uint64
	last                         time.Time
	consumers                    map[string]*consumer
}

// consumer is one verified caller. It was seen between count-over and count times: over
// is the count of the one whose place it took (the algorithm Space-Saving, Metwally et
// al. 2005), so no caller with more than a share of 1/maxConsumers is ever missing.
type consumer struct {
	count, over uint64
	last        time.Time
}

const (
	maxConsumers = 64
	// maxSubject bounds what is kept of a name, in bytes.
	maxSubject = 128
)

// note counts one request of a version. subject is "" for an anonymous one.
func (u *usage) note(p *plan, version, subject string, refused bool, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.plan = p
	v := u.versions[version]
	if v == nil {
		v = &use{consumers: make(map[string]*consumer)}
		u.versions[version] = v
	}
	v.requests++
	if refused {
		v.refused++
	}
	if now.After(v.last) {
		v.last = now
	}
	if subject == "" {
		v.anonymous++
		return
	}
	v.seen(subject[:min(len(subject), maxSubject)], now)
}

// show makes the versions of a plan known that nobody has asked for yet.
func (u *usage) show(p *plan) {
	if p == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.plan = p
}

func (v *use) seen(subject string, now time.Time) {
	c := v.consumers[subject]
	if c == nil {
		c = new(consumer)
		if len(v.consumers) >= maxConsumers {
			c = v.displace()
		}
		v.consumers[strings.Clone(subject)] = c
	}
	c.count++
	c.last = now
}

// displace makes room: who was seen least gives up the place, and the count.
func (v *use) displace() *consumer {
	name, least := "", (*consumer)(nil)
	for n, c := range v.consumers {
		if least == nil || c.count < least.count {
			name, least = n, c
		}
	}
	delete(v.consumers, name)
	return &consumer{count: least.count, over: least.count}
}

// apiReport is what the admin endpoint and the command say about one API.
type apiReport struct {
	API      string          `json:"api"`
	Since    *time.Time      `json:"since,omitempty"`
	Versions []versionReport `json:"versions"`
}

type versionReport struct {
	Version    string           `json:"version"`
	State      state            `json:"state"`
	Deprecated *time.Time       `json:"deprecated,omitempty"`
	Sunset     *time.Time       `json:"sunset,omitempty"`
	Brownouts  []brownoutReport `json:"brownouts,omitempty"`
	Successor  string           `json:"successor,omitempty"`
	Requests   uint64           `json:"requests"`
	Refused    uint64           `json:"refused,omitempty"`
	Anonymous  uint64           `json:"anonymous,omitempty"`
	Last       *time.Time       `json:"last_seen,omitempty"`
	Consumers  []consumerReport `json:"consumers,omitempty"`
}

type brownoutReport struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

type consumerReport struct {
	Consumer string `json:"consumer"`
	// Requests is at most Over too many.
	Requests uint64    `json:"requests"`
	Over     uint64    `json:"at_most_over,omitempty"`
	Last     time.Time `json:"last_seen"`
}

// lives describes the versions of a plan, oldest first.
func (p *plan) lives(now time.Time) []versionReport {
	list := []versionReport{}
	for _, v := range p.set.ordered {
		r := versionReport{Version: v.name, State: v.state(now), Deprecated: moment(v.deprecated), Sunset: moment(v.sunset)}
		for _, b := range v.brownouts {
			r.Brownouts = append(r.Brownouts, brownoutReport{b.start, b.end})
		}
		if next := v.alive(now); next != nil {
			r.Successor = next.name
		}
		list = append(list, r)
	}
	return list
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// report describes the versions with who uses them, at most top consumers of each.
func (u *usage) report(api string, top int, now time.Time) apiReport {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := apiReport{API: api, Since: moment(u.since), Versions: []versionReport{}}
	if u.plan != nil {
		r.Versions = u.plan.lives(now)
	}
	for i := range r.Versions {
		v := u.versions[r.Versions[i].Version]
		if v == nil {
			continue
		}
		to := &r.Versions[i]
		to.Requests, to.Refused, to.Anonymous, to.Last = v.requests, v.refused, v.anonymous, moment(v.last)
		for name, c := range v.consumers {
			to.Consumers = append(to.Consumers, consumerReport{name, c.count, c.over, c.last.UTC()})
		}
		slices.SortFunc(to.Consumers, func(a, b consumerReport) int {
			return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Consumer, b.Consumer))
		})
		to.Consumers = to.Consumers[:min(len(to.Consumers), top)]
	}
	return r
}
