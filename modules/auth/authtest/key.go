// Package authtest signs tokens and serves keys for tests. It uses nothing but the
// standard library, so that what it makes does not share the verifier's mistakes.
package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"sync"

	// The hashes of the algorithms.
	_ "crypto/sha256"
	_ "crypto/sha512"
)

// Key is a key to sign with.
type Key struct {
	// ID is the kid. Alg is the algorithm that the key signs with and that its JWK names.
	ID, Alg string
	private func() any
}

// Claims are a claims set or a header.
type Claims map[string]any

var hashes = map[string]crypto.Hash{
	"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512,
	"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512,
	"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512,
	"ES256": crypto.SHA256, "ES384": crypto.SHA384, "ES512": crypto.SHA512,
}

var (
	made   = make(map[string]func() any)
	madeMu sync.Mutex
)

// New returns the key with the given id for an algorithm. Keys are made once per
// process, when they are first used; the same id and kind of key give the same key.
func New(alg, id string) *Key {
	madeMu.Lock()
	defer madeMu.Unlock()
	kind := alg
	if alg[0] == 'R' || alg[0] == 'P' {
		kind = "RSA"
	}
	name := kind + " " + id
	if made[name] == nil {
		made[name] = sync.OnceValue(func() any { return generate(kind) })
	}
	return &Key{ID: id, Alg: alg, private: made[name]}
}

// Secret returns an HMAC key.
func Secret(alg, secret string) *Key {
	return &Key{Alg: alg, private: func() any { return []byte(secret) }}
}

func generate(kind string) any {
	switch kind {
	case "RSA":
		return must(rsa.GenerateKey(rand.Reader, 2048))
	case "ES256":
		return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case "ES384":
		return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	case "ES512":
		return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return must(private, err)
	}
	secret := make([]byte, 64)
	_, err := rand.Read(secret)
	return must(secret, err)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Base64 is base64url without padding.
func Base64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// Token signs claims. The header has alg, kid and typ unless header says otherwise;
// a nil value in header removes a member.
func (k *Key) Token(claims Claims, header Claims) string {
	full := Claims{"alg": k.Alg, "typ": "JWT"}
	if k.ID != "" {
		full["kid"] = k.ID
	}
	for name, value := range header {
		if full[name] = value; value == nil {
			delete(full, name)
		}
	}
	return k.Compact(string(must(json.Marshal(full))), string(must(json.Marshal(claims))))
}

// Compact signs a header and a payload as they are.
func (k *Key) Compact(header, payload string) string {
	signed := Base64([]byte(header)) + "." + Base64([]byte(payload))
	return signed + "." + Base64(k.Sign([]byte(signed)))
}

// Sign signs data with the key's algorithm.
func (k *Key) Sign(data []byte) []byte {
	if k.Alg == "EdDSA" {
		return ed25519.Sign(k.private().(ed25519.PrivateKey), data)
	}
	hash := hashes[k.Alg]
	digest := hash.New()
	digest.Write(data)
	sum := digest.Sum(nil)
	switch private := k.private().(type) {
	case []byte:
		mac := hmac.New(hash.New, private)
		mac.Write(data)
		return mac.Sum(nil)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum)
		must(r, err)
		size := (private.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	case *rsa.PrivateKey:
		if k.Alg[0] == 'P' {
			return k.SignPSS(data, rsa.PSSSaltLengthEqualsHash)
		}
		return must(rsa.SignPKCS1v15(nil, private, hash, sum))
	}
	panic("authtest: no key")
}

// SignPSS signs with a salt of any length.
func (k *Key) SignPSS(data []byte, salt int) []byte {
	hash := hashes[k.Alg]
	digest := hash.New()
	digest.Write(data)
	return must(rsa.SignPSS(rand.Reader, k.private().(*rsa.PrivateKey), hash, digest.Sum(nil), &rsa.PSSOptions{SaltLength: salt}))
}

// Public returns the public key; of a secret, the secret.
func (k *Key) Public() any {
	if signer, ok := k.private().(crypto.Signer); ok {
		return signer.Public()
	}
	return k.private()
}

// PEM returns the public key as PEM.
func (k *Key) PEM() string {
	der := must(x509.MarshalPKIXPublicKey(k.Public()))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// PrivatePEM returns the private key as PEM.
func (k *Key) PrivatePEM() string {
	der := must(x509.MarshalPKCS8PrivateKey(k.private()))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// JWK returns the public JWK with kid, alg and use; more overrides members, nil
// removes them.
func (k *Key) JWK(more Claims) Claims {
	jwk := Claims{"kid": k.ID, "alg": k.Alg, "use": "sig"}
	switch public := k.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"] = "RSA", Base64(public.N.Bytes())
		jwk["e"] = Base64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(public.Bytes())
		size := (len(point) - 1) / 2
		jwk["kty"], jwk["crv"] = "EC", public.Curve.Params().Name
		jwk["x"], jwk["y"] = Base64(point[1:1+size]), Base64(point[1+size:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", Base64(public)
	case []byte:
		jwk["kty"], jwk["k"] = "oct", Base64(public)
	}
	for name, value := range more {
		if jwk[name] = value; value == nil {
			delete(jwk, name)
		}
	}
	return jwk
}

// Set returns the JWK Set of keys.
func Set(keys ...*Key) string {
	list := make([]Claims, len(keys))
	for i, key := range keys {
		list[i] = key.JWK(nil)
	}
	return SetOf(list...)
}

// SetOf returns a JWK Set of JWKs.
func SetOf(jwks ...Claims) string {
	return string(must(json.Marshal(map[string]any{"keys": jwks})))
}
