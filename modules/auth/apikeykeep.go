package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// storePatience bounds how long a command waits for the store.
const storePatience = 2 * time.Second

// awaitUp waits until the store is in use.
func (s *sharedKeys) awaitUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	for !s.store.Up() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the shared store cannot be reached: %w", s.store.Problem())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// index is the set of the hashes of a holder's keys.
func (s *sharedKeys) index(id string) string { return s.store.Key("api_key_ids", id) }

// hashes returns those of the keys of a holder that are there.
func (s *sharedKeys) hashes(id string) (live []string, err error) {
	value, err := s.store.Do("SMEMBERS", s.index(id))
	if err != nil {
		return nil, err
	}
	all, err := value.Strings()
	if err != nil {
		return nil, err
	}
	for _, hash := range all {
		sum, err := readHash(hash)
		if err != nil {
			return nil, err
		}
		if _, found, err := s.store.Get(s.name(&sum), time.Second); err != nil {
			return nil, err
		} else if found {
			live = append(live, hash)
		}
	}
	slices.Sort(live)
	return live, nil
}

// keep puts the record of a new key into the store, unless its holder has two.
func (s *sharedKeys) keep(entry *apiKeyEntry) error {
	live, err := s.hashes(entry.ID)
	if err != nil {
		return err
	}
	if len(live) >= maxLiveKeys {
		return fmt.Errorf("%s has %d keys; remove one that is no longer used with --remove:\n%s", entry.ID, len(live), strings.Join(live, "\n"))
	}
	text, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	sum, err := readHash(entry.Keys[0])
	if err != nil {
		return err
	}
	if _, err := readKeyRecord(string(text), &sum); err != nil {
		return err
	}
	// The index first: a key that nobody can find in it could not be removed.
	if _, err := s.store.Do("SADD", s.index(entry.ID), entry.Keys[0]); err != nil {
		return err
	}
	_, err = s.store.Do("SET", s.name(&sum), string(text))
	return err
}

// remove takes a key of a holder out of the store.
func (s *sharedKeys) remove(id, hash string) error {
	sum, err := readHash(hash)
	if err != nil {
		return err
	}
	live, err := s.hashes(id)
	if err != nil {
		return err
	}
	if !slices.Contains(live, hash) {
		if len(live) == 0 {
			return fmt.Errorf("%s has no keys in the shared store", id)
		}
		return fmt.Errorf("%s has no such key; its keys are:\n%s", id, strings.Join(live, "\n"))
	}
	if _, err := s.store.Do("DEL", s.name(&sum)); err != nil {
		return err
	}
	_, err = s.store.Do("SREM", s.index(id), hash)
	return err
}

// sharedKeysOf returns the keys in the store that one of the handlers looks into.
func sharedKeysOf(handlers []*Handler) (*sharedKeys, error) {
	for _, h := range handlers {
		if h.keys == nil {
			continue
		}
		switch store := h.keys.store.(type) {
		case startingKeys:
			return store.sharedKeys, nil
		case *sharedKeys:
			return store, nil
		}
	}
	return nil, errors.New("no auth of the configuration takes API keys from Redis: write api_key redis")
}
