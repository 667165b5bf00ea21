package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// devIssuerName is the issuer of tokens for development. It is no address, so that
// nobody mistakes it for an issuer that could be asked.
const devIssuerName = "urn:gateway:development"

// devIssuer is an issuer for development: a folder with private keys, and the key
// set that a gateway accepts them by.
type devIssuer struct{ folder string }

// Files of the folder.
const (
	devKeySet   = "keys.json"
	devPersonas = "personas.json"
)

func (d devIssuer) file(name string) string { return filepath.Join(d.folder, name) }

// devToken is what a token for development says.
type devToken struct {
	issuer, audience, typ string
	persona               string
	scopes                []string
	lifetime              time.Duration
	claims                map[string]any // more of them, which win
}

// signingKey returns the private key for an algorithm, made at first use.
func (d devIssuer) signingKey(alg algorithm) (private crypto.Signer, made bool, err error) {
	if !publicAlgorithms.has(alg) {
		return nil, false, errors.New("an issuer for development has key pairs; use one of " + list(publicAlgorithms.names()))
	}
	name := d.file("private-" + strings.ToLower(alg.String()) + ".pem")
	data, err := readFile(name)
	if err == nil {
		private, err = readPrivate(data)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		return private, false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	if private, err = generate(alg); err != nil {
		return nil, false, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, false, err
	}
	if err := d.prepare(); err != nil {
		return nil, false, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return nil, false, err
	}
	return private, true, nil
}

// prepare makes the folder. Nothing in it belongs into a repository.
func (d devIssuer) prepare() error {
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(d.file(".gitignore"), []byte("*\n"), 0o600)
}

func readPrivate(data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no PEM block is in it; remove the file to have a new key made")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("its private key is damaged; remove the file to have a new one made")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("its private key cannot sign")
	}
	return signer, nil
}

func generate(alg algorithm) (crypto.Signer, error) {
	switch alg {
	case es256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case es384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case es512:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case eddsa:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return rsa.GenerateKey(rand.Reader, minRSA)
}

// publish adds the public key to the key set of the folder, and returns its kid.
func (d devIssuer) publish(alg algorithm, private crypto.Signer) (kid string, err error) {
	jwk, sum, err := digestOf(private.Public())
	if err != nil {
		return "", err
	}
	kid = "development-" + strings.ToLower(alg.String()) + "-" + hex.EncodeToString(sum[:4])
	jwk["kid"], jwk["alg"], jwk["use"] = kid, alg.String(), "sig"
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	if data, err := readFile(d.file(devKeySet)); err == nil {
		if err := json.Unmarshal(data, &set); err != nil {
			return "", fmt.Errorf("%s is not a key set; remove it to have a new one made", d.file(devKeySet))
		}
	}
	// A key that was made anew replaces the one before.
	set.Keys = slices.DeleteFunc(set.Keys, func(other map[string]string) bool { return other["alg"] == alg.String() && other["kid"] != kid })
	if slices.ContainsFunc(set.Keys, func(other map[string]string) bool { return maps.Equal(other, jwk) }) {
		return kid, nil
	}
	set.Keys = append(set.Keys, jwk)
	text, err := json.MarshalIndent(set, "", "  ")
	if err != nil {
		return "", err
	}
	// A gateway that watches the file never sees half of it.
	if err := os.WriteFile(d.file(devKeySet)+".new", append(text, '\n'), 0o644); err != nil {
		return "", err
	}
	return kid, os.Rename(d.file(devKeySet)+".new", d.file(devKeySet))
}

func publicJWK(public crypto.PublicKey) (map[string]string, error) {
	encode := base64.RawURLEncoding.EncodeToString
	switch public := public.(type) {
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return nil, err
		}
		half := (len(point) - 1) / 2
		return map[string]string{
			"kty": "EC", "crv": public.Curve.Params().Name,
			"x": encode(point[1 : 1+half]), "y": encode(point[1+half:]),
		}, nil
	case ed25519.PublicKey:
		return map[string]string{"kty": "OKP", "crv": "Ed25519", "x": encode(public)}, nil
	}
	return nil, errors.New("the key is of an unknown kind")
}

// persona returns the claims of a person who is played in development: those of
// personas.json, or else a subject of that name.
func (d devIssuer) persona(name string) (map[string]any, error) {
	data, err := readFile(d.file(devPersonas))
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]any{"sub": name}, nil
	}
	if err != nil {
		return nil, err
	}
	var all map[string]map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf(`%s is not of the form {"alice": {"sub": "alice", "roles": ["admin"]}}: %w`, d.file(devPersonas), err)
	}
	claims := map[string]any{"sub": name}
	maps.Copy(claims, all[name])
	return claims, nil
}

// mint signs a token.
func (d devIssuer) mint(want devToken, alg algorithm, now time.Time) (token string, made bool, err error) {
	claims, err := d.persona(want.persona)
	if err != nil {
		return "", false, err
	}
	private, made, err := d.signingKey(alg)
	if err != nil {
		return "", false, err
	}
	kid, err := d.publish(alg, private)
	if err != nil {
		return "", false, err
	}
	claims["iss"], claims["aud"] = want.issuer, want.audience
	claims["iat"], claims["exp"] = min(now.Unix(), now.Add(want.lifetime).Unix()), now.Add(want.lifetime).Unix()
	claims["jti"] = rand.Text()
	if len(want.scopes) > 0 {
		claims["scope"] = strings.Join(want.scopes, " ")
	}
	if _, has := claims["client_id"]; !has {
		claims["client_id"] = "gateway-token-new" // RFC 9068 §2.2 requires one
	}
	maps.Copy(claims, want.claims)
	header := map[string]any{"alg": alg.String(), "kid": kid, "typ": want.typ}
	token, err = signCompact(private, alg, header, claims)
	return token, made, err
}

// signCompact makes a compact JWS (RFC 7515 §3.1).
func signCompact(private crypto.Signer, alg algorithm, header, claims map[string]any) (string, error) {
	var parts [2]string
	for i, part := range []map[string]any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(text)
	}
	signed := parts[0] + "." + parts[1]
	signature, err := sign(private, alg, []byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// sign signs as RFC 7518 §3 and RFC 8037 §3.1 have it.
func sign(private crypto.Signer, alg algorithm, data []byte) ([]byte, error) {
	if alg == eddsa {
		return private.Sign(rand.Reader, data, crypto.Hash(0))
	}
	hash := algorithms[alg].hash
	digest := hash.New()
	digest.Write(data)
	switch key := private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest.Sum(nil))
		if err != nil {
			return nil, err
		}
		size := (key.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
	case *rsa.PrivateKey:
		if alg >= ps256 && alg <= ps512 {
			return key.Sign(rand.Reader, digest.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
		}
	}
	return private.Sign(rand.Reader, digest.Sum(nil), hash)
}
