package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// key is one key that signatures can be checked with. The key decides which
// algorithms it is used with; a token only chooses among them (RFC 8725 §3.1).
type key struct {
	id         string // the kid; "" if the key has none
	algorithms algorithmSet
	// material is *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey or []byte.
	material any
}

// Bounds of RSA keys in bits. Below the minimum a key is not safe (RFC 7518 §3.3);
// above the maximum one check of a signature costs an attacker nothing and us
// milliseconds.
const (
	minRSA = 2048
	maxRSA = 8192
)

var errPrivate = errors.New("it is a private key; verification needs the public part only, and the private one must not leave its owner")

// readJWK makes a key of one JWK (RFC 7517 §4). members are those of raw, decoded.
// Secrets are accepted only where the set is the operator's own, never from a network.
func readJWK(raw []byte, members map[string]any, secrets bool) (*key, error) {
	if err := usable(members); err != nil {
		return nil, err
	}
	if _, private := members["d"]; private {
		return nil, errPrivate
	}
	_, secret := members["k"]
	if (secret || members["kty"] == "oct") && !secrets {
		return nil, errors.New("it is a secret (oct), which has no place in a set that others can read")
	}
	parsed, err := jwk.ParseKey(raw)
	if err != nil {
		// The library's text may quote the key.
		return nil, errors.New("it is not a well-formed JWK")
	}
	var material any
	if err := parsed.Raw(&material); err != nil {
		return nil, errors.New("its parameters make no key")
	}
	k, err := newKey(material)
	if err != nil {
		return nil, err
	}
	k.id = parsed.KeyID()
	return k, k.pin(members["alg"])
}

// usable checks what a JWK says about its use (RFC 7517 §4.2, §4.3).
func usable(members map[string]any) error {
	if use, has := members["use"]; has && use != "sig" {
		return errors.New(`its "use" is not "sig"`)
	}
	if operations, has := members["key_ops"]; has {
		list, ok := stringList(operations)
		if !ok || !slices.Contains(list, "verify") {
			return errors.New(`its "key_ops" do not include "verify"`)
		}
	}
	if id, has := members["kid"]; has {
		if _, ok := id.(string); !ok {
			return errors.New(`its "kid" is not a string`)
		}
	}
	return nil
}

// pin narrows a key down to the one algorithm that its JWK names.
func (k *key) pin(alg any) error {
	if alg == nil {
		return nil
	}
	name, _ := alg.(string)
	pinned := setOf(parseAlgorithm(name)) & k.algorithms
	if pinned == 0 {
		return errors.New(`its "alg" is unknown or does not fit the key`)
	}
	k.algorithms = pinned
	return nil
}

// newKey checks key material and finds out what it can be used with.
func newKey(material any) (*key, error) {
	switch m := material.(type) {
	case *rsa.PublicKey:
		return rsaKey(m)
	case *ecdsa.PublicKey:
		return ecdsaKey(m)
	case ed25519.PublicKey:
		if len(m) != ed25519.PublicKeySize {
			return nil, errors.New("it is not an Ed25519 key of 32 bytes")
		}
		return &key{material: m, algorithms: setOf(eddsa)}, nil
	case []byte:
		return secretKey(m)
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return nil, errPrivate
	}
	return nil, errors.New("its type is not RSA, EC (P-256, P-384, P-521) or Ed25519")
}

func rsaKey(m *rsa.PublicKey) (*key, error) {
	if bits := m.N.BitLen(); bits < minRSA || bits > maxRSA {
		return nil, fmt.Errorf("it is an RSA key of %d bits; %d to %d are accepted", bits, minRSA, maxRSA)
	}
	if m.E < 3 || m.E%2 == 0 {
		return nil, errors.New("its RSA exponent is not odd and at least 3")
	}
	return &key{material: m, algorithms: rsaAlgorithms}, nil
}

func ecdsaKey(m *ecdsa.PublicKey) (*key, error) {
	// ECDH checks that the point is on the curve.
	if _, err := m.ECDH(); err != nil {
		return nil, errors.New("its point is not on the curve P-256, P-384 or P-521")
	}
	k := &key{material: m}
	switch m.Curve {
	case elliptic.P256():
		k.algorithms = setOf(es256)
	case elliptic.P384():
		k.algorithms = setOf(es384)
	default:
		k.algorithms = setOf(es512)
	}
	return k, nil
}

// secretKey makes an HMAC key. A secret serves the algorithms whose hash is not
// longer than itself (RFC 7518 §3.2).
func secretKey(secret []byte) (*key, error) {
	k := &key{material: secret}
	for a := hs256; a <= hs512; a++ {
		if len(secret) >= algorithms[a].hash.Size() {
			k.algorithms |= setOf(a)
		}
	}
	if k.algorithms == 0 {
		return nil, fmt.Errorf("the secret has %d bytes; HS256 needs at least 32, HS384 48 and HS512 64", len(secret))
	}
	return k, nil
}

// readPEM makes keys of the PEM blocks in data: public keys, or certificates, of
// which the key is taken and nothing else.
func readPEM(data []byte) ([]*key, error) {
	var keys []*key
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		material, err := readBlock(block)
		if err != nil {
			return nil, err
		}
		k, err := newKey(material)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("no PEM block is in it")
	}
	return keys, nil
}

func readBlock(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return parsed(x509.ParsePKIXPublicKey(block.Bytes))
	case "RSA PUBLIC KEY":
		return parsed(x509.ParsePKCS1PublicKey(block.Bytes))
	case "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("its certificate is damaged")
		}
		return certificate.PublicKey, nil
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return nil, errPrivate
	}
	return nil, fmt.Errorf("its PEM block is a %q; a PUBLIC KEY or CERTIFICATE is needed", block.Type)
}

func parsed[T any](material T, err error) (any, error) {
	if err != nil {
		return nil, errors.New("its public key is damaged")
	}
	return material, nil
}

// libraryName is the algorithm in the words of the library.
func (a algorithm) libraryName() jwa.SignatureAlgorithm {
	return jwa.SignatureAlgorithm(a.String())
}
