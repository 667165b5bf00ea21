package ratelimit

import (
	"strings"
	"testing"
)

// TestPolicyChecks is about configs in JSON, which no Caddyfile parser has seen.
func TestPolicyChecks(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Policy{
		"a quota is missing":                       {},
		"is not <units>/<window>":                  {Quota: "100"},
		"burst -1 must be at least 1":              {Quota: "1/1s", Burst: -1},
		"burst 9999999 takes longer than 3660d":    {Quota: "1/1h", Burst: 9999999},
		"ipv4_prefix 33 must be 1 to 32":           {Quota: "1/1s", IPv4Prefix: 33},
		"ipv6_prefix -1 must be 1 to 128":          {Quota: "1/1s", IPv6Prefix: -1},
		"max_keys 100000001 must be 1 to":          {Quota: "1/1s", MaxKeys: largestMaxKeys + 1},
		`missing "maybe" must be ip, deny or skip`: {Quota: "1/1s", Missing: "maybe"},
		"must be printable ASCII":                  {Quota: "1/1s", Name: "a\nb"},
		"must be a placeholder":                    {Quota: "1/1s", Key: []string{""}},
	} {
		if _, err := p.compile(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error with %q", p, err, want)
		}
	}
}

func TestPolicyDefaults(t *testing.T) {
	t.Parallel()
	p, err := Policy{Quota: "100/1m"}.compile()
	if err != nil {
		t.Fatal(err)
	}
	if p.name != "default" || p.burst != 100 || p.network != (network{32, 64}) || p.missing != MissingIP ||
		len(p.key) != 1 || p.key[0].kind != partClientIP || (Policy{}).maxKeys() != 1_000_000 {
		t.Errorf("got %+v", p)
	}
}
