package auth

import (
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// Defaults of the configuration.
const (
	defaultLeeway   = 60 * time.Second
	defaultRefresh  = time.Hour
	defaultStale    = 24 * time.Hour
	defaultCooldown = 30 * time.Second
	defaultTimeout  = 5 * time.Second
	// maxWait is how long a request waits for a fetch. It is not configurable: a
	// client that is told to come back in a second is better off than one that hangs.
	maxWait = 2 * time.Second
)

// compile makes the issuer of a checked configuration, with its keys.
func (h *Handler) compile(ctx caddy.Context, config *Issuer) (*issuer, error) {
	compiled := &issuer{expectations: config.expectations()}
	compiled.bindable = h.senders.some()
	var err error
	if config.Introspection != nil {
		if compiled.introspection, err = h.introspectorOf(config.Introspection); err != nil {
			return nil, err
		}
	}
	switch {
	case config.Secret != "":
		compiled.keys, err = secretKeys(config, &compiled.algorithms)
	case config.Key != "":
		compiled.keys, err = h.staticKeys(config, &compiled.algorithms)
	case config.Introspection != nil && config.JWKS == "":
		compiled.keys = noKeys{}
	default:
		compiled.keys, err = h.remoteKeys(ctx, config)
	}
	return compiled, err
}

func (i *Issuer) expectations() expectations {
	e := expectations{
		issuer: i.Issuer, anyIssuer: i.Issuer == anyValue,
		audience: i.Audience, anyAudience: slices.Contains(i.Audience, anyValue),
		typ:    mediaType(i.Type),
		names:  claimNames{user: i.UserClaim, scopes: i.ScopeClaim},
		leeway: defaultLeeway.Microseconds(), maxAge: time.Duration(i.MaxAge).Microseconds(),
	}
	if i.Leeway != nil {
		e.leeway = time.Duration(*i.Leeway).Microseconds()
	}
	for _, name := range i.Algorithms {
		e.algorithms |= setOf(parseAlgorithm(name))
	}
	if e.algorithms == 0 {
		// Symmetric algorithms come in with a secret only; see fit.
		e.algorithms = publicAlgorithms
	}
	return e
}

// secretKeys makes the key set of an HMAC secret.
func secretKeys(config *Issuer, allowed *algorithmSet) (keySource, error) {
	secret, err := resolve(config.Secret)
	if err != nil {
		return nil, complain("secret", "set it, or correct the placeholder", "the secret %s cannot be had: %v", config.Secret, err)
	}
	k, err := secretKey([]byte(secret))
	if err != nil {
		return nil, complain("secret", "make one with: openssl rand -base64 48", "the secret %s cannot be used: %v", config.Secret, err)
	}
	set := newKeySet([]byte(secret))
	if err := set.add([]*key{k}); err != nil {
		return nil, err
	}
	return newStaticKeys(set), fit(config, set, allowed)
}

// fit brings the accepted algorithms and the keys at hand together: what is
// configured has to be possible, and what is not configured is left to the keys.
func fit(config *Issuer, set *keySet, allowed *algorithmSet) error {
	if len(config.Algorithms) == 0 {
		*allowed = publicAlgorithms | hmacAlgorithms // the keys decide
		return nil
	}
	possible := set.algorithms()
	if impossible := *allowed &^ possible; impossible != 0 {
		return complain("algorithms", "the keys at hand can be used with "+strings.Join(possible.names(), ", "),
			"no key of %s can be used with %s", config.Issuer, strings.Join(impossible.names(), ", "))
	}
	return nil
}

// resolve replaces the placeholder in a value that comes from outside.
func resolve(value string) (string, error) {
	text, err := caddy.NewReplacer().ReplaceOrErr(value, true, true)
	if err != nil {
		// Caddy's text names the placeholder, never its value.
		return "", err
	}
	if text == value {
		return "", fmt.Errorf("it is not known")
	}
	return text, nil
}

// staticKeys makes the key set of a file, a placeholder or a text.
func (h *Handler) staticKeys(config *Issuer, allowed *algorithmSet) (keySource, error) {
	data, name, err := keyText(config.Key)
	if err != nil {
		return nil, err
	}
	set, err := readKeys(data)
	if err != nil {
		return nil, complain("key", "a public key as PEM, a JWK or a JWK Set is needed", "the key %s cannot be used: %v", name, err)
	}
	if strings.HasPrefix(name, "in the") && set.algorithms()&hmacAlgorithms != 0 {
		return nil, complain("key", "write key {env.NAME} or a file name", "a secret in the configuration can be read by everybody who can read the configuration")
	}
	keys := newStaticKeys(set)
	if name == config.Key && !isPlaceholder(name) {
		if keys, err = h.watch(name, set); err != nil {
			return nil, err
		}
	}
	return keys, fit(config, set, allowed)
}

// keyText returns the text of a key and what to call it in a message.
func keyText(value string) (data []byte, name string, err error) {
	trimmed := strings.TrimSpace(value)
	switch {
	case isPlaceholder(trimmed):
		text, err := resolve(trimmed)
		if err != nil {
			return nil, "", complain("key", "set it, or correct the placeholder", "the key %s cannot be had: %v", trimmed, err)
		}
		return []byte(text), trimmed, nil
	case strings.HasPrefix(trimmed, "{"), strings.HasPrefix(trimmed, "-----BEGIN"):
		return []byte(trimmed), "in the configuration", nil
	}
	data, err = readFile(value)
	if err != nil {
		return nil, "", complain("key", "a relative path is relative to the Caddyfile", "the key file cannot be read: %v", err)
	}
	return data, value, nil
}

// readFile reads a bounded file.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxDocument {
		return nil, fmt.Errorf("%s is larger than 1 MiB", name)
	}
	return os.ReadFile(name)
}

func (k *KeyOptions) schedule() schedule {
	s := schedule{refresh: defaultRefresh, stale: defaultStale, cooldown: defaultCooldown, wait: maxWait}
	if k == nil {
		return s
	}
	set := func(to *time.Duration, value caddy.Duration) {
		if value != 0 {
			*to = time.Duration(value)
		}
	}
	set(&s.refresh, k.Refresh)
	set(&s.stale, k.Stale)
	set(&s.cooldown, k.Cooldown)
	s.stale = max(s.stale, s.refresh)
	return s
}

// roots reads the certificates to trust, and returns them with the file's contents.
func (k *KeyOptions) roots() (*x509.CertPool, []byte, error) {
	if k == nil || k.CA == "" {
		return nil, nil, nil
	}
	data, err := readFile(k.CA)
	if err != nil {
		return nil, nil, complain("ca", "a relative path is relative to the Caddyfile", "the file with the roots cannot be read: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, nil, complain("ca", "a PEM file with certificates is needed", "no certificate is in %s", k.CA)
	}
	return pool, data, nil
}
