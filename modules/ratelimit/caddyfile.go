package ratelimit

import (
	"slices"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("ratelimit", parse)
}

// countKey is where the adapter counts the directives of a config.
const countKey = "ratelimit.count"

// parse reads the directive outside of an api block. Directives are numbered, so that
// a reload that only moves lines keeps the state of policies without a name.
func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	if handler.BeforeAuth {
		return nil, finding.At(h.Dispenser, "outside of an api block the order is that of a route: route { ratelimit …; auth … }",
			"before_auth is for limits inside of an api block")
	}
	count, _ := h.State[countKey].(int)
	h.State[countKey] = count + 1
	handler.Scope = "directive " + strconv.Itoa(count+1)
	return handler, nil
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	ratelimit [<matcher>] [<quota>/<window> [<key...>]] {
//		policy         <name>
//		quota          <units>/<window>
//		burst          <units>
//		timezone       <name>
//		concurrency    <requests>
//		tier           <placeholder> {
//			<value> <units>/<window> [<burst>]
//		}
//		key            <placeholder...>|global
//		ipv4_prefix    <bits>
//		ipv6_prefix    <bits>
//		missing        ip|deny|skip
//		max_keys       <count>
//		store          exact|lease [<units>]|local
//		on_error       local|open|closed
//		persist        on|off
//		show_keys      on|off
//		headers        on|off
//		legacy_headers on|off
//		cost_header    <field>
//		jitter         <duration>
//		before_auth    on|off
//		mode           enforce|report|off
//		policy <name> {
//			<quota, burst, timezone, concurrency, tier, key, ipv4_prefix, ipv6_prefix, missing, max_keys, store, on_error, persist, show_keys, mode as above>
//		}
//		zone <name> {
//			key         <text>
//			events      <units>
//			window      <window>
//			match {
//				<matchers>
//			}
//			ipv4_prefix <bits>
//			ipv6_prefix <bits>
//		}
//	}
//
// A directive has either one policy, written without a block of its own, or several
// policy blocks, which are decided together.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	p := parser{Dispenser: d, handler: h, seen: make(map[string]bool)}
	h.Source = d.File() + ":" + strconv.Itoa(d.Line())
	head := *d // for errors about the directive as a whole
	if err := p.line(); err != nil {
		return err
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := p.option(); err != nil {
			return err
		}
	}
	return p.finish(&head)
}

// parser reads one directive.
type parser struct {
	*caddyfile.Dispenser
	handler *Handler
	// single is the policy that is written without a block of its own, and first
	// the word it began with, "" if there is none.
	single Policy
	first  string
	seen   map[string]bool
}

// line reads what stands behind the directive: a quota and its key.
func (p *parser) line() error {
	if !p.NextArg() {
		return nil
	}
	p.first = p.Val()
	p.seen["quota"] = true
	if err := p.setQuota(&p.single); err != nil {
		return err
	}
	if !p.NextArg() {
		return nil
	}
	p.seen["key"] = true
	return p.keyWords(&p.single)
}

func (p *parser) option() error {
	name := p.Val()
	if parse, ok := policyOptions[name]; ok && name != "mode" { // outside of a block it is the directive's
		if p.first == "" {
			p.first = name
		}
		return p.once(p.seen, parse, &p.single)
	}
	switch name {
	case "policy":
		return p.policy()
	case "zone":
		return p.zone()
	case "headers", "legacy_headers", "cost_header", "jitter", "before_auth", "mode":
		return p.once(p.seen, (*parser).setting, nil)
	}
	options := slices.Concat(policyOptionNames, handlerOptions)
	return finding.At(p, finding.Suggest(name, options...), "%q is not an option of ratelimit", name)
}

func (p *parser) jitter() error {
	d, err := caddy.ParseDuration(p.Val())
	if err != nil || d < 0 || d > maxJitter {
		return finding.At(p, "up to how much longer clients wait, such as 5s", "jitter %q is not a time up to %s", p.Val(), formatWindow(maxJitter))
	}
	p.handler.Jitter = caddy.Duration(d)
	return nil
}

// once runs parse unless the option was there already, and checks that nothing
// follows on the line.
func (p *parser) once(seen map[string]bool, parse func(*parser, *Policy) error, policy *Policy) error {
	name := p.Val()
	if seen[name] {
		return finding.At(p, "remove one of them", "%s stands here twice", name)
	}
	seen[name] = true
	if err := parse(p, policy); err != nil {
		return err
	}
	if p.NextArg() {
		return finding.At(p, "", "%q is too much here: %s takes one value", p.Val(), name)
	}
	return nil
}

// policy reads the name of the only policy, or a policy with its block.
func (p *parser) policy() error {
	head := *p.Dispenser
	if !p.NextArg() {
		return finding.At(p, "such as: policy per-minute", "policy needs a name")
	}
	policy := Policy{Name: p.Val()}
	if err := checkName(policy.Name); err != nil {
		return p.fault(err)
	}
	if slices.ContainsFunc(p.handler.Policies, func(other Policy) bool { return other.Name == policy.Name }) {
		return finding.At(p, "give each a name of its own", "two policies are called %q", policy.Name)
	}
	if p.NextArg() {
		return finding.At(p, "a name with spaces stands in quotes", "%q is too much here: policy takes one name", p.Val())
	}
	isBlock, seen := false, make(map[string]bool)
	for nesting := p.Nesting(); p.NextBlock(nesting); {
		isBlock = true
		name := p.Val()
		parse, ok := policyOptions[name]
		if !ok {
			return finding.At(p, finding.Suggest(name, policyOptionNames...), "%q is not an option of policy", name)
		}
		if err := p.once(seen, parse, &policy); err != nil {
			return err
		}
	}
	if !isBlock {
		return p.nameSingle(&head, policy.Name)
	}
	p.handler.Policies = append(p.handler.Policies, policy)
	return checkQuota(&head, &policy)
}

func (p *parser) nameSingle(head *caddyfile.Dispenser, name string) error {
	if p.single.Name != "" {
		return finding.At(head, "several policies have a block each: policy <name> { … }", "policy stands here twice")
	}
	p.single.Name = name
	if p.first == "" {
		p.first = "policy"
	}
	return nil
}

// finish adds the policy without a block and checks what only the whole tells.
func (p *parser) finish(head *caddyfile.Dispenser) error {
	if p.first == "" && len(p.handler.Policies) > 0 {
		return nil
	}
	if p.first != "" && len(p.handler.Policies) > 0 {
		return finding.At(head, "move it into a block: policy <name> { … }",
			"ratelimit has policy blocks, and %s outside of them", p.first)
	}
	p.handler.Policies = append(p.handler.Policies, p.single)
	return checkQuota(head, &p.single)
}

// checkQuota checks a policy that is complete; head stands at its beginning.
func checkQuota(head *caddyfile.Dispenser, policy *Policy) error {
	if policy.Quota == "" && policy.Concurrency == 0 {
		hint := "say how much: quota 100/1m"
		if head.Val() == "ratelimit" {
			hint = "say how much: ratelimit 100/1m"
		}
		return finding.At(head, hint, "%s has no quota, so it would limit nothing", head.Val())
	}
	if _, err := policy.compile(); err != nil {
		return (&parser{Dispenser: head}).fault(err)
	}
	return nil
}

var _ caddyfile.Unmarshaler = (*Handler)(nil)
