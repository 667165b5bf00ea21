package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"gateway/internal/finding"
)

// Introspection is where an issuer tells whether a token is active (RFC 7662), for
// tokens that only the issuer can read.
type Introspection struct {
	// URL is the address of the introspection endpoint. Required.
	URL string `json:"url"`
	// ClientID is the id of the gateway at the issuer, or a placeholder for it. Required,
	// unless BearerToken is there.
	ClientID string `json:"client_id,omitempty"`
	// ClientSecret is a placeholder such as {env.INTROSPECTION_SECRET}. Required, unless
	// BearerToken is there.
	ClientSecret string `json:"client_secret,omitempty"`
	// ClientAuth is basic (client_secret_basic) or post (client_secret_post). Default: basic.
	ClientAuth string `json:"client_auth,omitempty"`
	// BearerToken is a placeholder for an access token for the endpoint, instead of id
	// and secret. Default: none.
	BearerToken string `json:"bearer_token,omitempty"`
	// Cache is how long an answer counts at most; 0 asks for every request. Range: 0s–1h.
	// Default: 30s.
	Cache *caddy.Duration `json:"cache,omitempty"`
	// Timeout bounds one question. Range: 100ms–30s. Default: 2s.
	Timeout caddy.Duration `json:"timeout,omitempty"`
	// CA is a PEM file with the roots to trust instead of the system's. Default: none.
	CA string `json:"ca,omitempty"`
	// HTTP allows plain http to hosts that are not this one. Default: false.
	HTTP bool `json:"http,omitempty"`
}

const (
	defaultAnswerLife           = 30 * time.Second
	maxAnswerLife               = time.Hour
	defaultIntrospectionTimeout = 2 * time.Second
	maxIntrospectionTimeout     = 30 * time.Second
)

// check holds the configuration against its rules.
func (i *Introspection) check() error {
	if err := i.checkAddress(); err != nil {
		return err
	}
	switch {
	case i.ClientSecret != "" && !isPlaceholder(i.ClientSecret):
		return openSecret("client_secret")
	case i.BearerToken != "" && !isPlaceholder(i.BearerToken):
		return openSecret("bearer_token")
	case i.BearerToken != "" && i.ClientID+i.ClientSecret+i.ClientAuth != "":
		return complain("bearer_token", "keep bearer_token, or client_id and client_secret", "the endpoint is told in two ways who asks")
	case i.BearerToken == "" && (i.ClientID == "" || i.ClientSecret == ""):
		return complain("introspection", "add client_id <id> and client_secret {env.INTROSPECTION_SECRET}, or bearer_token {env.INTROSPECTION_TOKEN}",
			"the introspection endpoint is not told who asks: an issuer answers only its own clients (RFC 7662 §2.1)")
	case i.ClientAuth != "" && i.ClientAuth != "basic" && i.ClientAuth != "post":
		return complain("client_auth", finding.Suggest(i.ClientAuth, "basic", "post"), "client_auth is basic or post, not %q", i.ClientAuth)
	case i.Cache != nil && (*i.Cache < 0 || time.Duration(*i.Cache) > maxAnswerLife):
		return complain("cache", "a token that is revoked at the issuer is accepted for so long", "cache %s is outside 0s–1h", brief(time.Duration(*i.Cache)))
	}
	if t := time.Duration(i.Timeout); t != 0 && (t < 100*time.Millisecond || t > maxIntrospectionTimeout) {
		return complain("timeout", "2s is usual", "timeout %s is outside 100ms–30s", brief(t))
	}
	return nil
}

func openSecret(option string) error {
	return complain(option, "write "+option+" {env.INTROSPECTION_SECRET} or "+option+" {file./run/secrets/introspection}",
		"a secret in the configuration can be read by everybody who can read the configuration")
}

func (i *Introspection) checkAddress() error {
	const hint = "such as introspection https://idp.example/oauth2/introspect { ... }"
	u, err := url.Parse(i.URL)
	switch {
	case i.URL == "":
		return complain("introspection", hint, "introspection has no address")
	case err != nil:
		return complain("introspection", hint, "the address of the introspection endpoint is not a URL")
	case u.RawQuery != "":
		return complain("introspection", hint, "the address of the introspection endpoint has a query, which would end up in logs")
	}
	err = checkAddress(i.URL, i.HTTP)
	switch {
	case errors.Is(err, errInsecure):
		return complain("introspection", "use https, or add http to the block for a network that nobody else is in", "plain http shows tokens and the client's secret to others")
	case err != nil:
		return complain("introspection", hint, "%q cannot be the address of an introspection endpoint: %v", u.Redacted(), err)
	}
	return nil
}

// checkIntrospection looks at what does not go together with introspection.
func (i *Issuer) checkIntrospection(keys bool) error {
	if i.Introspection == nil {
		return nil
	}
	if !keys {
		const hint = "remove it, or add jwks, key or secret for the JWTs of the issuer"
		switch {
		case i.Type != "":
			return complain("type", hint, "type is about JWTs, and all tokens of %s are introspected", i.Issuer)
		case len(i.Algorithms) > 0:
			return complain("algorithms", hint, "algorithms are about JWTs, and all tokens of %s are introspected", i.Issuer)
		}
	}
	return i.Introspection.check()
}

func errTwoIntrospected() error {
	return complain("introspection", "introspect the tokens of one issuer", "several issuers are introspected, and an opaque token does not say whose it is")
}

// endpoint resolves the placeholders of a checked configuration.
func (i *Introspection) endpoint() (*introspectionEndpoint, []byte, error) {
	e := &introspectionEndpoint{address: i.URL, id: i.ClientID}
	option, value := "client_secret", i.ClientSecret
	switch {
	case i.BearerToken != "":
		e.auth, option, value = bearerAuth, "bearer_token", i.BearerToken
	case i.ClientAuth == "post":
		e.auth = postAuth
	}
	var err error
	if isPlaceholder(e.id) {
		if e.id, err = resolve(e.id); err != nil {
			return nil, nil, complain("client_id", "set it, or correct the placeholder", "the client id %s cannot be had: %v", i.ClientID, err)
		}
	}
	if e.secret, err = resolve(value); err != nil {
		return nil, nil, complain(option, "set it, or correct the placeholder", "the secret %s cannot be had: %v", value, err)
	}
	if e.secret = strings.TrimRight(e.secret, "\r\n"); e.secret == "" || e.auth == bearerAuth && !isAccessToken(e.secret) {
		return nil, nil, complain(option, "look at what the placeholder stands for", "the secret %s cannot be used: it is empty, or has characters that it cannot have", value)
	}
	roots, rootsPEM, err := (&KeyOptions{CA: i.CA}).roots()
	if err != nil {
		return nil, nil, err
	}
	e.client = newIntrospectionClient(roots)
	return e, rootsPEM, nil
}

// pooledIntrospector lives as long as a handler uses it. Questions under way end by
// themselves.
type pooledIntrospector struct {
	*introspector
	endpoint string // what the metrics call it
	client   *introspectionEndpoint
}

// Destruct implements caddy.Destructor.
func (p *pooledIntrospector) Destruct() error {
	p.client.client.CloseIdleConnections()
	return nil
}

// poolSecret keeps what identifies an endpoint in the pool from telling the secret.
var poolSecret = func() []byte {
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // never fails
	return secret
}()

// introspectorOf returns what asks an endpoint. It outlives a reload, with the answers,
// as long as nothing about it changes.
func (h *Handler) introspectorOf(config *Introspection) (*introspector, error) {
	e, rootsPEM, err := config.endpoint()
	if err != nil {
		return nil, err
	}
	life, timeout := defaultAnswerLife, defaultIntrospectionTimeout
	if config.Cache != nil {
		life = time.Duration(*config.Cache)
	}
	if config.Timeout != 0 {
		timeout = time.Duration(config.Timeout)
	}
	mac := hmac.New(sha256.New, poolSecret)
	mac.Write([]byte(e.secret))
	id := sourceKeyOf("introspection", e.address, e.auth, e.id, mac.Sum(nil), life, timeout, config.HTTP, rootsPEM)
	value, _, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) {
		logger := caddy.Log().Named("http.handlers.auth").With(zap.String("introspection", e.address))
		return &pooledIntrospector{newIntrospector(e.ask, life, timeout, &zapIntrospectionLog{logger}), e.address, e}, nil
	})
	if err != nil {
		return nil, err
	}
	h.pooled = append(h.pooled, id)
	return value.(*pooledIntrospector).introspector, nil
}

// zapIntrospectionLog writes what becomes of an endpoint into Caddy's log.
type zapIntrospectionLog struct{ logger *zap.Logger }

func (l *zapIntrospectionLog) failed(err error, paused bool) {
	if paused {
		l.logger.Error("the introspection endpoint does not answer and is left alone for a while; its tokens are answered with 503", zap.Error(err))
		return
	}
	l.logger.Warn("a token cannot be introspected, and is answered with 503", zap.Error(err))
}

func (l *zapIntrospectionLog) resumed() { l.logger.Info("the introspection endpoint answers again") }

// parseIntrospection reads where tokens are introspected.
func (p *issuerParser) parseIntrospection(d *caddyfile.Dispenser) (err error) {
	const usage = "introspection <url> { client_id <id>; client_secret {env.INTROSPECTION_SECRET} }, on lines of their own"
	i := new(Introspection)
	p.config.Introspection = i
	if i.URL, err = argument(d, usage); err != nil {
		return err
	}
	var seen places
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if !seen.add(d) {
			return again(d)
		}
		if err := i.option(d); err != nil {
			return err
		}
	}
	for option, at := range seen {
		if _, has := p.places[option]; !has {
			p.places[option] = at
		}
	}
	return nil
}

func (i *Introspection) option(d *caddyfile.Dispenser) (err error) {
	switch name := d.Val(); name {
	case "client_id":
		i.ClientID, err = argument(d, "client_id <id>")
	case "client_secret":
		i.ClientSecret, err = secretArgument(d, "{env.INTROSPECTION_SECRET}")
	case "client_auth":
		i.ClientAuth, err = argument(d, "client_auth basic or client_auth post")
	case "bearer_token":
		i.BearerToken, err = secretArgument(d, "{env.INTROSPECTION_TOKEN}")
	case "cache":
		i.Cache = new(caddy.Duration)
		err = duration(d, i.Cache)
	case "timeout":
		err = duration(d, &i.Timeout)
	case "ca":
		if i.CA, err = argument(d, "ca <file>"); err == nil {
			i.CA = relative(d, i.CA)
		}
	case "http":
		err = flag(d, &i.HTTP)
	default:
		err = finding.At(d, finding.Suggest(name, "client_id", "client_secret", "client_auth", "bearer_token", "cache", "timeout", "ca", "http"), "%q is not an option of introspection", name)
	}
	return err
}

var _ caddy.Destructor = (*pooledIntrospector)(nil)
