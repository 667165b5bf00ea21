package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"time"
)

// apiKeyStore finds API keys by their SHA-256. A key itself is kept nowhere.
type apiKeyStore interface {
	find(ctx context.Context, sum *tokenSum) (*apiKey, fault)
}

// apiKey is one live key of somebody. A key is as random as a token is, so one round
// of SHA-256 is all that its hash needs.
type apiKey struct {
	sum tokenSum
	// holder says who calls with the key, in the form of a verified token, so that
	// scopes, rules, headers and deny lists mean the same for both.
	holder *verified
}

// apiKeySet holds the keys of a file. It never changes.
type apiKeySet map[tokenSum]*apiKey

// find looks a key up. What takes more or less time here depends on the hash, of
// which nobody can choose a part; the hash itself is compared in constant time.
func (s apiKeySet) find(sum *tokenSum) (*apiKey, fault) {
	found := s[*sum]
	if found == nil || subtle.ConstantTimeCompare(found.sum[:], sum[:]) != 1 {
		return nil, apiKeyUnknown
	}
	return found, none
}

// maxAPIKey bounds the length of an API key in bytes.
const maxAPIKey = 512

// apiKeys are the keys that a handler accepts, and where they stand in a request.
type apiKeys struct {
	field string // canonical
	store apiKeyStore
}

// credential returns the API key of a request, or noToken.
func (a *apiKeys) credential(header http.Header) (string, fault) {
	switch fields := header[a.field]; {
	case len(fields) == 0:
		return "", noToken
	case len(fields) > 1:
		return "", twoAPIKeys
	case fields[0] == "" || len(fields[0]) > maxAPIKey:
		return "", apiKeyUnknown
	default:
		return fields[0], none
	}
}

// authenticate tells whose key this is, or why it is not accepted.
func (a *apiKeys) authenticate(ctx context.Context, key string, now time.Time) (*verified, fault) {
	sum := tokenSum(sha256.Sum256([]byte(key)))
	found, f := a.store.find(ctx, &sum)
	switch {
	case f != none:
		return nil, f
	case found.holder.hasExpires && now.UnixMicro() >= found.holder.expires:
		return nil, apiKeyExpired
	}
	return found.holder, none
}
