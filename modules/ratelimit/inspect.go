package ratelimit

import (
	"fmt"
	"time"
)

// subject is one key of a policy as an operator names it.
type subject struct {
	// Policy is the policy's name.
	Policy string `json:"policy"`
	// Key has a value for each placeholder of the policy's key, none for global.
	Key []string `json:"key"`
	// Address is given instead for requests that lack the key and count by address.
	Address string `json:"address,omitempty"`
	// Tier is the tier whose numbers are meant. Without it they are the policy's own.
	Tier string `json:"tier,omitempty"`
}

// condition is what is known about one key.
type condition struct {
	Policy    string `json:"policy"`
	Store     string `json:"store"` // memory, exact or lease
	Limit     int64  `json:"limit"`
	Remaining int64  `json:"remaining"`
	// Reset is how many seconds it takes until all of it is back.
	Reset  int64 `json:"reset_seconds"`
	Leased int64 `json:"leased,omitempty"` // units that this gateway has taken ahead
	// Alias is what the key is called in lists of those with the least left.
	Alias string `json:"alias"`
}

// claimOf finds the partition of a subject.
func (p *policy) claimOf(s subject) (claim, error) {
	c := claim{terms: &p.terms, limit: p.limit}
	if s.Tier != "" {
		if p.tiers == nil || p.tiers.terms[s.Tier] == nil {
			return c, fmt.Errorf("policy %s has no tier %q", p.quoted, s.Tier)
		}
		c.terms = p.tiers.terms[s.Tier]
		c.limit = c.terms.limit
	}
	key, err := p.keyOf(s)
	if err != nil {
		return c, err
	}
	c.key, c.digest = p.hash(key), digestOf(key)
	c.reckon(time.Now())
	return c, nil
}

// keyOf makes the key that a request of the subject has.
func (p *policy) keyOf(s subject) ([]byte, error) {
	if s.Address != "" {
		addr, ok := parseAddress(s.Address)
		if !ok || len(s.Key) > 0 {
			return nil, fmt.Errorf("the address has to be one, and stands instead of the key")
		}
		return p.network.append([]byte{byAddress}, addr), nil
	}
	key, values := []byte{keyed}, s.Key
	for _, part := range p.key {
		if part.kind == partGlobal {
			continue
		}
		if len(values) == 0 {
			return nil, fmt.Errorf("policy %s has a key of %d values, got %d", p.quoted, len(p.key), len(s.Key))
		}
		if part.kind != partClientIP && part.kind != partRemoteIP {
			key = appendText(key, values[0])
		} else if addr, ok := parseAddress(values[0]); ok {
			key = p.network.append(key, addr)
		} else {
			return nil, fmt.Errorf("policy %s counts by address, and %q is none", p.quoted, values[0])
		}
		values = values[1:]
	}
	if len(values) > 0 {
		return nil, fmt.Errorf("the key of policy %s has fewer values than %d", p.quoted, len(s.Key))
	}
	return key, nil
}

// look tells the condition of a claim and changes nothing.
func (p *policy) look(c *claim) (condition, error) {
	now := monotonic()
	about := condition{Policy: p.name, Store: p.place(), Limit: c.terms.quota.units, Alias: c.key.alias()}
	switch {
	case p.flights != nil:
		about.Limit = c.terms.concurrency
		about.Remaining = max(0, about.Limit-p.flights.at(c.key))
		return about, nil
	case p.shared != nil:
		ahead, err := p.shared.charge([]string{c.keyOf(p.shared)}, c.arguments(nil, 0, 0))
		if err != nil {
			return about, err
		}
		c.decision = c.decideRemote(ahead[0], now, 0)
		if p.leases != nil {
			about.Leased = p.leases.at(c.key)
		}
	default:
		c.decision = c.decide(p.store.at(c.key), now, 0)
	}
	about.Remaining, about.Reset = c.decision.remaining, c.reset(now)
	return about, nil
}

// reset makes the quota of a claim whole again.
func (p *policy) reset(c *claim) error {
	if p.flights != nil {
		return fmt.Errorf("policy %s counts requests under way, which cannot be undone", p.quoted)
	}
	p.store.forget(c.key)
	p.near.forget(c.key)
	if p.shared == nil {
		return nil
	}
	if p.leases != nil {
		p.leases.forget(c.key)
	}
	_, err := p.shared.store.Do("DEL", c.keyOf(p.shared))
	return err
}

// place says where the policy is counted.
func (p *policy) place() string {
	switch {
	case p.leases != nil:
		return string(CountLease)
	case p.shared != nil:
		return string(CountExact)
	}
	return "memory"
}

// at returns the state of a partition, 0 if there is none.
func (s *store) at(key partition) int64 {
	shard := s.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if at := shard.find(key); at != nil {
		return *at
	}
	return 0
}

// forget makes a partition one that has drained.
func (s *store) forget(key partition) {
	shard := s.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if at := shard.find(key); at != nil {
		shard.forget(at)
	}
}

func (f *flights) at(key partition) int64 {
	s := &f.shards[key.hi%flightShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[key]
}

func (l *leases) at(key partition) int64 {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(key); e != nil {
		return e.units
	}
	return 0
}

func (l *leases) forget(key partition) {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(key); e != nil {
		e.units, e.denied = 0, 0
	}
}

// limitReport is what an operator sees of a policy.
type limitReport struct {
	Policy      string   `json:"policy"`
	Quota       string   `json:"quota,omitempty"`
	Burst       int64    `json:"burst,omitempty"`
	Concurrency int64    `json:"concurrency,omitempty"`
	TierBy      string   `json:"tier_by,omitempty"`
	Tiers       []Tier   `json:"tiers,omitempty"`
	Key         []string `json:"key"`
	Store       string   `json:"store"`
	OnError     OnError  `json:"on_error,omitempty"`
	Mode        string   `json:"mode"`
	Source      string   `json:"source,omitempty"`
	Keys        int64    `json:"keys"` // that are remembered here
	MaxKeys     int64    `json:"max_keys,omitempty"`
	InFlight    int64    `json:"in_flight,omitempty"`
}

// report describes policy number i of a handler as it stands in the configuration.
func (h *Handler) report(i int) limitReport {
	config, p := &h.Policies[i], &h.policies[i]
	r := limitReport{
		Policy: p.name, Quota: config.Quota, Concurrency: config.Concurrency, TierBy: config.TierBy, Tiers: config.Tiers,
		Key: config.key(), Store: p.place(), Mode: string(p.mode), Source: h.Source,
	}
	if p.flights != nil {
		r.InFlight = p.flights.total.Load()
		return r
	}
	r.Burst = p.burst
	if p.shared != nil {
		r.OnError = p.shared.onError
	}
	c := p.store.census()
	r.Keys, r.MaxKeys = int64(c.keys), int64(c.bound)
	return r
}
