package ratelimit

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
)

// zone is a policy as users of the common third-party limiter write it.
type zone struct {
	policy         Policy
	events, window string
	match          caddy.ModuleMap
}

var zoneOptions = []string{"key", "events", "window", "match", "ipv4_prefix", "ipv6_prefix"}

// zone reads a zone and adds the policy that means the same.
func (p *parser) zone() error {
	if !p.NextArg() {
		return finding.At(p, "such as: zone per-minute { … }", "zone needs a name")
	}
	z := zone{policy: Policy{Name: p.Val()}}
	if err := checkName(z.policy.Name); err != nil {
		return p.fault(err)
	}
	if slices.ContainsFunc(p.handler.Policies, func(other Policy) bool { return other.Name == z.policy.Name }) {
		return finding.At(p, "give each a name of its own", "two policies are called %q", z.policy.Name)
	}
	if p.NextArg() {
		return finding.At(p, "a name with spaces stands in quotes", "%q is too much here: zone takes one name", p.Val())
	}
	seen := make(map[string]bool)
	for nesting := p.Nesting(); p.NextBlock(nesting); {
		name := p.Val()
		if !slices.Contains(zoneOptions, name) {
			return finding.At(p, finding.Suggest(name, zoneOptions...), "%q is not an option of zone", name)
		}
		if err := p.once(seen, func(p *parser, _ *Policy) error { return p.zoneOption(&z) }, nil); err != nil {
			return err
		}
	}
	return p.addZone(&z)
}

func (p *parser) zoneOption(z *zone) error {
	switch name := p.Val(); name {
	case "match":
		var err error
		if z.match, err = caddyhttp.ParseCaddyfileNestedMatcherSet(p.Dispenser); err != nil {
			return err
		}
		return nil
	case "ipv4_prefix":
		return p.number(&z.policy.IPv4Prefix, 32)
	case "ipv6_prefix":
		return p.number(&z.policy.IPv6Prefix, 128)
	default:
		if err := p.argument("such as: events 100, window 1m, key {client_ip}"); err != nil {
			return err
		}
		switch name {
		case "events":
			z.events = p.Val()
		case "window":
			z.window = p.Val()
		case "key":
			z.policy.Key = zoneKey(p.Val())
			if _, err := parseKey(z.policy.Key); err != nil {
				return p.fault(err)
			}
		}
	}
	return nil
}

// zoneKey turns the text of a zone's key into words: its placeholders, or, if there are
// none, a key that is the same for everybody. Other text tells nobody apart.
func zoneKey(text string) []string {
	var words []string
	for {
		_, rest, found := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			break
		}
		words, text = append(words, "{"+name+"}"), after
	}
	if len(words) == 0 {
		return []string{global}
	}
	return words
}

// addZone adds the policy that means the same as a zone.
func (p *parser) addZone(z *zone) error {
	if z.events == "" || z.window == "" {
		return finding.At(p, "such as: events 100 and window 1m", "zone %q needs both events and window", z.policy.Name)
	}
	if z.policy.Key == nil {
		z.policy.Key = []string{global} // what a zone without a key means
	}
	z.policy.Quota = z.events + "/" + z.window
	if _, err := z.policy.compile(); err != nil {
		message, hint := faultOf(err)
		return finding.At(p, hint, "zone %q: %s", z.policy.Name, message)
	}
	p.handler.Policies = append(p.handler.Policies, z.policy)
	if z.match != nil {
		p.handler.Matches = append(p.handler.Matches, Match{Policy: z.policy.Name, MatchersRaw: caddyhttp.RawMatcherSets{z.match}})
	}
	return nil
}
