package api

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/finding"
	"gateway/internal/redis"
)

// Redis is the store that the gateways of one installation share: for the limits of
// policies that are counted together, for revoked tokens and for API keys. Redis from
// 6, or Valkey. Texts may hold placeholders such as {env.REDIS_URL}.
type Redis struct {
	// URLs say where it is: redis://[user[:password]@]host[:port][/database], or
	// rediss:// for TLS. Several are nodes of a Cluster, or the Sentinels. Required.
	URLs []string `json:"urls"`
	// Sentinel is what Sentinels call the server; the URLs are then theirs, with the
	// server's user, password and database. Default: there are none.
	Sentinel string `json:"sentinel,omitempty"`
	// Username is the server's, where a URL is no place for it. Default: the URLs'.
	Username string `json:"username,omitempty"`
	// Password is the server's, where a URL is no place for it. Default: the URLs'.
	Password string `json:"password,omitempty"`
	// SentinelUsername is that of the Sentinels. Default: none.
	SentinelUsername string `json:"sentinel_username,omitempty"`
	// SentinelPassword is that of the Sentinels. Default: none.
	SentinelPassword string `json:"sentinel_password,omitempty"`
	// CA is a file with the root certificates of rediss://. Default: the system's.
	CA string `json:"ca,omitempty"`
	// Prefix stands in front of every key. Default: "gateway:".
	Prefix string `json:"prefix,omitempty"`
	// Timeout bounds each call. Range: 1ms–5s. Default: 50ms.
	Timeout caddy.Duration `json:"timeout,omitempty"`
	// OnError is what rate limits do while the store is down: "local", "open" or
	// "closed"; they may say otherwise themselves. Default: local.
	OnError string `json:"on_error,omitempty"`
	// Source is where the option stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`
}

const (
	defaultPrefix       = "gateway:"
	defaultRedisTimeout = 50 * time.Millisecond
	minRedisTimeout     = time.Millisecond
	maxRedisTimeout     = 5 * time.Second
	maxPrefix           = 64
)

// onErrors are the values of on_error.
var onErrors = []string{"local", "open", "closed"}

// stores holds the stores of the process, by what they are made from: a reload that
// changes something else keeps its connections.
var stores = caddy.NewUsagePool()

type storeKey [sha256.Size]byte

// open returns the store and the key under which it has to be given back.
func (c *Redis) open() (*redis.Store, storeKey, error) {
	options, roots, err := c.options()
	if err != nil {
		return nil, storeKey{}, err
	}
	key := keyOf(&options, roots)
	store, _, err := stores.LoadOrNew(key, func() (caddy.Destructor, error) {
		return redis.Open(options, caddy.Log().Named("gateway.redis")), nil
	})
	if err != nil {
		return nil, storeKey{}, err
	}
	return store.(*redis.Store), key, nil
}

// keyOf hashes what a store is made from, passwords included.
func keyOf(options *redis.Options, roots []byte) storeKey {
	plain := *options
	plain.Roots = nil
	text, err := json.Marshal([]any{plain, roots})
	if err != nil {
		panic("api: " + err.Error()) // plain values only
	}
	return sha256.Sum256(text)
}

// options checks the configuration and resolves its placeholders.
func (c *Redis) options() (redis.Options, []byte, error) {
	o := redis.Options{
		Prefix:  cmp.Or(c.Prefix, defaultPrefix),
		Timeout: cmp.Or(time.Duration(c.Timeout), defaultRedisTimeout),
		OnError: cmp.Or(c.OnError, onErrors[0]),
	}
	switch {
	case len(c.URLs) == 0:
		return o, nil, c.wrong("redis", "such as: redis redis://localhost:6379", "redis needs a URL")
	case !slices.Contains(onErrors, o.OnError):
		return o, nil, c.wrong(o.OnError, finding.Suggest(o.OnError, onErrors...), "on_error is %q, but has to be local, open or closed", o.OnError)
	case o.Timeout < minRedisTimeout || o.Timeout > maxRedisTimeout:
		return o, nil, c.wrong("timeout", "a request waits that long for the store; 50ms is the default", "timeout %v is outside %v–%v", o.Timeout, minRedisTimeout, maxRedisTimeout)
	case len(o.Prefix) > maxPrefix || strings.ContainsAny(o.Prefix, "{} \t\n"):
		return o, nil, c.wrong("prefix", "such as: prefix shop:", "the prefix %q is longer than %d bytes, or has spaces or braces in it, which mean something to a Cluster", o.Prefix, maxPrefix)
	}
	if err := c.locate(&o); err != nil {
		return o, nil, err
	}
	roots, err := c.roots(&o)
	return o, roots, err
}

// locate fills in where the store is and who calls.
func (c *Redis) locate(o *redis.Options) error {
	for _, text := range c.URLs {
		url, err := c.resolve("redis", text)
		if err != nil {
			return err
		}
		if err := o.ParseURL(url); err != nil {
			// The URL may hold a password, so what stands in the file is all that is said.
			return c.wrong("redis", "such as redis://localhost:6379, or rediss:// for TLS", "the URL of redis cannot be used: %v", err)
		}
	}
	for _, text := range []struct {
		name, value string
		to          *string
	}{
		{"username", c.Username, &o.Username}, {"password", c.Password, &o.Password}, {"sentinel", c.Sentinel, &o.Master},
		{"sentinel_username", c.SentinelUsername, &o.SentinelUsername}, {"sentinel_password", c.SentinelPassword, &o.SentinelPassword},
	} {
		if text.value == "" {
			continue
		}
		if *text.to != "" {
			return c.wrong(text.name, "keep one of them", "redis has a %s in its URL already", text.name)
		}
		var err error
		if *text.to, err = c.resolve(text.name, text.value); err != nil {
			return err
		}
	}
	if o.Master == "" && o.SentinelUsername+o.SentinelPassword != "" {
		return c.wrong("sentinel_password", "add sentinel <name of the server>", "there are no Sentinels that a user or password could be for")
	}
	return nil
}

// resolve replaces the placeholders in a text. One that is unknown or empty is an error.
func (c *Redis) resolve(option, text string) (string, error) {
	resolved, err := caddy.NewReplacer().ReplaceOrErr(text, true, true)
	if err != nil {
		return "", c.wrong(option, "set it, or correct the placeholder", "%s cannot be had: %v", option, err)
	}
	return resolved, nil
}

// roots reads the root certificates, if any are named.
func (c *Redis) roots(o *redis.Options) ([]byte, error) {
	if c.CA == "" {
		return nil, nil
	}
	if !o.TLS {
		return nil, c.wrong("ca", "write rediss:// for TLS", "ca means something with TLS only")
	}
	data, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, c.wrong("ca", "a relative path is relative to the Caddyfile", "the root certificates cannot be read: %v", err)
	}
	o.Roots = x509.NewCertPool()
	if !o.Roots.AppendCertsFromPEM(data) {
		return nil, c.wrong("ca", "a PEM file with certificates is needed", "no certificate is in %s", c.CA)
	}
	return data, nil
}

func (c *Redis) wrong(word, hint, format string, args ...any) error {
	return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.ParseSource(c.Source), Word: word, Hint: hint}
}
