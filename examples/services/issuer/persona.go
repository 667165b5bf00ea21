package issuer

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// persona is somebody to be while trying things out.
type persona struct {
	name, subject, audience, scope string
	lifetime                       time.Duration
}

var personas = []persona{
	{name: "reader", subject: "rita", audience: "orders", scope: "orders:read", lifetime: Lifetime},
	{name: "writer", subject: "wim", audience: "orders", scope: "orders:read orders:write", lifetime: Lifetime},
	{name: "expired", subject: "rita", audience: "orders", scope: "orders:read", lifetime: -time.Hour},
	{name: "other-audience", subject: "rita", audience: "invoices", scope: "orders:read", lifetime: Lifetime},
}

// Personas returns the names that Claims and the token endpoint know.
func Personas() []string {
	names := make([]string, len(personas))
	for i, p := range personas {
		names[i] = p.name
	}
	return names
}

// Claims returns the claims of a persona, ready for Mint.
func (i *Issuer) Claims(name string) (map[string]any, error) {
	index := slices.IndexFunc(personas, func(p persona) bool { return p.name == name })
	if index < 0 {
		return nil, fmt.Errorf("unknown persona; use one of %s", strings.Join(Personas(), ", "))
	}
	p := personas[index]
	expires := i.now().Add(p.lifetime)
	return map[string]any{
		"iss": i.url, "sub": p.subject, "aud": p.audience, "client_id": "demo", "scope": p.scope,
		"iat": expires.Add(-Lifetime).Unix(), "exp": expires.Unix(), "jti": rand.Text()[:12],
	}, nil
}

// Token returns a token of a persona.
func (i *Issuer) Token(name string) (string, error) {
	claims, err := i.Claims(name)
	if err != nil {
		return "", err
	}
	return i.Mint(claims)
}
