package api

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
	"gateway/modules/auth"
	"gateway/modules/canary"
	"gateway/modules/change"
	"gateway/modules/mock"
	"gateway/modules/order"
	"gateway/modules/ratelimit"
	"gateway/modules/validate"
	"gateway/modules/versioning"
)

// nameRegexp is what an API may be called: the name becomes a folder, a metric label
// and a part of URLs.
var nameRegexp = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// blockParser reads one api block.
type blockParser struct {
	helper httpcaddyfile.Helper
	api    *API
	// others are the segments that are not ours: any Caddy directive, and matchers.
	others []caddyfile.Segment
	// head is the token "api", whose place the others' block borrows.
	head caddyfile.Token
}

func (p *blockParser) parse() error {
	d := p.helper.Dispenser
	p.head = d.Token()
	if !d.NextArg() {
		return finding.At(d, "give it one: api orders { … }", "api needs a name")
	}
	p.api.Name = d.Val()
	if !nameRegexp.MatchString(p.api.Name) {
		return finding.At(d, "use lower-case letters, digits and dashes, such as orders or user-accounts",
			"%q cannot be the name of an api: it becomes a folder, a label and a part of URLs", p.api.Name)
	}
	if d.NextArg() {
		return finding.At(d, "api takes one name", "%q is too much here", d.Val())
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := p.segment(d.NextSegment()); err != nil {
			return err
		}
	}
	if p.api.Contract == "" {
		p.api.Contract = filepath.Join(filepath.Dir(d.File()), "api", p.api.Name)
	}
	return p.parseOthers()
}

// segment takes one directive of the block.
func (p *blockParser) segment(segment caddyfile.Segment) error {
	d := caddyfile.NewDispenser(segment)
	d.Next()
	directive := d.Val()
	if _, ours := optionParsers[directive]; !ours {
		p.others = append(p.others, segment)
		return nil
	}
	if next := d.NewFromNextSegment(); isPolicy(directive) && next.Next() && next.NextArg() && isMatcher(next.Val()) {
		return finding.At(next, "leave it out; the contract says which operations there are",
			"%s takes no matcher inside api, and %q is one", directive, next.Val())
	}
	return optionParsers[directive](p, caddyfile.NewDispenser(segment))
}

// isPolicy tells whether the directive would take a matcher outside of the block.
func isPolicy(directive string) bool { return slices.Contains(order.Directives, directive) }

func isMatcher(word string) bool {
	return word == "*" || strings.HasPrefix(word, "@") || strings.HasPrefix(word, "/")
}

// optionParsers are the words that mean something special inside api; every other
// one is a Caddy directive. The dispenser stands before the option's name.
var optionParsers = map[string]func(*blockParser, *caddyfile.Dispenser) error{
	"contract":   (*blockParser).contract,
	"base":       (*blockParser).base,
	"slo":        (*blockParser).slo,
	"docs":       (*blockParser).docs,
	"versioning": (*blockParser).versioning,
	"auth":       (*blockParser).auth,
	"ratelimit":  (*blockParser).ratelimit,
	"validate":   (*blockParser).validate,
	"mock":       (*blockParser).mock,
	"canary":     (*blockParser).canary,
	"change":     (*blockParser).change,
}

func (p *blockParser) contract(d *caddyfile.Dispenser) error {
	d.Next()
	if p.api.Contract != "" {
		return once(d)
	}
	if !d.NextArg() {
		return finding.At(d, "name it: contract api/orders", "contract needs a file, a folder or a URL")
	}
	p.api.Contract, p.api.ContractSource = d.Val(), source(d)
	if !isAddress(p.api.Contract) {
		if scheme, _, ok := strings.Cut(p.api.Contract, "://"); ok {
			return finding.At(d, "use http:// or https://, or name a file", "contracts cannot be fetched over %s", scheme)
		}
		if !filepath.IsAbs(p.api.Contract) {
			p.api.Contract = filepath.Join(filepath.Dir(d.File()), p.api.Contract)
		}
		return endOf(d, "a contract in files")
	}
	if d.NextArg() {
		return finding.At(d, "", "%q is too much here", d.Val())
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := p.refresh(d); err != nil {
			return err
		}
	}
	return nil
}

// refresh reads the one option of a contract that is fetched.
func (p *blockParser) refresh(d *caddyfile.Dispenser) error {
	if d.Val() != "refresh" {
		return finding.At(d, finding.Suggest(d.Val(), "refresh"), "%q is not an option of contract", d.Val())
	}
	if p.api.Refresh != 0 {
		return once(d)
	}
	if !d.NextArg() {
		return finding.At(d, "such as: refresh 30s", "refresh needs an interval")
	}
	every, err := caddy.ParseDuration(d.Val())
	if err != nil || every <= 0 {
		return finding.At(d, "such as: refresh 30s", "%q is not an interval", d.Val())
	}
	p.api.Refresh = caddy.Duration(every)
	if d.NextArg() {
		return finding.At(d, "", "%q is too much here", d.Val())
	}
	return nil
}

func (p *blockParser) base(d *caddyfile.Dispenser) error {
	d.Next()
	if p.api.Base != nil {
		return once(d)
	}
	if !d.NextArg() {
		return finding.At(d, "name it: base /shop", "base needs a path")
	}
	base := d.Val()
	if !strings.HasPrefix(base, "/") || (base != "/" && strings.HasSuffix(base, "/")) {
		return finding.At(d, "such as: base /shop, or base / for none", "a base begins with a slash and ends without one, got %q", base)
	}
	p.api.Base = &base
	return end(d)
}

func (p *blockParser) docs(d *caddyfile.Dispenser) error {
	d.Next()
	if p.api.Docs {
		return once(d)
	}
	p.api.Docs = true
	return end(d)
}

func (p *blockParser) versioning(d *caddyfile.Dispenser) error {
	if p.api.Versioning != nil {
		return again(d)
	}
	p.api.Versioning = new(versioning.Handler)
	return p.api.Versioning.UnmarshalCaddyfile(d)
}

func (p *blockParser) auth(d *caddyfile.Dispenser) error {
	if p.api.Auth != nil {
		return again(d)
	}
	p.api.Auth = new(auth.Handler)
	return p.api.Auth.UnmarshalCaddyfile(d)
}

func (p *blockParser) ratelimit(d *caddyfile.Dispenser) error {
	limit := new(ratelimit.Handler)
	p.api.RateLimits = append(p.api.RateLimits, limit)
	err := limit.UnmarshalCaddyfile(d)
	// The state of a limit without a name follows its place in the block, not its
	// line in the file, which changes with every edit above it.
	limit.Scope = fmt.Sprintf("%s api %s %d", p.head.File, p.api.Name, len(p.api.RateLimits))
	return err
}

func (p *blockParser) validate(d *caddyfile.Dispenser) error {
	if p.api.Validate != nil {
		return again(d)
	}
	p.api.Validate = new(validate.Handler)
	return p.api.Validate.UnmarshalCaddyfile(d)
}

func (p *blockParser) mock(d *caddyfile.Dispenser) error {
	if p.api.Mock != nil {
		return again(d)
	}
	p.api.Mock = new(mock.Handler)
	return p.api.Mock.UnmarshalCaddyfile(d)
}

func (p *blockParser) canary(d *caddyfile.Dispenser) error {
	if p.api.Canary != nil {
		return again(d)
	}
	p.api.Canary = new(canary.Handler)
	return p.api.Canary.UnmarshalCaddyfile(d)
}

func (p *blockParser) change(d *caddyfile.Dispenser) error {
	if p.api.Change != nil {
		return again(d)
	}
	p.api.Change = new(change.Handler)
	return p.api.Change.UnmarshalCaddyfile(d)
}

// again refuses a repeated directive that nothing was read of yet.
func again(d *caddyfile.Dispenser) error {
	d.Next()
	return once(d)
}

// once refuses a repeated option.
func once(d *caddyfile.Dispenser) error {
	return finding.At(d, "an api has one; remove the other", "%s stands here twice", d.Val())
}

// end refuses whatever follows a complete option.
func end(d *caddyfile.Dispenser) error { return endOf(d, d.Val()) }

func endOf(d *caddyfile.Dispenser, name string) error {
	if d.NextArg() {
		return finding.At(d, "", "%q is too much here", d.Val())
	}
	if d.NextBlock(d.Nesting()) {
		return finding.At(d, "", "%s takes no block", name)
	}
	return nil
}

// parseOthers lets Caddy read the directives that are not ours, as it reads the
// inside of handle: sorted by the order of directives, with the site's matchers.
func (p *blockParser) parseOthers() error {
	if len(p.others) == 0 {
		return nil
	}
	if err := p.named(); err != nil {
		return err
	}
	brace := func(text string, line int) caddyfile.Token {
		token := p.head
		token.Text, token.Line = text, line
		return token
	}
	tokens := []caddyfile.Token{p.head, brace("{", p.head.Line)}
	for _, segment := range p.others {
		tokens = append(tokens, segment...)
	}
	last := tokens[len(tokens)-1]
	tokens = append(tokens, brace("}", last.Line+1))
	handler, err := httpcaddyfile.ParseSegmentAsSubroute(p.helper.WithDispenser(caddyfile.NewDispenser(tokens)))
	if err != nil {
		return err
	}
	p.api.Routes = handler.(*caddyhttp.Subroute).Routes
	if err := p.reachable(); err != nil {
		return err
	}
	return tuneProxies(p.api.Routes)
}
