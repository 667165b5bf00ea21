package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gateway/modules/auth/authtest"
)

// script is an issuer in a bubble: what it answers can change, and it counts.
type script struct {
	mu      sync.Mutex
	answer  func(context.Context) (document, error)
	fetches atomic.Int64
}

func (s *script) set(answer func(context.Context) (document, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *script) fetch(ctx context.Context) (document, error) {
	s.fetches.Add(1)
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	return answer(ctx)
}

func publishing(lifetime time.Duration, keys ...*authtest.Key) func(context.Context) (document, error) {
	return func(context.Context) (document, error) {
		return document{[]byte(authtest.Set(keys...)), lifetime}, nil
	}
}

func down(context.Context) (document, error) { return document{}, errors.New("connection refused") }

// hanging answers when the fetch is given up.
func hanging(ctx context.Context) (document, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	<-ctx.Done()
	return document{}, ctx.Err()
}

// memory is a key store in memory.
type memory struct {
	mu   sync.Mutex
	body []byte
	at   time.Time
}

func (m *memory) load(context.Context) ([]byte, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.body == nil {
		return nil, time.Time{}, errors.New("nothing is kept")
	}
	return m.body, m.at, nil
}

func (m *memory) save(_ context.Context, body []byte, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.body, m.at = body, at
	return nil
}

type silent struct{}

func (silent) fetched(*keySet, bool)           {}
func (silent) failed(error, bool)              {}
func (silent) restored(*keySet, time.Duration) {}
func (silent) notSaved(error)                  {}

var testSchedule = schedule{refresh: time.Hour, stale: 24 * time.Hour, cooldown: 30 * time.Second, wait: 2 * time.Second}

// start runs remote keys in the current bubble until the test ends.
func start(t *testing.T, s *script, store keyStore) (*remoteKeys, *Handler) {
	t.Helper()
	r := newRemoteKeys(testSchedule, s.fetch, store, silent{})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go r.run(ctx)
	synctest.Wait()
	return r, handlerWith(&issuer{keys: r, expectations: expectations{
		anyIssuer: true, anyAudience: true, algorithms: publicAlgorithms,
	}})
}

// answer is the code of what a handler says to a token, or "".
func answer(h *Handler, token string) string {
	if _, refusal := decide(h, request("Bearer "+token)); refusal != nil {
		return refusal.Reason.Code
	}
	return ""
}

func fresh(key *authtest.Key) string { return key.Token(good(nil), nil) }
