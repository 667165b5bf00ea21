package auth

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// keySet is a set of usable keys. It never changes.
type keySet struct {
	named   map[string]*key
	unnamed []*key
	// warnings say which keys of the source were left out and why.
	warnings []string
	// sum tells sets apart: two sets of equal content have equal sums.
	sum [sha256.Size]byte
}

// maxKeys bounds the keys of one set.
const maxKeys = 256

// readKeySet reads a JWK Set (RFC 7517 §5). A key that cannot be used is left out
// with a warning and the rest stays usable; a set without a single usable key is an
// error. secrets says whether symmetric keys are welcome.
func readKeySet(data []byte, secrets bool) (*keySet, error) {
	object, ok := decodeObject(string(data))
	if !ok {
		return nil, errors.New("it is not one strict JSON object")
	}
	members, ok := object["keys"].([]any)
	if !ok {
		return nil, errors.New(`it has no list "keys"`)
	}
	if len(members) > maxKeys {
		return nil, fmt.Errorf("it has %d keys; %d are accepted", len(members), maxKeys)
	}
	var document map[string]json.RawMessage
	var list []json.RawMessage
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, errors.New("it is not a JSON object")
	}
	if err := json.Unmarshal(document["keys"], &list); err != nil {
		return nil, errors.New(`it has no list "keys"`)
	}
	set := newKeySet(data)
	var keys []*key
	for i, raw := range list {
		k, err := readMember(raw, members[i], secrets)
		if err != nil {
			set.warn("key %d: %v", i+1, err)
			continue
		}
		keys = append(keys, k)
	}
	return set, set.add(keys)
}

func readMember(raw []byte, decoded any, secrets bool) (*key, error) {
	members, ok := decoded.(map[string]any)
	if !ok {
		return nil, errors.New("it is not a JSON object")
	}
	return readJWK(raw, members, secrets)
}

func newKeySet(content []byte) *keySet {
	return &keySet{named: make(map[string]*key), sum: sha256.Sum256(content)}
}

func (s *keySet) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// add puts keys into the set. A kid that two keys claim is refused: which of them
// is meant would be a guess.
func (s *keySet) add(keys []*key) error {
	count := make(map[string]int)
	for _, k := range keys {
		count[k.id]++
	}
	for i, k := range keys {
		switch {
		case k.id == "":
			s.unnamed = append(s.unnamed, k)
		case count[k.id] > 1:
			s.warn("usable key %d: another key has the same kid", i+1)
		default:
			s.named[k.id] = k
		}
	}
	switch {
	case s.size() > 0:
		return nil
	case len(s.warnings) == 0:
		return errors.New("it has no keys")
	}
	return errors.New("none of its keys can be used: " + strings.Join(s.warnings, "; "))
}

// size is the number of usable keys.
func (s *keySet) size() int { return len(s.named) + len(s.unnamed) }

// readKeys reads what an operator hands over: a PEM file, a JWK or a JWK Set.
func readKeys(data []byte) (*keySet, error) {
	text := strings.TrimSpace(string(data))
	if !strings.HasPrefix(text, "{") {
		keys, err := readPEM(data)
		if err != nil {
			return nil, err
		}
		set := newKeySet(data)
		return set, set.add(keys)
	}
	object, ok := decodeObject(text)
	if !ok {
		return nil, errors.New("it is not one strict JSON object")
	}
	if _, isSet := object["keys"]; isSet {
		return readKeySet([]byte(text), true)
	}
	k, err := readJWK([]byte(text), object, true)
	if err != nil {
		return nil, err
	}
	set := newKeySet(data)
	return set, set.add([]*key{k})
}

// algorithms are all that some key of the set can be used with.
func (s *keySet) algorithms() (all algorithmSet) {
	for _, k := range s.named {
		all |= k.algorithms
	}
	for _, k := range s.unnamed {
		all |= k.algorithms
	}
	return all
}

// maxTries bounds the signature checks that one token can cause.
const maxTries = 4

// verify checks the signature of t with the key that its kid names. A token without
// kid, and a kid in a set of keys without names, is tried with every key that fits
// its algorithm, if they are few. keyUnknown and keyUnnamed mean that no key was
// tried: a newer set might have one.
func (s *keySet) verify(t *token) fault {
	if k := s.named[t.kid]; t.named && k != nil {
		return k.verify(t)
	}
	if t.named && len(s.unnamed) == 0 {
		return keyUnknown
	}
	var fitting [maxTries]*key
	n := 0
	collect := func(k *key) bool {
		if k.algorithms.has(t.alg) {
			if n == maxTries {
				return false
			}
			fitting[n] = k
			n++
		}
		return true
	}
	for _, k := range s.unnamed {
		if !collect(k) {
			return keyUnnamed
		}
	}
	if !t.named {
		for _, k := range s.named {
			if !collect(k) {
				return keyUnnamed
			}
		}
	}
	if n == 0 {
		return s.nothingFits(t)
	}
	for _, k := range fitting[:n] {
		if k.verify(t) == none {
			return none
		}
	}
	return badSignature
}

func (s *keySet) nothingFits(t *token) fault {
	switch {
	case !s.algorithms().has(t.alg):
		return algorithmNotOfKey
	case t.named:
		return keyUnknown
	}
	return keyUnnamed
}
