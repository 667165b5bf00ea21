package auth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/finding"
)

// anyValue is the word that switches a check off.
const anyValue = "any"

// Issuer is one issuer whose tokens are accepted.
type Issuer struct {
	// Issuer is the exact value of "iss", or "any". Without JWKS, Key, Secret
	// and Introspection it is a URL at which the issuer is discovered. Required.
	Issuer string `json:"issuer,omitempty"`
	// Audience are our identifiers, of which "aud" has to contain one, or "any". Required.
	Audience []string `json:"audience,omitempty"`
	// JWKS is the URL of the issuer's key set. Default: by discovery.
	JWKS string `json:"jwks,omitempty"`
	// Key is a public key instead of a URL: a file, a placeholder, or the text itself,
	// as PEM, JWK or JWK Set. Default: none.
	Key string `json:"key,omitempty"`
	// Secret is a placeholder such as {env.JWT_SECRET} or {file./run/secrets/jwt} for an
	// HMAC secret of at least 32 bytes. Default: none.
	Secret string `json:"secret,omitempty"`
	// Introspection asks the issuer about opaque tokens, and about all tokens if there is
	// no JWKS, Key or Secret. Default: opaque tokens are refused.
	Introspection *Introspection `json:"introspection,omitempty"`
	// Algorithms are accepted. Default: all that the keys are made for.
	Algorithms []string `json:"algorithms,omitempty"`
	// Type is the required "typ", such as "at+jwt". Default: any.
	Type string `json:"type,omitempty"`
	// Leeway is tolerated between the issuer's clock and ours. Range: 0s–5m. Default: 60s.
	Leeway *caddy.Duration `json:"leeway,omitempty"`
	// MaxAge is how long ago "iat" may lie; the claim is required then. Default: any age.
	MaxAge caddy.Duration `json:"max_age,omitempty"`
	// UserClaim is the claim that {http.auth.user.id} is. Default: sub.
	UserClaim string `json:"user_claim,omitempty"`
	// ScopeClaim has the scopes, as text or list. Default: scope, or else scp.
	ScopeClaim string `json:"scope_claim,omitempty"`
	// Keys says how keys are fetched. Default: as its fields say.
	Keys *KeyOptions `json:"keys,omitempty"`
}

// KeyOptions say how the keys of an issuer are fetched.
type KeyOptions struct {
	// Refresh is the longest time between two fetches. The issuer's cache headers can
	// make it shorter, down to a minute. Range: 1s–24h. Default: 1h.
	Refresh caddy.Duration `json:"refresh,omitempty"`
	// Stale is how long the last good keys serve on while the issuer is down. Not
	// less than Refresh. Default: 24h.
	Stale caddy.Duration `json:"stale,omitempty"`
	// Cooldown is the shortest time between two fetches that unknown key ids ask for.
	// Range: 1s–10m. Default: 30s.
	Cooldown caddy.Duration `json:"cooldown,omitempty"`
	// Timeout bounds one fetch. Range: 100ms–1m. Default: 5s.
	Timeout caddy.Duration `json:"timeout,omitempty"`
	// CA is a PEM file with the roots to trust instead of the system's. Default: none.
	CA string `json:"ca,omitempty"`
	// HTTP allows plain http to hosts that are not this one. Default: false.
	HTTP bool `json:"http,omitempty"`
}

// check holds the configuration of a handler against its rules.
func (h *Handler) check() error {
	if h.Off {
		if len(h.Issuers)+len(h.Headers)+len(h.Scopes) > 0 || h.APIKeys != nil || h.DPoP != nil || h.MTLS != nil {
			return complain("auth", "remove off, or everything else", "auth off says that the service verifies tokens itself, so it takes no options")
		}
		return nil
	}
	if len(h.Issuers) == 0 && h.APIKeys == nil {
		return complain("auth", "write auth <issuer>, or auth off if the service verifies tokens itself", "auth does not know whose tokens to accept")
	}
	names, opaque := make(map[string]bool), 0
	for _, iss := range h.Issuers {
		if names[iss.Issuer] || iss.Issuer == anyValue && len(h.Issuers) > 1 {
			return complain("issuer", "each issuer stands once, and any stands alone", "which keys verify a token of issuer %q is not clear", iss.Issuer)
		}
		names[iss.Issuer] = true
		if err := iss.check(); err != nil {
			return err
		}
		if iss.Introspection != nil {
			opaque++
		}
	}
	if opaque > 1 {
		return errTwoIntrospected()
	}
	for _, scope := range h.Scopes {
		if err := checkScope(scope); err != nil {
			return complain("scopes", "", "%q is not a scope: %v", scope, err)
		}
	}
	if err := h.APIKeys.check(h.Headers); err != nil {
		return err
	}
	if h.Resource != "" {
		if _, err := resourceURL(h.Resource); err != nil {
			return err
		}
	}
	if err := h.checkSenders(); err != nil {
		return err
	}
	return h.checkHeaders()
}

func (h *Handler) checkSenders() error {
	if len(h.Issuers) == 0 && (h.DPoP != nil || h.MTLS != nil) {
		return complain("auth", "name the issuer of the tokens", "dpop and mtls are about tokens, and no issuer of tokens is accepted")
	}
	return h.DPoP.check()
}

func (h *Handler) checkHeaders() error {
	for i, header := range h.Headers {
		if err := checkField(header.Field); err != nil {
			return err
		}
		if header.Claim == "" {
			return complain("header", "write header <field> <claim>", "header %s names no claim", header.Field)
		}
		for _, other := range h.Headers[:i] {
			if folds(other.Field, header.Field) {
				return complain("header", "a field carries one claim", "header %s is there twice", header.Field)
			}
		}
	}
	return nil
}

// notIdentity are fields that mean something to the connection, the message or the
// proxy, and cannot tell who is calling.
var notIdentity = []string{
	"Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Expect", "Forwarded",
	"Host", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Via",
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id",
}

// checkField tells whether a field can carry an identity.
func checkField(field string) error {
	for i := 0; i < len(field); i++ {
		switch c := field[i] | 0x20; {
		case c >= 'a' && c <= 'z', field[i] >= '0' && field[i] <= '9', field[i] == '-':
		default:
			return complain("header", "such as X-User-Id", "%q cannot be an identity header: use letters, digits and dashes", field)
		}
	}
	if field == "" || slices.Contains(notIdentity, http.CanonicalHeaderKey(field)) {
		return complain("header", "such as X-User-Id", "%q cannot be an identity header: it means something else", field)
	}
	return nil
}

// check holds one issuer against the rules.
func (i *Issuer) check() error {
	sources := 0
	for _, source := range []string{i.JWKS, i.Key, i.Secret} {
		if source != "" {
			sources++
		}
	}
	discovery := sources == 0 && i.Introspection == nil
	switch {
	case i.Issuer == "":
		return complain("auth", "write issuer <issuer>, or issuer any to accept every iss", "auth is told how to verify tokens, but not whose: the issuer is missing")
	case sources > 1:
		return complain("key", "keep one of jwks, key and secret", "keys come from one place, and %d are given for %s", sources, i.Issuer)
	case i.Issuer == anyValue && discovery:
		return complain("issuer", "add jwks, key, secret or introspection", "issuer any cannot be discovered")
	case len(i.Audience) == 0:
		return complain("auth", "write audience <name of this API>, or audience any to accept tokens for every audience", "auth accepts tokens of %s, but does not say for which audience", i.Issuer)
	case slices.Contains(i.Audience, anyValue) && len(i.Audience) > 1:
		return complain("audience", "write audience any alone, or name the audiences", "audience any makes the others pointless")
	}
	if err := i.checkSource(discovery); err != nil {
		return err
	}
	if err := i.checkIntrospection(sources > 0); err != nil {
		return err
	}
	if err := i.checkValues(); err != nil {
		return err
	}
	return i.Keys.check(discovery || i.JWKS != "")
}

// checkSource looks at addresses and at what may not stand in a configuration.
func (i *Issuer) checkSource(discovery bool) error {
	plainHTTP := i.Keys != nil && i.Keys.HTTP
	switch {
	case discovery:
		if u, err := url.Parse(i.Issuer); err == nil && u.RawQuery != "" {
			return complain("issuer", "an issuer is an address without query (RFC 8414 §2)", "%q cannot be discovered: it has a query", i.Issuer)
		}
		return address("issuer", i.Issuer, "cannot be discovered", plainHTTP)
	case i.JWKS != "":
		return address("jwks", i.JWKS, "cannot be the address of a key set", plainHTTP)
	case i.Secret != "" && !isPlaceholder(i.Secret):
		return complain("secret", "write secret {env.JWT_SECRET} or secret {file./run/secrets/jwt}", "a secret in the configuration can be read by everybody who can read the configuration")
	}
	return nil
}

func address(option, value, cannot string, plainHTTP bool) error {
	err := checkAddress(value, plainHTTP)
	if err == nil {
		return nil
	}
	hint := "such as https://idp.example"
	if errors.Is(err, errInsecure) {
		hint = "use https, or write keys { http } for a network that nobody else is in"
	}
	if u, parseErr := url.Parse(value); parseErr == nil {
		value = u.Redacted() // a password does not belong into a message
	}
	return complain(option, hint, "%q %s: %v", value, cannot, err)
}

// isPlaceholder tells whether a value is one placeholder and nothing else.
func isPlaceholder(value string) bool {
	inner, ok := strings.CutPrefix(value, "{")
	inner, ok2 := strings.CutSuffix(inner, "}")
	return ok && ok2 && inner != "" && !strings.ContainsAny(inner, "{}\"\n")
}

func (i *Issuer) checkValues() error {
	for _, name := range i.Algorithms {
		a := parseAlgorithm(name)
		if a == unknownAlgorithm {
			return complain("algorithms", finding.Suggest(name, (hmacAlgorithms|publicAlgorithms).names()...), "%q is not an algorithm of auth", name)
		}
		if hmacAlgorithms.has(a) && i.Secret == "" && i.Key == "" {
			return complain("algorithms", "remove it, or use secret", "%s needs a secret, and a key set that others can read holds none", name)
		}
	}
	switch {
	case i.Leeway != nil && (*i.Leeway < 0 || time.Duration(*i.Leeway) > 5*time.Minute):
		return complain("leeway", "it makes up for clocks that differ; 60s is usual", "leeway %s is outside 0s–5m", brief(time.Duration(*i.Leeway)))
	case i.MaxAge < 0:
		return complain("max_age", "", "max_age %s is negative", time.Duration(i.MaxAge))
	}
	return nil
}

// check holds the options of fetching against their ranges.
func (k *KeyOptions) check(fetched bool) error {
	if k == nil {
		return nil
	}
	if !fetched {
		return complain("keys", "remove it", "keys says how keys are fetched, and these are not")
	}
	refresh := max(time.Duration(k.Refresh), 0)
	if refresh == 0 {
		refresh = defaultRefresh
	}
	ranges := []struct {
		name          string
		value         caddy.Duration
		least, utmost time.Duration
	}{
		{"refresh", k.Refresh, time.Second, 24 * time.Hour},
		{"stale", k.Stale, refresh, 365 * 24 * time.Hour},
		{"cooldown", k.Cooldown, time.Second, 10 * time.Minute},
		{"timeout", k.Timeout, 100 * time.Millisecond, maxTimeout},
	}
	for _, r := range ranges {
		if value := time.Duration(r.value); value != 0 && (value < r.least || value > r.utmost) {
			return complain(r.name, "the usual values are a good start: leave it out", "keys %s %s is outside %s–%s", r.name, brief(value), brief(r.least), brief(r.utmost))
		}
	}
	return nil
}

// brief writes a duration as people do: 1h instead of 1h0m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
