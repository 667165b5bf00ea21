package auth

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"gateway/internal/redis"
)

const (
	// sharedKeyLife is how long the answer of the store about a key counts. The store
	// tells when it changes before that, unless it is down.
	sharedKeyLife = time.Minute
	// maxSharedKeys bounds the holders that are remembered, and maxKeyRecord what the
	// store says about one, in bytes: about 64 MiB at the very worst.
	maxSharedKeys = 4096
	maxKeyRecord  = 4 << 10
)

// sharedKeys are the API keys in the store that gateways share: for each key one
// record, which is an entry as a file has it, under the SHA-256 of the key.
type sharedKeys struct {
	store  *redis.Store
	logger *zap.Logger
	mu     sync.Mutex
	known  map[tokenSum]sharedKey
}

// sharedKey is what the store said about a key.
type sharedKey struct {
	record tokenSum // of the record
	key    *apiKey  // nil if the record is not understood
	at     time.Time
}

func newSharedKeys(store *redis.Store, logger *zap.Logger) *sharedKeys {
	return &sharedKeys{store: store, logger: logger, known: make(map[tokenSum]sharedKey)}
}

// name is that of the record of a key.
func (s *sharedKeys) name(sum *tokenSum) string {
	return s.store.Key("api_key", hex.EncodeToString(sum[:]))
}

// find implements apiKeyStore. While the store is down, what it has said in the last
// minute counts; about all other keys nobody knows anything.
func (s *sharedKeys) find(_ context.Context, sum *tokenSum) (*apiKey, fault) {
	text, found, err := s.store.Get(s.name(sum), sharedKeyLife)
	switch {
	case err != nil:
		return s.recall(sum, time.Now())
	case !found:
		s.forget(sum)
		return nil, apiKeyUnknown
	default:
		return s.read(sum, text, time.Now())
	}
}

func (s *sharedKeys) recall(sum *tokenSum, now time.Time) (*apiKey, fault) {
	s.mu.Lock()
	known, has := s.known[*sum]
	s.mu.Unlock()
	if has && known.key != nil && now.Sub(known.at) < sharedKeyLife {
		return known.key, none
	}
	keyStoreFailures.unavailable.Inc()
	return nil, apiKeysDown
}

func (s *sharedKeys) forget(sum *tokenSum) {
	s.mu.Lock()
	delete(s.known, *sum)
	s.mu.Unlock()
}

// read returns the key of a record. It is taken apart, and complained about, once.
func (s *sharedKeys) read(sum *tokenSum, text string, now time.Time) (*apiKey, fault) {
	record := sumOf(text)
	s.mu.Lock()
	known, has := s.known[*sum]
	s.mu.Unlock()
	if !has || known.record != record {
		key, err := readKeyRecord(text, sum)
		if err != nil {
			s.logger.Error("an API key in the shared store is not understood; requests with it are refused", zap.String("record", s.name(sum)), zap.Error(err))
		}
		known = sharedKey{record: record, key: key}
	}
	known.at = now
	s.remember(sum, known)
	if known.key == nil {
		keyStoreFailures.unreadable.Inc()
		return nil, apiKeyDamaged
	}
	return known.key, none
}

func (s *sharedKeys) remember(sum *tokenSum, key sharedKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, has := s.known[*sum]; !has && len(s.known) >= maxSharedKeys {
		for other := range s.known {
			delete(s.known, other) // any: it is read again, nothing worse
			break
		}
	}
	s.known[*sum] = key
}

// readKeyRecord reads an entry, which has to have the hash under which it stands.
func readKeyRecord(text string, sum *tokenSum) (*apiKey, error) {
	entry, err := readKeyEntry(text)
	if err != nil {
		return nil, err
	}
	set := apiKeySet{}
	if err := set.add(entry); err != nil {
		return nil, err
	}
	key, f := set.find(sum)
	if f != none {
		return nil, errors.New("it is the record of another key")
	}
	return key, nil
}

func readKeyEntry(text string) (*apiKeyEntry, error) {
	if len(text) > maxKeyRecord {
		return nil, fmt.Errorf("it is longer than %d KiB", maxKeyRecord>>10)
	}
	if _, ok := decodeObject(text); !ok {
		return nil, errors.New("it is not one strict JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	entry := new(apiKeyEntry)
	return entry, decoder.Decode(entry)
}

// startingKeys wait, in the first moments of a process, for the store.
type startingKeys struct {
	*sharedKeys
	shared *sharedDeny
}

func (s startingKeys) find(ctx context.Context, sum *tokenSum) (*apiKey, fault) {
	s.shared.awaitStore(ctx)
	return s.sharedKeys.find(ctx, sum)
}

var _ apiKeyStore = startingKeys{}
