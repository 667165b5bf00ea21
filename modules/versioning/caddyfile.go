package versioning

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("versioning", parse)
}

// parse reads the directive outside of an api block, where everything that has to fit
// together is already known.
func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return handler, handler.compile(nil, true)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	versioning [<matcher>] {
//		path         [<prefix>]
//		host         <domain>
//		header       [<name>]
//		query        [<name>]
//		media_type   [param|vendor]
//		claim        <claim> [strict]
//		default      <version>
//		strip_prefix on|off
//		version <name> {
//			deprecated <date>
//			sunset     <date>
//			brownout   <date> <time>/<duration> [<zone>]
//			successor  <version>
//			link       <url>
//		}
//		mode enforce|report|off
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	h.Source = source(d)
	if d.NextArg() {
		return finding.At(d, "its options stand in a block", "%q is too much here: versioning takes no arguments", d.Val())
	}
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		parse, known := optionParsers[option]
		if !known {
			return finding.At(d, finding.Suggest(option, options...), "%q is not an option of versioning", option)
		}
		if seen[option] && option != "version" {
			return finding.At(d, "remove one of them", "%s stands here twice", option)
		}
		seen[option] = true
		if err := parse(h, d); err != nil {
			return err
		}
	}
	return nil
}

var options = []string{"path", "host", "header", "query", "media_type", "claim", "default", "strip_prefix", "version", "mode"}

var optionParsers = map[string]func(*Handler, *caddyfile.Dispenser) error{
	"path":         (*Handler).parseSelector,
	"host":         (*Handler).parseSelector,
	"header":       (*Handler).parseSelector,
	"query":        (*Handler).parseSelector,
	"media_type":   (*Handler).parseSelector,
	"claim":        (*Handler).parseSelector,
	"default":      (*Handler).parseDefault,
	"strip_prefix": (*Handler).parseStripPrefix,
	"version":      (*Handler).parseVersion,
	"mode":         (*Handler).parseMode,
}

func (h *Handler) parseSelector(d *caddyfile.Dispenser) error {
	s := Selector{In: d.Val(), Source: source(d)}
	if d.NextArg() {
		switch s.In {
		case "path":
			s.Prefix = d.Val()
		case "media_type":
			s.Form = d.Val()
		default:
			s.Name = d.Val()
		}
	}
	if s.In == claimPlace && d.NextArg() {
		if d.Val() != "strict" {
			return finding.At(d, finding.Suggest(d.Val(), "strict"), "%q is not an option of claim", d.Val())
		}
		s.Strict = true
	}
	if err := end(d, s.In); err != nil {
		return err
	}
	h.Selectors = append(h.Selectors, s)
	_, err := s.read()
	return err
}

func (h *Handler) parseDefault(d *caddyfile.Dispenser) error {
	h.DefaultSource = source(d)
	return one(d, &h.Default, "a version, such as: default v2")
}

func (h *Handler) parseStripPrefix(d *caddyfile.Dispenser) error {
	var word string
	if err := one(d, &word, "on or off"); err != nil {
		return err
	}
	if word != "on" && word != "off" {
		return finding.At(d, "strip_prefix on, or strip_prefix off", "%q is neither on nor off", word)
	}
	h.StripPrefix = word == "on"
	return nil
}

func (h *Handler) parseMode(d *caddyfile.Dispenser) error {
	var word string
	if err := one(d, &word, "enforce, report or off"); err != nil {
		return err
	}
	mode, err := exchange.ParseMode(word)
	if err != nil {
		return finding.At(d, finding.Suggest(word, "enforce", "report", "off"), "%q is not a mode", word)
	}
	h.Mode = mode
	return nil
}

var versionOptions = []string{"deprecated", "sunset", "brownout", "successor", "link"}

// parseVersion reads one version with its life.
func (h *Handler) parseVersion(d *caddyfile.Dispenser) error {
	v := Version{Source: source(d), lines: make(map[string]string)}
	if !d.NextArg() {
		return finding.At(d, "name it: version v1", "version needs a name")
	}
	v.Name = d.Val()
	if d.NextArg() {
		return finding.At(d, "a version takes one name; its life stands in a block", "%q is too much here", d.Val())
	}
	targets := map[string]*string{"deprecated": &v.Deprecated, "sunset": &v.Sunset, "successor": &v.Successor, "link": &v.Link}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		if option == "brownout" {
			if err := v.parseBrownout(d); err != nil {
				return err
			}
			continue
		}
		target, known := targets[option]
		if !known {
			return finding.At(d, finding.Suggest(option, versionOptions...), "%q is not an option of version", option)
		}
		if v.lines[option] != "" {
			return finding.At(d, "remove one of them", "%s stands here twice", option)
		}
		v.lines[option] = source(d)
		if err := one(d, target, "a value"); err != nil {
			return err
		}
	}
	h.Versions = append(h.Versions, v)
	_, err := v.read(false)
	return err
}

// parseBrownout reads one of several brownouts.
func (v *Version) parseBrownout(d *caddyfile.Dispenser) error {
	if v.lines["brownout"] == "" {
		v.lines["brownout"] = source(d)
	}
	args := d.RemainingArgs()
	if len(args) == 0 {
		return finding.At(d, brownoutHint, "brownout needs a time")
	}
	text := strings.Join(args, " ")
	if _, err := parseBrownout(text); err != nil {
		return finding.At(d, brownoutHint, "%v (brownout of version %s)", err, v.Name)
	}
	v.Brownouts = append(v.Brownouts, text)
	if d.NextBlock(d.Nesting()) {
		return finding.At(d, "", "brownout takes no block")
	}
	return nil
}

// one reads the only argument of an option.
func one(d *caddyfile.Dispenser, target *string, what string) error {
	option := d.Val()
	if !d.NextArg() || d.Val() == "" {
		return finding.At(d, "", "%s needs %s", option, what)
	}
	*target = d.Val()
	return end(d, option)
}

// end refuses whatever follows a complete option.
func end(d *caddyfile.Dispenser, option string) error {
	if d.NextArg() {
		return finding.At(d, "", "%q is too much here: %s is complete without it", d.Val(), option)
	}
	if nesting := d.Nesting(); d.NextBlock(nesting) {
		return finding.At(d, "", "%s takes no block", option)
	}
	return nil
}

func source(d *caddyfile.Dispenser) string { return d.File() + ":" + strconv.Itoa(d.Line()) }

var _ caddyfile.Unmarshaler = (*Handler)(nil)
