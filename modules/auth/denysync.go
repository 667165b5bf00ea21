package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"gateway/internal/redis"
)

const (
	// startPatience is how long after the start requests wait for the store, which is
	// being connected to. Afterwards nobody waits.
	startPatience = time.Second
	// startInterval is how often the store is tried until then.
	startInterval = 10 * time.Millisecond
)

// errNotShared says that a change is in force at this gateway, but not shared yet.
var errNotShared = errors.New("it is in force at this gateway, and at the others as soon as the shared store takes it")

// sharedDeny keeps the shared deny list in step with the store. One goroutine talks to
// the store; requests look at memory.
type sharedDeny struct {
	*sharedDenials
	store  *redis.Store
	logger *zap.Logger
	keys   []string

	// informed says that the list is known: from the store, or from storage.
	informed atomic.Bool
	// ready is closed when the store was read, or startPatience is over.
	ready     chan struct{}
	readyOnce sync.Once
	wake      chan struct{} // something is to be shared
	changed   chan struct{} // something is to be kept in storage
	failures  atomic.Uint64
	synced    atomic.Int64 // when it was last in step, in Unix nanoseconds

	mu    sync.Mutex
	round chan struct{} // closed at the end of each round
	cause error         // why the last round failed

	// What follows belongs to the goroutine.
	epoch  string
	seq    int64
	lost   bool      // the store has lost data
	toKeep []named   // what it is still to be told
	kept   time.Time // when that was begun
}

func newSharedDeny(store *redis.Store, logger *zap.Logger) *sharedDeny {
	s := &sharedDeny{
		sharedDenials: newSharedDenials(), store: store, logger: logger,
		ready: make(chan struct{}), wake: make(chan struct{}, 1), changed: make(chan struct{}, 1), round: make(chan struct{}),
	}
	for _, name := range denyStoreKeys {
		s.keys = append(s.keys, store.Key("{deny}", name))
	}
	return s
}

// adopt takes over what another list knows.
func (s *sharedDeny) adopt(other *sharedDeny) {
	now := time.Now()
	for _, n := range other.all(now) {
		if err := s.remember(n.denyName, n.sharedDenial, now); err != nil {
			s.logger.Error("the shared deny list was not taken over as a whole", zap.Error(err))
			return
		}
	}
	if other.informed.Load() {
		s.informed.Store(true)
	}
}

// await tells whether the list is known. Only in the first moments of a process does it
// wait.
func (s *sharedDeny) await(ctx context.Context) bool {
	if !s.informed.Load() {
		s.awaitStore(ctx)
	}
	return s.informed.Load()
}

// awaitStore waits, in the first moments of a process, until the store was read.
func (s *sharedDeny) awaitStore(ctx context.Context) {
	select {
	case <-s.ready:
	case <-ctx.Done():
	}
}

// run keeps in step until ctx is over.
func (s *sharedDeny) run(ctx context.Context) {
	patience := time.AfterFunc(startPatience, s.beReady)
	defer patience.Stop()
	defer s.beReady()
	begun := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wake:
		}
		now := time.Now()
		s.finish(s.step(now))
		interval := denyInterval
		if s.synced.Load() == 0 && now.Sub(begun) < startPatience {
			interval = startInterval
		}
		timer.Reset(interval)
	}
}

func (s *sharedDeny) beReady() { s.readyOnce.Do(func() { close(s.ready) }) }

// finish tells everybody who waits how a round has ended.
func (s *sharedDeny) finish(err error) {
	if err != nil {
		s.failures.Add(1)
	}
	s.mu.Lock()
	before := s.cause
	s.cause = err
	close(s.round)
	s.round = make(chan struct{})
	s.mu.Unlock()
	switch {
	case err == nil && before != nil:
		s.logger.Info("the shared deny list is in step", zap.Int64("entries", s.list.size.Load()))
	case err != nil && (before == nil || before.Error() != err.Error()) && !errors.Is(err, errNoStore):
		s.logger.Error("the shared deny list is not in step; the last known one is in force", zap.Error(err))
	}
}

// errNoStore is no news: the store has said itself that it is down.
var errNoStore = errors.New("the shared store is down")

// trouble is why the list is not in step, or nil.
func (s *sharedDeny) trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// noteChange says that the list is to be kept anew.
func (s *sharedDeny) noteChange() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// share waits until a change is shared, and says why it is not.
func (s *sharedDeny) share(n denyName) error {
	timer := time.NewTimer(startPatience)
	defer timer.Stop()
	s.noteChange()
	for range 2 { // the round that is under way may have begun before the change
		s.mu.Lock()
		round := s.round
		s.mu.Unlock()
		select {
		case s.wake <- struct{}{}:
		default:
		}
		select {
		case <-round:
		case <-timer.C:
		}
		if d, has := s.about(n); !has || !d.pending {
			return nil
		}
	}
	return errNotShared
}
