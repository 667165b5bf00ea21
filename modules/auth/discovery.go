package auth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// discover asks an issuer where its keys are: first as OpenID Connect Discovery 1.0
// §4 has it, then as RFC 8414 §3 has it.
func (e *endpoint) discover(ctx context.Context) (string, error) {
	oidc, oauth := metadataAddresses(e.issuer)
	address, err := e.metadata(ctx, oidc)
	if err == nil || errors.Is(err, errMetadata) {
		return address, err
	}
	address, err2 := e.metadata(ctx, oauth)
	if err2 != nil {
		return "", fmt.Errorf("discovering the issuer: %w; and %w", err, err2)
	}
	return address, nil
}

// errMetadata marks metadata that was found and cannot be used. There is no point
// in looking elsewhere then.
var errMetadata = errors.New("unusable issuer metadata")

// metadata returns the key set's address from one metadata document.
func (e *endpoint) metadata(ctx context.Context, address string) (string, error) {
	found, err := e.get(ctx, address)
	if err != nil {
		return "", err
	}
	object, ok := decodeObject(string(found.body))
	if !ok {
		return "", fmt.Errorf("%w: %s is not one strict JSON object", errMetadata, address)
	}
	// Otherwise one issuer could hand out the keys of another (RFC 8414 §3.3).
	if object["issuer"] != e.issuer {
		return "", fmt.Errorf("%w: %s is about another issuer than %s; compare them character by character", errMetadata, address, e.issuer)
	}
	jwks, ok := object["jwks_uri"].(string)
	if !ok {
		return "", fmt.Errorf("%w: %s has no jwks_uri", errMetadata, address)
	}
	if err := checkAddress(jwks, e.plainHTTP); err != nil {
		return "", fmt.Errorf("%w: the jwks_uri in %s cannot be used: %w", errMetadata, address, err)
	}
	if strings.HasPrefix(e.issuer, "https:") && !strings.HasPrefix(jwks, "https:") {
		return "", fmt.Errorf("%w: the jwks_uri in %s leads from https to http", errMetadata, address)
	}
	return jwks, nil
}

// metadataAddresses returns where an issuer's metadata may be: OpenID Connect puts
// the well-known part behind the issuer's path, RFC 8414 §3.1 before it.
func metadataAddresses(issuer string) (oidc, oauth string) {
	base := strings.TrimSuffix(issuer, "/")
	oidc = base + "/.well-known/openid-configuration"
	u, err := url.Parse(base)
	if err != nil {
		return oidc, oidc
	}
	path := u.EscapedPath()
	return oidc, strings.TrimSuffix(base, path) + "/.well-known/oauth-authorization-server" + path
}
