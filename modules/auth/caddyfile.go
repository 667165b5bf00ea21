package auth

import (
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterDirective("auth", parseDirective)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	auth off
//	auth [<matcher>] [<issuer>] {
//		issuer        <issuer>|any [{ ... }]
//		audience      <audience...>|any
//		jwks          <url>
//		key           <file>|<placeholder>|<text>
//		secret        <placeholder>
//		introspection <url> {
//			client_id     <id>|<placeholder>
//			client_secret <placeholder>
//			client_auth   basic|post
//			bearer_token  <placeholder>
//			cache         <duration>
//			timeout       <duration>
//			ca            <file>
//			http
//		}
//		algorithms    <algorithm...>
//		type          <type>
//		leeway        <duration>
//		max_age       <duration>
//		user_claim    <claim>
//		scope_claim   <claim>
//		keys {
//			refresh  <duration>
//			stale    <duration>
//			cooldown <duration>
//			timeout  <duration>
//			ca       <file>
//			http
//		}
//		token_from    header [<field> [<scheme>]]|cookie <name>|query <name>|websocket [<prefix>]
//		scopes        [all|any] <scope...>
//		require       <claim> <op> [<value...>]
//		expression    <cel>
//		deny_list     [<file>] [{
//			on_error open|closed
//		}]
//		api_key       <file>|redis [<field>]
//		dpop          [required] [{
//			window <duration>
//			nonce
//			origin <url>
//		}]
//		mtls          [required]
//		header        <field> <claim>
//		forward_token on|off
//		optional
//		preflight
//		resource      <url>
//		close_at_expiry
//		mode          enforce|report|off
//	}
//
// Everything from audience to keys belongs to one issuer. Where several issuers are
// accepted, each has a block of its own: issuer <issuer> { ... }.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	h.Source = fmt.Sprintf("%s:%d", d.File(), d.Line())
	p := &parser{handler: h}
	if d.NextArg() {
		if d.Val() == "off" {
			return p.off(d)
		}
		p.own.begin(d, d.Val())
	}
	if d.NextArg() {
		return finding.At(d, "auth takes one issuer; more of them go into issuer blocks", "%q is too much here", d.Val())
	}
	if err := p.block(d, p.option); err != nil {
		return err
	}
	return p.finish()
}

// parser reads one auth directive.
type parser struct {
	handler *Handler
	places  places
	// own is the issuer whose options stand in the block of auth itself.
	own issuerParser
	// blocks tells that there are issuers with blocks of their own.
	blocks bool
}

// block hands each option of a block to parse.
func (p *parser) block(d *caddyfile.Dispenser, parse func(*caddyfile.Dispenser) error) error {
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := parse(d); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) off(d *caddyfile.Dispenser) error {
	p.handler.Off = true
	if d.NextArg() || d.NextBlock(d.Nesting()) {
		return finding.At(d, "remove it, or name an issuer instead of off", "auth off says that the service verifies tokens itself, so it takes no options")
	}
	return nil
}

// options are the words of the block, for hints.
var options = []string{
	"issuer", "audience", "jwks", "key", "secret", "introspection", "algorithms", "type", "leeway", "max_age", "user_claim", "scope_claim", "keys",
	"token_from", "scopes", "require", "expression", "deny_list", "api_key", "dpop", "mtls", "header", "forward_token", "optional", "preflight",
	"resource", "close_at_expiry", "mode",
}

// repeatable are the options that may stand more than once.
var repeatable = []string{"token_from", "header", "require", "expression"}

// option reads one option of auth.
func (p *parser) option(d *caddyfile.Dispenser) error {
	name := d.Val()
	if name == "issuer" {
		return p.issuer(d)
	}
	if parse, ok := issuerOptions[name]; ok {
		return p.own.option(d, parse)
	}
	parse, ok := handlerOptions[name]
	if !ok {
		return finding.At(d, finding.Suggest(name, options...), "%q is not an option of auth", name)
	}
	if !p.places.add(d) && !slices.Contains(repeatable, name) {
		return again(d)
	}
	return parse(p.handler, d)
}

func again(d *caddyfile.Dispenser) error {
	return finding.At(d, "keep one of them", "%s is there twice", d.Val())
}

// issuer reads the option issuer: the issuer of auth itself, or a block of one of several.
func (p *parser) issuer(d *caddyfile.Dispenser) error {
	option := *d
	name, err := argument(d, "issuer <issuer>, such as https://idp.example")
	if err != nil {
		return err
	}
	var block issuerParser
	block.begin(&option, name)
	nested := false
	err = p.block(d, func(d *caddyfile.Dispenser) error {
		nested = true
		parse, ok := issuerOptions[d.Val()]
		if !ok {
			return finding.At(d, finding.Suggest(d.Val(), options[1:13]...), "%q is not an option of an issuer", d.Val())
		}
		return block.option(d, parse)
	})
	if err != nil {
		return err
	}
	if nested {
		p.blocks = true
		return p.accept(&block)
	}
	if p.own.config.Issuer != "" {
		return finding.At(&option, "give each issuer a block with its audience: issuer <issuer> { ... }", "issuer is there twice")
	}
	p.own.begin(&option, name)
	return nil
}

// accept checks an issuer, while the places of its options are at hand, and takes it.
func (p *parser) accept(iss *issuerParser) error {
	if err := iss.config.check(); err != nil {
		return iss.places.point(err, p.handler.Source)
	}
	if iss.config.Introspection != nil && slices.ContainsFunc(p.handler.Issuers, func(other *Issuer) bool { return other.Introspection != nil }) {
		return iss.places.point(errTwoIntrospected(), p.handler.Source)
	}
	p.handler.Issuers = append(p.handler.Issuers, &iss.config)
	return nil
}

// finish takes the issuer of auth itself, and checks the whole.
func (p *parser) finish() error {
	if p.own.places != nil {
		if p.blocks {
			option := p.own.first
			return p.own.places.point(complain(option, "move it into the blocks",
				"%s stands beside issuer blocks, and it is not clear for which of them", option), p.handler.Source)
		}
		if err := p.accept(&p.own); err != nil {
			return err
		}
	}
	if err := p.handler.check(); err != nil {
		return p.places.point(err, p.handler.Source)
	}
	return nil
}

// argument reads the only argument of an option.
func argument(d *caddyfile.Dispenser, usage string) (string, error) {
	list, err := arguments(d, usage)
	if err != nil {
		return "", err
	}
	if len(list) > 1 {
		return "", finding.At(d, "write "+usage, "%q is too much here", d.Val())
	}
	return list[0], nil
}

// arguments reads the arguments of an option, of which there is at least one.
func arguments(d *caddyfile.Dispenser, usage string) ([]string, error) {
	list := []string(nil)
	name := *d
	for d.NextArg() {
		if d.Val() == "" {
			return nil, finding.At(&name, "write "+usage, "%s has an empty argument", name.Val())
		}
		list = append(list, d.Val())
	}
	if len(list) == 0 {
		return nil, finding.At(d, "write "+usage, "%s needs an argument", d.Val())
	}
	return list, nil
}

// flag reads an option without arguments.
func flag(d *caddyfile.Dispenser, to *bool) error {
	*to = true
	if name := d.Val(); d.NextArg() {
		return finding.At(d, "write "+name+" alone, or leave it out", "%s takes no argument, got %q", name, d.Val())
	}
	return nil
}

var _ caddyfile.Unmarshaler = (*Handler)(nil)
