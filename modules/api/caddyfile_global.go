package api

import (
	"path/filepath"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"gateway/internal/finding"
	"gateway/modules/console"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("gateway", parseGlobal)
}

func parseGlobal(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next()
		return nil, finding.At(d, "put everything into one block", "the global option gateway stands here twice")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "gateway", Value: caddyconfig.JSON(app, nil)}, nil
}

// globalOptions are the words of the block, for hints.
var globalOptions = []string{"console", "redis", "server_timing"}

// UnmarshalCaddyfile sets up the app from the global option. Syntax:
//
//	gateway {
//		console <address>
//		redis <url...> {
//			sentinel          <name>
//			username          <name>
//			password          <password>
//			sentinel_username <name>
//			sentinel_password <password>
//			ca                <file>
//			prefix            <text>
//			timeout           <duration>
//			on_error          local|open|closed
//		}
//		server_timing
//	}
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the option's name
	if d.NextArg() {
		return finding.At(d, "write gateway { ... }", "the global option gateway takes a block, got %q", d.Val())
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := a.option(d); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) option(d *caddyfile.Dispenser) error {
	switch d.Val() {
	case "console":
		return a.consoleOption(d)
	case "redis":
		if a.Redis != nil {
			return finding.At(d, "name several URLs behind one redis for a Cluster or Sentinels", "redis stands here twice")
		}
		a.Redis = &Redis{Source: source(d)}
		return a.Redis.unmarshal(d)
	case "server_timing":
		if a.ServerTiming {
			return finding.At(d, "remove one of them", "server_timing stands here twice")
		}
		a.ServerTiming = true
		return end(d)
	}
	return finding.At(d, finding.Suggest(d.Val(), globalOptions...), "%q is not an option of gateway", d.Val())
}

func (a *App) consoleOption(d *caddyfile.Dispenser) error {
	const hint = "such as: console 127.0.0.1:2021, which only this machine reaches"
	if a.Console != "" {
		return finding.At(d, "remove one of them", "console stands here twice")
	}
	if !d.NextArg() {
		return finding.At(d, hint, "console needs an address")
	}
	a.Console = d.Val()
	if err := console.Check(a.Console); err != nil {
		return finding.At(d, hint, "%v", err)
	}
	return end(d)
}

// redisOptions are the words of the block of redis, for hints.
var redisOptions = []string{
	"sentinel", "username", "password", "sentinel_username", "sentinel_password", "ca", "prefix", "timeout", "on_error",
}

func (c *Redis) unmarshal(d *caddyfile.Dispenser) error {
	c.URLs = d.RemainingArgs()
	if len(c.URLs) == 0 {
		return finding.At(d, "such as: redis redis://localhost:6379", "redis needs a URL")
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := c.option(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *Redis) option(d *caddyfile.Dispenser) error {
	name := d.Val()
	texts := map[string]*string{
		"sentinel": &c.Sentinel, "username": &c.Username, "password": &c.Password,
		"sentinel_username": &c.SentinelUsername, "sentinel_password": &c.SentinelPassword,
		"ca": &c.CA, "prefix": &c.Prefix, "on_error": &c.OnError,
	}
	to := texts[name]
	if to == nil && name != "timeout" {
		return finding.At(d, finding.Suggest(name, redisOptions...), "%q is not an option of redis", name)
	}
	if (to != nil && *to != "") || (to == nil && c.Timeout != 0) {
		return finding.At(d, "remove one of them", "%s stands here twice", name)
	}
	if !d.NextArg() || d.Val() == "" {
		return finding.At(d, "", "%s needs a value", name)
	}
	value := d.Val()
	switch name {
	case "timeout":
		parsed, err := caddy.ParseDuration(value)
		if err != nil || parsed < minRedisTimeout || parsed > maxRedisTimeout {
			return finding.At(d, "every request waits that long for a store that hangs; 50ms is the default",
				"timeout %q is not a duration from %v to %v", value, minRedisTimeout, maxRedisTimeout)
		}
		c.Timeout = caddy.Duration(parsed)
	case "ca":
		if !filepath.IsAbs(value) {
			value = filepath.Join(filepath.Dir(d.File()), value)
		}
		c.CA = value
	case "on_error":
		if !slices.Contains(onErrors, value) {
			return finding.At(d, finding.Suggest(value, onErrors...), "on_error is %q, but has to be local, open or closed", value)
		}
		c.OnError = value
	default:
		*to = value
	}
	return end(d)
}
