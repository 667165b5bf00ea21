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
	seen   words
	used   string // a word that shows that there is such an issuer
}

type parseIssuerOption func(*Issuer, *caddyfile.Dispenser) error

func (p *issuerParser) option(d *caddyfile.Dispenser, parse parseIssuerOption) error {
	if !p.seen.add(d.Val()) {
		return again(d)
	}
	if p.used == "" {
		p.used = d.Val()
	}
	return parse(&p.config, d)
}

// issuerOptions are the options that belong to one issuer.
var issuerOptions = map[string]parseIssuerOption{
	"audience":   (*Issuer).parseAudience,
	"jwks":       (*Issuer).parseJWKS,
	"key":        (*Issuer).parseKey,
	"secret":     (*Issuer).parseSecret,
	"algorithms": (*Issuer).parseAlgorithms,
	"type":       (*Issuer).parseType,
	"leeway":     (*Issuer).parseLeeway,
	"max_age":    (*Issuer).parseMaxAge,
	"keys":       (*Issuer).parseKeys,
}

func (i *Issuer) parseAudience(d *caddyfile.Dispenser) (err error) {
	i.Audience, err = arguments(d, "audience <audience...>, or audience any")
	return err
}

func (i *Issuer) parseJWKS(d *caddyfile.Dispenser) (err error) {
	i.JWKS, err = argument(d, "jwks <url>")
	return err
}

func (i *Issuer) parseKey(d *caddyfile.Dispenser) error {
	value, err := argument(d, "key <file>")
	if err != nil {
		return err
	}
	i.Key = value
	if text := strings.TrimSpace(value); !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "-----BEGIN") {
		i.Key = relative(d, value)
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

func (i *Issuer) parseSecret(d *caddyfile.Dispenser) (err error) {
	place := *d
	if i.Secret, err = argument(d, "secret {env.JWT_SECRET}"); err != nil {
		return err
	}
	if !isPlaceholder(i.Secret) {
		// The finding points at the option's name: the value is a secret.
		return finding.At(&place, "write secret {env.JWT_SECRET} or secret {file./run/secrets/jwt}",
			"a secret in the configuration can be read by everybody who can read the configuration")
	}
	return nil
}

func (i *Issuer) parseAlgorithms(d *caddyfile.Dispenser) error {
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
	i.Algorithms = list
	return nil
}

func (i *Issuer) parseType(d *caddyfile.Dispenser) (err error) {
	i.Type, err = argument(d, "type <type>, such as type at+jwt")
	return err
}

func (i *Issuer) parseLeeway(d *caddyfile.Dispenser) error {
	var leeway caddy.Duration
	if err := duration(d, &leeway); err != nil {
		return err
	}
	if time.Duration(leeway) > 5*time.Minute {
		return finding.At(d, "it makes up for clocks that differ; 60s is usual", "leeway %s is outside 0s–5m", d.Val())
	}
	i.Leeway = &leeway
	return nil
}

func (i *Issuer) parseMaxAge(d *caddyfile.Dispenser) error { return duration(d, &i.MaxAge) }

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
func (i *Issuer) parseKeys(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return finding.At(d, "write keys { ... }; a file with keys is key <file>", "keys takes a block, got %q", d.Val())
	}
	k := new(KeyOptions)
	i.Keys = k
	durations := map[string]*caddy.Duration{"refresh": &k.Refresh, "stale": &k.Stale, "cooldown": &k.Cooldown, "timeout": &k.Timeout}
	var seen words
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		if !seen.add(name) {
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
