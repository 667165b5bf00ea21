package auth

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// apiKeyEntry is the holder of API keys, as a file, or a record of the shared store, has it.
type apiKeyEntry struct {
	// ID is who calls.
	ID string `json:"id"`
	// Keys are hashes of live keys: one, or two while a key is being replaced.
	Keys []string `json:"keys"`
	// Scopes are granted.
	Scopes []string `json:"scopes,omitempty"`
	// Issued and Expires bound the life of the keys.
	Issued  time.Time `json:"issued,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	// Metadata become claims.
	Metadata map[string]any `json:"metadata,omitempty"`
}

// maxLiveKeys is what a rotation needs: the old key and the new one.
const maxLiveKeys = 2

// hashPrefix names the hash of a key.
const hashPrefix = "sha256:"

// hashAPIKey writes the hash of a key as files have it.
func hashAPIKey(key string) string {
	sum := sumOf(key)
	return hashPrefix + hex.EncodeToString(sum[:])
}

// readAPIKeys reads a file of API keys:
//
//	{"keys": [{"id": "billing", "keys": ["sha256:…"], "scopes": ["orders:read"]}]}
//
// Its errors hold nothing of a key: somebody may have written one where its hash
// belongs.
func readAPIKeys(data []byte) (apiKeySet, error) {
	if _, ok := decodeObject(string(data)); !ok {
		return nil, errors.New("it is not one strict JSON object")
	}
	var file struct {
		Keys []apiKeyEntry `json:"keys"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	if file.Keys == nil {
		return nil, errors.New(`it has no list "keys"`)
	}
	set, ids := apiKeySet{}, map[string]bool{}
	for i := range file.Keys {
		entry := &file.Keys[i]
		if ids[entry.ID] {
			return nil, fmt.Errorf("two entries have the id %q", entry.ID)
		}
		ids[entry.ID] = true
		if err := set.add(entry); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return set, nil
}

// reservedClaims cannot come from metadata: they mean something to auth.
var reservedClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "scope", "scp", "client_id", "cnf"}

func (s apiKeySet) add(entry *apiKeyEntry) error {
	switch {
	case entry.ID == "":
		return errors.New("it has no id")
	case len(entry.Keys) == 0 || len(entry.Keys) > maxLiveKeys:
		return fmt.Errorf("it has %d keys; one is needed, and two while a key is being replaced", len(entry.Keys))
	}
	for _, scope := range entry.Scopes {
		if err := checkScope(scope); err != nil {
			return fmt.Errorf("one of its scopes is none: %w", err)
		}
	}
	for name := range entry.Metadata {
		if slices.Contains(reservedClaims, name) {
			return fmt.Errorf("its metadata have the reserved name %q", name)
		}
	}
	holder, err := entry.holder()
	if err != nil {
		return err
	}
	for _, hash := range entry.Keys {
		sum, err := readHash(hash)
		if err != nil {
			return err
		}
		if s[sum] != nil {
			return errors.New("one of its keys is there twice")
		}
		s[sum] = &apiKey{sum: sum, holder: holder}
	}
	return nil
}

func readHash(text string) (sum tokenSum, err error) {
	digits, ok := strings.CutPrefix(text, hashPrefix)
	data, err := hex.DecodeString(digits)
	if !ok || err != nil || len(data) != len(sum) {
		return sum, errors.New("one of its keys is not sha256: with 64 hexadecimal digits; gateway token key makes keys and their hashes")
	}
	return tokenSum(data), nil
}

// holder makes the claims that a token of the holder would have.
func (e *apiKeyEntry) holder() (*verified, error) {
	claims := make(map[string]any, len(e.Metadata)+5)
	for name, value := range e.Metadata {
		claims[name] = value
	}
	claims["sub"], claims["client_id"] = e.ID, e.ID
	if len(e.Scopes) > 0 {
		claims["scope"] = strings.Join(e.Scopes, " ")
	}
	for name, at := range map[string]time.Time{"iat": e.Issued, "exp": e.Expires} {
		if !at.IsZero() {
			claims[name] = json.Number(fmt.Sprint(at.Unix()))
		}
	}
	v, f := readClaims(&token{claims: claims})
	if f != none {
		return nil, errors.New("its times are out of range")
	}
	v.byKey = true
	return v, nil
}
