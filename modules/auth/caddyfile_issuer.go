package auth

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// issuerParser reads the options of one issuer.
type issuerParser struct {
	config Issuer
	places places
	// first is the option that came first.
	first string
}

type parseIssuerOption func(*issuerParser, *caddyfile.Dispenser) error

// begin takes the issuer's name, which may stand behind auth or behind issuer.
func (p *issuerParser) begin(d *caddyfile.Dispenser, name string) {
	p.config.Issuer = name
	if p.places == nil {
		p.places = make(places)
	}
	p.places["issuer"] = placeOf(d, name)
	if p.first == "" {
		p.first = "issuer"
	}
}

func (p *issuerParser) option(d *caddyfile.Dispenser, parse parseIssuerOption) error {
	if p.first == "" {
		p.first = d.Val()
	}
	if !p.places.add(d) {
		return again(d)
	}
	return parse(p, d)
}

// issuerOptions are the options that belong to one issuer.
var issuerOptions = map[string]parseIssuerOption{
	"audience":      (*issuerParser).parseAudience,
	"jwks":          (*issuerParser).parseJWKS,
	"key":           (*issuerParser).parseKey,
	"secret":        (*issuerParser).parseSecret,
	"introspection": (*issuerParser).parseIntrospection,
	"algorithms":    (*issuerParser).parseAlgorithms,
	"type":          (*issuerParser).parseType,
	"leeway":        (*issuerParser).parseLeeway,
	"max_age":       (*issuerParser).parseMaxAge,
	"user_claim":    (*issuerParser).parseUserClaim,
	"scope_claim":   (*issuerParser).parseScopeClaim,
	"keys":          (*issuerParser).parseKeys,
}

func (p *issuerParser) parseAudience(d *caddyfile.Dispenser) (err error) {
	p.config.Audience, err = arguments(d, "audience <audience...>, or audience any")
	return err
}

func (p *issuerParser) parseJWKS(d *caddyfile.Dispenser) (err error) {
	p.config.JWKS, err = argument(d, "jwks <url>")
	return err
}

func (p *issuerParser) parseKey(d *caddyfile.Dispenser) error {
	value, err := argument(d, "key <file>")
	if err != nil {
		return err
	}
	p.config.Key = value
	if text := strings.TrimSpace(value); !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "-----BEGIN") {
		p.config.Key = relative(d, value)
	}
	return nil
}

// relative makes a path relative to the Caddyfile's folder.
func relative(d *caddyfile.Dispenser, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(d.File()), path)
}

func (p *issuerParser) parseSecret(d *caddyfile.Dispenser) (err error) {
	p.config.Secret, err = secretArgument(d, "{env.JWT_SECRET}")
	return err
}

// secretArgument reads the placeholder for a secret. What is said about anything else
// points at the option's name and quotes nothing: it may be the secret.
func secretArgument(d *caddyfile.Dispenser, example string) (string, error) {
	place := *d
	list := d.RemainingArgs()
	switch {
	case len(list) == 0:
		return "", finding.At(&place, "write "+place.Val()+" "+example, "%s needs an argument", place.Val())
	case len(list) > 1 || !isPlaceholder(list[0]):
		return "", finding.At(&place, "write "+place.Val()+" "+example+" or "+place.Val()+" {file./run/secrets/jwt}",
			"a secret in the configuration can be read by everybody who can read the configuration")
	}
	return list[0], nil
}

func (p *issuerParser) parseAlgorithms(d *caddyfile.Dispenser) error {
	place := *d
	list, err := arguments(d, "algorithms <algorithm...>, such as algorithms RS256 ES256")
	if err != nil {
		return err
	}
	for _, name := range list {
		place.NextArg()
		if parseAlgorithm(name) == unknownAlgorithm {
			return finding.At(&place, finding.Suggest(name, (hmacAlgorithms|publicAlgorithms).names()...), "%q is not an algorithm of auth", name)
		}
	}
	p.config.Algorithms = list
	return nil
}

func (p *issuerParser) parseType(d *caddyfile.Dispenser) (err error) {
	p.config.Type, err = argument(d, "type <type>, such as type at+jwt")
	return err
}

func (p *issuerParser) parseLeeway(d *caddyfile.Dispenser) error {
	var leeway caddy.Duration
	if err := duration(d, &leeway); err != nil {
		return err
	}
	if time.Duration(leeway) > 5*time.Minute {
		return finding.At(d, "it makes up for clocks that differ; 60s is usual", "leeway %s is outside 0s–5m", d.Val())
	}
	p.config.Leeway = &leeway
	return nil
}

func (p *issuerParser) parseMaxAge(d *caddyfile.Dispenser) error {
	return duration(d, &p.config.MaxAge)
}

func (p *issuerParser) parseUserClaim(d *caddyfile.Dispenser) (err error) {
	p.config.UserClaim, err = argument(d, "user_claim <claim>, such as user_claim email")
	return err
}

func (p *issuerParser) parseScopeClaim(d *caddyfile.Dispenser) (err error) {
	p.config.ScopeClaim, err = argument(d, "scope_claim <claim>, such as scope_claim permissions")
	return err
}

// duration reads an option that is a duration.
func duration(d *caddyfile.Dispenser, to *caddy.Duration) error {
	name := d.Val()
	value, err := argument(d, name+" <duration>, such as 30s, 5m or 1h")
	if err != nil {
		return err
	}
	parsed, err := caddy.ParseDuration(value)
	if err != nil || parsed < 0 {
		return finding.At(d, "write a number with a unit, such as 30s, 5m or 1h", "%s %q is not a duration", name, value)
	}
	*to = caddy.Duration(parsed)
	return nil
}

// parseKeys reads the block that says how keys are fetched.
func (p *issuerParser) parseKeys(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return finding.At(d, "write keys { ... }; a file with keys is key <file>", "keys takes a block, got %q", d.Val())
	}
	k := new(KeyOptions)
	p.config.Keys = k
	durations := map[string]*caddy.Duration{"refresh": &k.Refresh, "stale": &k.Stale, "cooldown": &k.Cooldown, "timeout": &k.Timeout}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		if !p.places.add(d) {
			return again(d)
		}
		var err error
		switch {
		case durations[name] != nil:
			err = duration(d, durations[name])
		case name == "http":
			err = flag(d, &k.HTTP)
		case name == "ca":
			if k.CA, err = argument(d, "ca <file>"); err == nil {
				k.CA = relative(d, k.CA)
			}
		default:
			err = finding.At(d, finding.Suggest(name, "refresh", "stale", "cooldown", "timeout", "ca", "http"), "%q is not an option of keys", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
