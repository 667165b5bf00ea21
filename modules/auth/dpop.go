package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// dpop checks proofs that a sender has the key that a token is bound to (RFC 9449).
type dpop struct {
	// window is how far iat may lie from now, in microseconds.
	window int64
	// origin is the scheme and host that clients call, lower case and without default
	// port; "" takes them from the request.
	origin string
	// nonces are demanded; nil demands none.
	nonces *nonces
	// seen are the proofs that were used.
	seen *replays
	// target returns method and target of the request as the client sent it.
	target func(*http.Request) (method, target string)
}

const (
	// maxProof bounds a proof, and maxProofID its jti, in bytes.
	maxProof   = 8 << 10
	maxProofID = 256
)

// proof is a proof whose signature was checked with the key that it brings.
type proof struct {
	claims     map[string]any
	thumbprint string
}

// check makes the checks of RFC 9449 §4.3 in their order, with the token that the
// proof is for and the thumbprint that the token is bound to. A proof that passes is
// used up.
func (d *dpop) check(r *http.Request, jkt, text string, now time.Time) (nonce string, f fault) {
	fields := r.Header["Dpop"]
	switch {
	case len(fields) == 0:
		return "", proofMissing
	case len(fields) > 1:
		return "", proofTwice
	}
	p, f := readProof(fields[0])
	if f != none {
		return "", f
	}
	id, issued, f := p.required()
	if f != none {
		return "", f
	}
	method, target := d.target(r)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	switch {
	case p.claims["htm"] != method:
		return "", proofMethod
	case !d.isTarget(p.claims["htu"].(string), scheme, r.Host, target):
		return "", proofTarget
	}
	if d.nonces != nil {
		given, _ := p.claims["nonce"].(string)
		if nonce, f = d.nonces.judge(given, now); f != none {
			return nonce, f
		}
	}
	if distance := now.UnixMicro() - issued; distance > d.window || distance < -d.window {
		return nonce, proofTime
	}
	sum := sumOf(text)
	switch {
	case p.claims["ath"] != base64.RawURLEncoding.EncodeToString(sum[:]):
		return nonce, proofOtherToken
	case p.thumbprint != jkt:
		return nonce, proofOtherKey
	}
	return nonce, d.seen.use(jkt, id, now)
}

// readProof reads a proof and checks its signature with the key in its header. That
// key is believed no more than this: it has to be the one that the token is bound to.
func readProof(text string) (*proof, fault) {
	if len(text) > maxProof {
		return nil, proofMalformed
	}
	t, f := parse(text)
	switch {
	case f == noAlgorithm:
		return nil, proofAlgorithm
	case f != none:
		return nil, proofMalformed
	case t.typ != "dpop+jwt":
		return nil, proofType
	case !publicAlgorithms.has(t.alg):
		return nil, proofAlgorithm
	}
	encoded, _, _ := strings.Cut(text, ".")
	decoded, _ := decodeBase64(encoded)
	header, _ := decodeObject(string(decoded)) // parse has seen that it is one
	members, ok := header["jwk"].(map[string]any)
	if !ok {
		return nil, proofKey
	}
	k, f := proofPublicKey(members)
	if f != none {
		return nil, f
	}
	switch k.verify(&t) {
	case none:
	case algorithmNotOfKey:
		return nil, proofAlgorithm
	default:
		return nil, proofSignature
	}
	thumbprint, err := thumbprintOf(k.material)
	if err != nil {
		return nil, proofKey
	}
	return &proof{claims: t.claims, thumbprint: thumbprint}, none
}

// privateMembers are the members of a JWK that belong to private and symmetric keys
// (RFC 7518 §6).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

func proofPublicKey(members map[string]any) (*key, fault) {
	for _, name := range privateMembers {
		if _, has := members[name]; has {
			return nil, proofPrivateKey
		}
	}
	raw, err := json.Marshal(members)
	if err != nil {
		return nil, proofKey
	}
	k, err := readJWK(raw, members, false)
	if err != nil {
		return nil, proofKey
	}
	return k, none
}

// required reads the claims that every proof has (RFC 9449 §4.2). ath is one of them,
// as there is always a token.
func (p *proof) required() (id string, issued int64, f fault) {
	id, _ = p.claims["jti"].(string)
	_, ok1 := p.claims["htm"].(string)
	_, ok2 := p.claims["htu"].(string)
	_, ok3 := p.claims["ath"].(string)
	issued, has, ok4 := timeClaim(p.claims, "iat")
	if id == "" || len(id) > maxProofID || !ok1 || !ok2 || !ok3 || !has || !ok4 {
		return "", 0, proofClaims
	}
	return id, issued, none
}

// thumbprintOf is the thumbprint of a public key, as DPoP writes it.
func thumbprintOf(material any) (string, error) {
	_, sum, err := digestOf(material)
	return base64.RawURLEncoding.EncodeToString(sum[:]), err
}

// digestOf returns the JWK of a public key, and its digest (RFC 7638 §3): that of its
// required members only, which json.Marshal sorts as that wants it.
func digestOf(material any) (jwk map[string]string, sum [sha256.Size]byte, err error) {
	if jwk, err = publicJWK(material); err != nil {
		return nil, sum, err
	}
	text, err := json.Marshal(jwk)
	return jwk, sha256.Sum256(text), err
}
