package ratelimit

import (
	"fmt"
	"strconv"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

var handlerOptions = []string{"policy", "zone", "headers", "legacy_headers", "cost_header", "jitter", "before_auth", "mode"}

// policyOptions are the options of a policy.
var policyOptions = map[string]func(*parser, *Policy) error{
	"quota":       (*parser).quota,
	"burst":       (*parser).burst,
	"key":         (*parser).key,
	"ipv4_prefix": func(p *parser, policy *Policy) error { return p.number(&policy.IPv4Prefix, 32) },
	"ipv6_prefix": func(p *parser, policy *Policy) error { return p.number(&policy.IPv6Prefix, 128) },
	"missing":     (*parser).missing,
	"max_keys":    func(p *parser, policy *Policy) error { return p.number(&policy.MaxKeys, largestMaxKeys) },
	"timezone":    (*parser).timezone,
	"concurrency": (*parser).concurrency,
	"tier":        (*parser).tier,
	"store":       (*parser).store,
	"on_error":    (*parser).onError,
	"persist":     func(p *parser, policy *Policy) error { return p.onOff(&policy.Persist) },
	"show_keys":   func(p *parser, policy *Policy) error { return p.onOff(&policy.ShowKeys) },
	"mode":        (*parser).mode,
}

var policyOptionNames = []string{"quota", "burst", "timezone", "concurrency", "tier", "key", "ipv4_prefix", "ipv6_prefix", "missing", "max_keys", "store", "on_error", "persist", "show_keys", "mode"}

// argument moves on to the value of an option.
func (p *parser) argument(hint string) error {
	name := p.Val()
	if !p.NextArg() {
		return finding.At(p, hint, "%s needs a value", name)
	}
	return nil
}

func (p *parser) quota(policy *Policy) error {
	if err := p.argument("such as: quota 100/1m"); err != nil {
		return err
	}
	return p.setQuota(policy)
}

func (p *parser) setQuota(policy *Policy) error {
	policy.Quota = p.Val()
	if _, err := parseTerms(policy.Quota, 0, time.UTC); err != nil {
		return p.fault(err)
	}
	return nil
}

func (p *parser) burst(policy *Policy) error {
	if err := p.argument("such as: burst 20"); err != nil {
		return err
	}
	units, err := parseUnits(p.Val())
	if err != nil {
		return finding.At(p, "how many requests may come at once, at least 1", "burst cannot be %q", p.Val())
	}
	policy.Burst = units
	return nil
}

func (p *parser) timezone(policy *Policy) error {
	if err := p.argument("such as: timezone Europe/Berlin"); err != nil {
		return err
	}
	policy.Timezone = p.Val()
	return nil
}

func (p *parser) concurrency(policy *Policy) error {
	if err := p.argument("such as: concurrency 10"); err != nil {
		return err
	}
	requests, err := parseUnits(p.Val())
	if err != nil {
		return finding.At(p, "how many requests of a key may be under way at once, at least 1", "concurrency cannot be %q", p.Val())
	}
	policy.Concurrency = requests
	return nil
}

func (p *parser) key(policy *Policy) error {
	if err := p.argument("such as: key {http.auth.user.id}"); err != nil {
		return err
	}
	return p.keyWords(policy)
}

// keyWords reads the words of a key from the current one to the end of the line.
func (p *parser) keyWords(policy *Policy) error {
	for {
		policy.Key = append(policy.Key, p.Val())
		if _, err := parseKey(policy.Key); err != nil {
			return p.fault(err)
		}
		if !p.NextArg() {
			return nil
		}
	}
}

func (p *parser) missing(policy *Policy) error {
	if err := p.argument("ip, deny or skip"); err != nil {
		return err
	}
	policy.Missing = Missing(p.Val())
	if err := policy.Missing.check(); err != nil {
		return finding.At(p, finding.Suggest(p.Val(), "ip", "deny", "skip"), "%v", err)
	}
	return nil
}

// store reads "exact", "local", or "lease" with a number of units.
func (p *parser) store(policy *Policy) error {
	if err := p.argument("exact, lease or local"); err != nil {
		return err
	}
	policy.Store = Counting(p.Val())
	if err := policy.Store.check(); err != nil {
		return finding.At(p, finding.Suggest(p.Val(), "exact", "lease", "local"), "%v", err)
	}
	if policy.Store != CountLease || !p.NextArg() {
		return nil
	}
	units, err := parseUnits(p.Val())
	if err != nil {
		return finding.At(p, "how many units a gateway takes ahead, at least 1", "a lease cannot be %q", p.Val())
	}
	policy.Lease = units
	return nil
}

func (p *parser) onError(policy *Policy) error {
	if err := p.argument("local, open or closed"); err != nil {
		return err
	}
	policy.OnError = OnError(p.Val())
	if err := policy.OnError.check(); err != nil {
		return finding.At(p, finding.Suggest(p.Val(), "local", "open", "closed"), "%v", err)
	}
	return nil
}

// onOff reads "on" or "off".
func (p *parser) onOff(to *bool) error {
	name := p.Val()
	if err := p.argument("on or off"); err != nil {
		return err
	}
	if p.Val() != "on" && p.Val() != "off" {
		return finding.At(p, "", "%s must be on or off, got %q", name, p.Val())
	}
	*to = p.Val() == "on"
	return nil
}

// mode reads the mode of one policy.
func (p *parser) mode(policy *Policy) error {
	if err := p.argument("enforce, report or off"); err != nil {
		return err
	}
	return p.setMode(&policy.Mode)
}

func (p *parser) setMode(to *exchange.Mode) error {
	mode, err := exchange.ParseMode(p.Val())
	if err != nil {
		return finding.At(p, finding.Suggest(p.Val(), "enforce", "report", "off"), "%v", err)
	}
	*to = mode
	return nil
}

func (p *parser) number(to *int, most int) error {
	name := p.Val()
	rule := fmt.Sprintf("a whole number from 1 to %d", most)
	if err := p.argument(rule); err != nil {
		return err
	}
	n, err := strconv.Atoi(p.Val())
	if err != nil || n < 1 || n > most {
		return finding.At(p, rule, "%s cannot be %q", name, p.Val())
	}
	*to = n
	return nil
}

// setting reads an option of the whole directive.
func (p *parser) setting(*Policy) error {
	name := p.Val()
	if err := p.argument("such as: mode report, headers off"); err != nil {
		return err
	}
	if name == "mode" {
		return p.setMode(&p.handler.Mode)
	}
	switch name {
	case "jitter":
		return p.jitter()
	case "cost_header":
		if p.handler.CostHeader = p.Val(); !isToken(p.Val()) {
			return finding.At(p, "such as: cost_header X-Cost", "cost_header %q cannot be the name of a field", p.Val())
		}
		return nil
	}
	if p.Val() != "on" && p.Val() != "off" {
		return finding.At(p, "", "%s must be on or off, got %q", name, p.Val())
	}
	switch on := p.Val() == "on"; name {
	case "headers":
		p.handler.HideHeaders = !on
	case "before_auth":
		p.handler.BeforeAuth = on
	default:
		p.handler.LegacyHeaders = on
	}
	return nil
}

// fault is an error about the current word.
func (p *parser) fault(err error) error {
	message, hint := faultOf(err)
	return finding.At(p, hint, "%s", message)
}
