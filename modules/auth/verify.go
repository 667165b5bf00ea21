package auth

import (
	"crypto/rsa"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// verifiers check signatures, by algorithm. They hold no state.
var verifiers = func() (list [algorithmCount]jws.Verifier) {
	for a := hs256; a < algorithmCount; a++ {
		verifier, err := jws.NewVerifier(a.libraryName())
		if err != nil {
			panic("auth: " + err.Error()) // the table of algorithms is wrong
		}
		list[a] = verifier
	}
	return list
}()

// verify checks the signature of t with k. The algorithm has to be one that the key
// is made for, whatever the token says: a public key never serves as an HMAC secret.
func (k *key) verify(t *token) fault {
	if !k.algorithms.has(t.alg) {
		return algorithmNotOfKey
	}
	if t.alg >= ps256 && t.alg <= ps512 {
		return k.verifyPSS(t)
	}
	if verifiers[t.alg].Verify(t.signed, t.signature, k.material) != nil {
		return badSignature
	}
	return none
}

// verifyPSS checks an RSASSA-PSS signature whose salt is as long as the hash, as RFC
// 7518 §3.5 demands. The library accepts a salt of any length.
func (k *key) verifyPSS(t *token) fault {
	hash := algorithms[t.alg].hash
	digest := hash.New()
	digest.Write(t.signed)
	options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	if rsa.VerifyPSS(k.material.(*rsa.PublicKey), hash, digest.Sum(nil), t.signature, &options) != nil {
		return badSignature
	}
	return none
}
