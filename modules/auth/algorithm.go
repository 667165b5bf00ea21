package auth

import "crypto"

// algorithm is one of the signature algorithms of RFC 7518 §3.1 and RFC 8037 §3.1
// that are accepted. The zero value is none of them; in particular it is the value
// of "none" and of everything unknown.
type algorithm uint8

// The algorithms, in the order of the registry.
const (
	unknownAlgorithm algorithm = iota
	hs256
	hs384
	hs512
	rs256
	rs384
	rs512
	es256
	es384
	es512
	ps256
	ps384
	ps512
	eddsa
	algorithmCount
)

var algorithms = [algorithmCount]struct {
	name string
	hash crypto.Hash
}{
	hs256: {"HS256", crypto.SHA256}, hs384: {"HS384", crypto.SHA384}, hs512: {"HS512", crypto.SHA512},
	rs256: {"RS256", crypto.SHA256}, rs384: {"RS384", crypto.SHA384}, rs512: {"RS512", crypto.SHA512},
	es256: {"ES256", crypto.SHA256}, es384: {"ES384", crypto.SHA384}, es512: {"ES512", crypto.SHA512},
	ps256: {"PS256", crypto.SHA256}, ps384: {"PS384", crypto.SHA384}, ps512: {"PS512", crypto.SHA512},
	eddsa: {"EdDSA", 0},
}

// parseAlgorithm finds an algorithm by its registered name, which is case-sensitive
// (RFC 7515 §4.1.1): "none", "NONE" and "rs256" are equally unknown.
func parseAlgorithm(name string) algorithm {
	for a := hs256; a < algorithmCount; a++ {
		if algorithms[a].name == name {
			return a
		}
	}
	return unknownAlgorithm
}

// String returns the registered name.
func (a algorithm) String() string { return algorithms[a].name }

// algorithmSet is a set of algorithms.
type algorithmSet uint16

func setOf(list ...algorithm) (s algorithmSet) {
	for _, a := range list {
		s |= 1 << a
	}
	return s
}

func (s algorithmSet) has(a algorithm) bool { return a != unknownAlgorithm && s&(1<<a) != 0 }

// names lists the members in the order of the registry.
func (s algorithmSet) names() []string {
	var list []string
	for a := hs256; a < algorithmCount; a++ {
		if s.has(a) {
			list = append(list, a.String())
		}
	}
	return list
}

// Families of algorithms: what one kind of key can be used with.
var (
	hmacAlgorithms   = setOf(hs256, hs384, hs512)
	rsaAlgorithms    = setOf(rs256, rs384, rs512, ps256, ps384, ps512)
	publicAlgorithms = rsaAlgorithms | setOf(es256, es384, es512, eddsa)
)
