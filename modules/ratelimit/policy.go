package ratelimit

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// Policy is one quota policy: how much, for whom.
type Policy struct {
	// Name is what headers, problem details and metrics call the policy: printable
	// ASCII, at most 64 characters. Policies of one name and key share their state,
	// wherever they stand. Default: "default", which is shared with nobody.
	Name string `json:"name,omitempty"`
	// Quota is how many units there are in which time, "100/1m": a whole number and
	// a time window of 1s to 366d in whole seconds; at most 1000000 units a second. Or
	// "100000/month" or "5000/day" for a window of the calendar.
	// Required, unless there is a bound on the concurrency.
	Quota string `json:"quota,omitempty"`
	// Timezone is where the days and months of quotas such as "100000/month" begin, such
	// as "Europe/Berlin". Default: "UTC".
	Timezone string `json:"timezone,omitempty"`
	// Concurrency bounds how many requests of a key are under way at once, at least 1,
	// instead of a quota. It counts in this gateway alone. Default: there is no bound.
	Concurrency int64 `json:"concurrency,omitempty"`
	// Burst is how many units may be spent at once, at least 1. Default: those of
	// the quota.
	Burst int64 `json:"burst,omitempty"`
	// TierBy is a placeholder that tells to which of the tiers a caller belongs, such as
	// "{http.auth.user.claims.plan}". Default: there are no tiers.
	TierBy string `json:"tier_by,omitempty"`
	// Tiers are quotas by what that placeholder says, at most 64. Who belongs to none has
	// the policy's own quota. Default: none.
	Tiers []Tier `json:"tiers,omitempty"`
	// Key lists the placeholders that tell clients apart, or is "global" for one
	// quota that everybody shares. Default: the client's address.
	Key []string `json:"key,omitempty"`
	// IPv4Prefix is how many bits of an IPv4 address count, 1 to 32. Default: 32.
	IPv4Prefix int `json:"ipv4_prefix,omitempty"`
	// IPv6Prefix is how many bits of an IPv6 address count, 1 to 128. Default: 64,
	// which is what one customer usually has.
	IPv6Prefix int `json:"ipv6_prefix,omitempty"`
	// Missing says what happens to a request without the key: "ip" counts it by the
	// client's address, "deny" refuses it, "skip" does not limit it. Default: "ip".
	Missing Missing `json:"missing,omitempty"`
	// MaxKeys bounds how many keys are remembered, 1 to 100000000, at about 40 bytes
	// each. At the bound those that are nearest to their full quota are forgotten.
	// Default: 1000000.
	MaxKeys int `json:"max_keys,omitempty"`
	// Store says where the policy is counted: "exact", in the shared store with every
	// request; "lease", in the shared store in batches; "local", in this gateway alone.
	// Default: "exact" if the configuration has a shared store, and "local" otherwise.
	Store Counting `json:"store,omitempty"`
	// Lease is how many units a gateway takes ahead for a key that is in use, 1 to the
	// burst, with the store "lease". Default: a fiftieth of the burst.
	Lease int64 `json:"lease,omitempty"`
	// OnError says what happens while the shared store is down: "local" counts in this
	// gateway, with its part of the quota; "open" does not limit; "closed" refuses.
	// Default: that of the shared store.
	OnError OnError `json:"on_error,omitempty"`
	// Persist keeps the state across restarts, in Caddy's storage. It is for quotas that
	// are counted in this gateway. Default: false.
	Persist bool `json:"persist,omitempty"`
	// ShowKeys shows operators the keys that have the least left as they are, instead of
	// aliases that tell nothing. Default: false.
	ShowKeys bool `json:"show_keys,omitempty"`
	// Mode is "enforce", "report" (decide and count by itself, but let through and tell
	// the client nothing) or "off". Default: that of the directive.
	Mode exchange.Mode `json:"mode,omitempty"`
}

// Missing says what happens to a request without the key.
type Missing string

// What happens to a request without the key. The zero value is MissingIP.
const (
	MissingIP   Missing = "ip"
	MissingDeny Missing = "deny"
	MissingSkip Missing = "skip"
)

const (
	defaultName    = "default"
	earlyName      = "before-auth" // of policies without a name that stand there
	defaultMaxKeys = 1_000_000
	largestMaxKeys = 100_000_000
	longestName    = 64
)

// policy is a Policy compiled for requests.
type policy struct {
	terms          // of callers that belong to no tier
	tiers   *tiers // nil if there are none
	name    string
	unnamed bool // the configuration gave no name
	key     []part
	network network
	missing Missing
	mode    exchange.Mode // the directive's filled in
	store   *store        // in memory, of quotas
	flights *flights      // of bounds on the concurrency
	shared  *shared       // nil if the policy is counted in memory only
	when    matcher       // nil if the policy is for all requests
	leases  *leases       // nil if units are not taken ahead
	near    *near         // nil if the state in memory tells as much

	showKeys bool

	quoted  string           // the name as a structured-field String
	names   []string         // the name alone, for refusals
	unknown *problem.Refusal // of a request without the key
}

// matcher tells requests apart.
type matcher interface {
	AnyMatchWithError(r *http.Request) (bool, error)
}

// compile checks the policy and resolves whatever does not depend on a request. The
// store is left to the caller.
func (p Policy) compile() (policy, error) {
	c := policy{
		name:    cmp.Or(p.Name, defaultName),
		unnamed: p.Name == "",
		network: network{cmp.Or(p.IPv4Prefix, 32), cmp.Or(p.IPv6Prefix, 64)},
		missing: cmp.Or(p.Missing, MissingIP), showKeys: p.ShowKeys,
	}
	if err := p.check(); err != nil {
		return c, err
	}
	var err error
	if c.terms, err = p.terms(); err != nil {
		return c, err
	}
	if c.tiers, err = p.compileTiers(&c.terms); err != nil {
		return c, err
	}
	if err = p.checkSharing(&c.terms); err != nil {
		return c, err
	}
	if c.key, err = parseKey(p.key()); err != nil {
		return c, err
	}
	c.describe()
	return c, nil
}

// key returns the words of the key, the default filled in.
func (p Policy) key() []string {
	if len(p.Key) == 0 {
		return clientIP
	}
	return p.Key
}

func (p Policy) maxKeys() int { return cmp.Or(p.MaxKeys, defaultMaxKeys) }

func (p Policy) check() error {
	switch {
	case p.Quota == "" && p.Concurrency == 0:
		return fmt.Errorf("a quota is missing: a policy without one limits nothing")
	case p.Concurrency < 0:
		return fmt.Errorf("concurrency %d must be at least 1", p.Concurrency)
	case p.Burst < 0:
		return fmt.Errorf("burst %d must be at least 1", p.Burst)
	case p.IPv4Prefix < 0 || p.IPv4Prefix > 32:
		return fmt.Errorf("ipv4_prefix %d must be 1 to 32", p.IPv4Prefix)
	case p.IPv6Prefix < 0 || p.IPv6Prefix > 128:
		return fmt.Errorf("ipv6_prefix %d must be 1 to 128", p.IPv6Prefix)
	case p.MaxKeys < 0 || p.MaxKeys > largestMaxKeys:
		return fmt.Errorf("max_keys %d must be 1 to %d", p.MaxKeys, largestMaxKeys)
	}
	if err := p.Missing.check(); err != nil {
		return err
	}
	if p.Mode != "" {
		if _, err := exchange.ParseMode(string(p.Mode)); err != nil {
			return err
		}
	}
	if err := p.checkConcurrency(); err != nil {
		return err
	}
	return checkName(p.Name)
}

func (m Missing) check() error {
	switch m {
	case "", MissingIP, MissingDeny, MissingSkip:
		return nil
	}
	return fmt.Errorf("missing %q must be ip, deny or skip", string(m))
}

// checkName lets through what a structured-field String can say (RFC 9651 §3.3.3).
func checkName(name string) error {
	if len(name) > longestName || strings.ContainsFunc(name, unprintable) {
		return &fault{fmt.Sprintf("policy name %q must be printable ASCII of at most %d characters: it stands in headers", name, longestName), ""}
	}
	return nil
}

func unprintable(r rune) bool { return r < 0x20 || r > 0x7e }

// describe makes the texts of the policy, once.
func (c *policy) describe() {
	c.quoted = quote(c.name)
	c.names = []string{c.name}
	c.unknown = &problem.Refusal{Reason: problem.LimitKeyMissing, Policies: c.names}
	c.terms.describe(c.quoted)
	if c.tiers != nil {
		for _, t := range c.tiers.terms {
			t.describe(c.quoted)
		}
	}
}
