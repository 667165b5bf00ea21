// Package issuer is a token issuer for local use only: it gives tokens to whoever
// asks. It does what a gateway needs from a real one: discovery (RFC 8414, OpenID
// Connect Discovery 1.0), a JWK Set (RFC 7517) and access tokens (RFC 9068).
//
// The key is made at start and kept nowhere, so tokens die with the process.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Lifetime is how long the tokens of the personas live.
const Lifetime = 8 * time.Hour

// Issuer signs tokens and publishes the key to verify them. It is safe for
// concurrent use.
type Issuer struct {
	url string
	now func() time.Time
	key *ecdsa.PrivateKey
	jwk jwk
	mux *http.ServeMux
}

// New returns an issuer that is reachable at url, which becomes the "iss" of its
// tokens. now is its clock; nil means time.Now.
func New(url string, now func() time.Time) (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the signing key: %w", err)
	}
	public, err := publicJWK(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	i := &Issuer{url: url, now: now, key: key, jwk: public, mux: http.NewServeMux()}
	i.mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	i.mux.HandleFunc("GET /.well-known/oauth-authorization-server", i.discovery)
	i.mux.HandleFunc("GET /jwks", i.keys)
	i.mux.HandleFunc("POST /token", i.token)
	return i, nil
}

// URL returns where the issuer is, the "iss" of its tokens.
func (i *Issuer) URL() string { return i.url }

// ServeHTTP implements http.Handler.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.mux.ServeHTTP(w, r) }

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]any{
		"issuer":                                i.url,
		"jwks_uri":                              i.url + "/jwks",
		"token_endpoint":                        i.url + "/token",
		"grant_types_supported":                 []string{"client_credentials"},
		"response_types_supported":              []string{"none"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"scopes_supported":                      []string{"orders:read", "orders:write"},
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "max-age=300")
	respond(w, http.StatusOK, map[string]any{"keys": []jwk{i.jwk}})
}

// token is the token endpoint (RFC 6749 §4.4), with a persona where a real issuer
// has client credentials.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	name := r.FormValue("persona")
	claims, err := i.Claims(name)
	if err != nil {
		respond(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": err.Error()})
		return
	}
	token, err := i.Mint(claims)
	if err != nil {
		respond(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	respond(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": claims["exp"].(int64) - i.now().Unix(), "scope": claims["scope"],
	})
}

// Mint signs claims as they are, whatever they say.
func (i *Issuer) Mint(claims map[string]any) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "ES256", "kid": i.jwk.KeyID, "typ": "at+jwt"})
	if err != nil {
		return "", fmt.Errorf("writing the JOSE header: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("writing the claims: %w", err)
	}
	signed := encode(header) + "." + encode(payload)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	// R and S in 32 octets each (RFC 7518 §3.4).
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + encode(signature), nil
}

// jwk is a public key on P-256 (RFC 7518 §6.2.1).
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

func publicJWK(key *ecdsa.PublicKey) (jwk, error) {
	point, err := key.Bytes() // 4, X, Y
	if err != nil {
		return jwk{}, fmt.Errorf("writing the public key: %w", err)
	}
	// A new key needs a new id, or a gateway that has seen an earlier one would not
	// ask for it.
	id := sha256.Sum256(point)
	return jwk{
		Type: "EC", Use: "sig", Algorithm: "ES256", KeyID: encode(id[:6]),
		Curve: "P-256", X: encode(point[1:33]), Y: encode(point[33:]),
	}, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is out; a client that has gone away is nobody's fault.
	_ = json.NewEncoder(w).Encode(body)
}
