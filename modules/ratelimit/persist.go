package ratelimit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io/fs"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// saveInterval is how often a state is written: a crash forgets so much at most.
	saveInterval = time.Minute
	// loadPatience bounds how long loading a policy waits for its state.
	loadPatience = 2 * time.Second
	// savePatience bounds a write, and thus how long the last one delays a stop.
	savePatience = 5 * time.Second
	// snapshotFolder is where in Caddy's storage the states are.
	snapshotFolder = "gateway/ratelimit/"
)

// shelf is what is needed of Caddy's storage.
type shelf interface {
	Store(ctx context.Context, key string, value []byte) error
	Load(ctx context.Context, key string) ([]byte, error)
}

// archive keeps the state of a store across restarts. Only its goroutine writes.
type archive struct {
	store    *store
	name     string
	subject  [16]byte
	calendar *calendar // of a quota by the calendar; nil for others
	secret   [32]byte  // what partitions are hashed with, in this process and the next
	logger   *zap.Logger
	patience time.Duration

	restored, done chan struct{}
	writing        chan struct{} // full while a write is under way
	last           uint32        // the checksum of what is kept; 0 is nothing
	failing        bool

	mu      sync.Mutex
	shelves []*shelf // one for each holder; the latest counts
}

func newArchive(s *store, id identity, c *calendar, logger *zap.Logger) *archive {
	a := &archive{
		store: s, subject: subjectOf(id), calendar: c, patience: loadPatience,
		logger:   logger.With(zap.String("policy", id.name)),
		restored: make(chan struct{}), done: make(chan struct{}), writing: make(chan struct{}, 1),
	}
	a.name = snapshotFolder + hex.EncodeToString(a.subject[:])
	_, _ = rand.Read(a.secret[:]) // never fails, see crypto/rand
	return a
}

// open takes over what is kept, and begins to keep what comes. It waits no longer than
// the patience: for a storage that takes longer the store begins empty, and what takes
// longer to enter is entered while requests go on.
func (a *archive) open(from shelf) {
	timeout := time.NewTimer(a.patience)
	defer timeout.Stop()
	kept, err := a.fetch(from, timeout.C)
	switch {
	case err == nil:
		a.secret = kept.secret
	case !errors.Is(err, fs.ErrNotExist):
		a.logger.Warn("the kept state of a rate limit cannot be used; it begins with full quotas", zap.String("file", a.name), zap.Error(err))
	}
	go a.keep(kept)
	select {
	case <-a.restored:
	case <-timeout.C:
	}
}

var errSlowStorage = errors.New("the storage does not answer in time")

// fetch reads what is kept. A storage may not care for the context.
func (a *archive) fetch(from shelf, timeout <-chan time.Time) (*snapshot, error) {
	type answer struct {
		raw []byte
		err error
	}
	answers := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(context.Background(), a.patience)
	go func() {
		defer cancel()
		raw, err := from.Load(ctx, a.name)
		answers <- answer{raw, err}
	}()
	select {
	case got := <-answers:
		if got.err != nil {
			return nil, got.err
		}
		return decodeSnapshot(got.raw, a.subject)
	case <-timeout: // not ctx.Done(), which is also closed once the answer is there
		return nil, errSlowStorage
	}
}

// keep writes the state every so often, and once more at the end.
func (a *archive) keep(kept *snapshot) {
	defer close(a.done)
	if kept != nil {
		a.restore(kept, time.Now())
	}
	close(a.restored)
	ticker := time.NewTicker(saveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			a.save()
		case <-a.store.stop:
			a.save()
			return
		}
	}
}

// restore enters what was kept. Where requests have come first, the later time counts.
func (a *archive) restore(kept *snapshot, wall time.Time) {
	now, end := a.store.clock(), int64(0)
	if a.calendar != nil {
		end = a.calendar.end(wall)
	}
	for key, state := range kept.all {
		if a.calendar != nil {
			state = rebaseWindow(state, end)
		} else {
			state = kept.rebase(state, now, wall.UnixNano())
		}
		if state != 0 {
			a.store.enter(key, state, now)
		}
	}
	a.last = sumOf(a.store.copyLive())
}

// enter stores the state of a partition, unless a later one is there.
func (s *store) enter(key partition, state, now int64) {
	shard := s.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if at := shard.find(key); at != nil {
		*at = max(*at, state)
		return
	}
	shard.insert(key, state, now)
}

// copyLive copies all partitions that have not drained.
func (s *store) copyLive() []byte {
	var entries []byte
	for i, now := 0, s.clock(); i < len(s.shards); i++ {
		entries = s.shards[i].copyLive(entries, now)
	}
	return entries
}

func sumOf(entries []byte) uint32 { return crc32.Checksum(entries, castagnoli) }

// save writes the state, unless it is what was written last.
func (a *archive) save() {
	entries := a.store.copyLive()
	sum := sumOf(entries)
	if sum == a.last {
		return
	}
	shot := snapshot{subject: a.subject, secret: a.secret, wall: time.Now().UnixNano(), clock: a.store.clock(), entries: entries}
	err := a.put(shot.encode())
	if err == nil {
		a.last, a.failing = sum, false
		return
	}
	if !a.failing {
		a.logger.Error("the state of a rate limit cannot be kept; a restart would begin with what was kept before", zap.String("file", a.name), zap.Error(err))
	}
	a.failing = true
}

// put writes to the storage, one write at a time: one that hangs is not joined by others.
func (a *archive) put(raw []byte) error {
	select {
	case a.writing <- struct{}{}:
	default:
		return errSlowStorage
	}
	to := a.shelf()
	ctx, cancel := context.WithTimeout(context.Background(), savePatience)
	result := make(chan error, 1)
	go func() {
		defer cancel()
		err := to.Store(ctx, a.name, raw)
		<-a.writing
		result <- err
	}()
	select {
	case err := <-result:
		return err
	case <-time.After(savePatience):
		return errSlowStorage
	}
}

// hold makes the storage of one more configuration the one that is written to.
func (a *archive) hold(s *shelf) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shelves = append(a.shelves, s)
}

// release takes the storage of a configuration back. The last one stays.
func (a *archive) release(s *shelf) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, held := range a.shelves {
		if held == s && len(a.shelves) > 1 {
			a.shelves = append(a.shelves[:i:i], a.shelves[i+1:]...)
			return
		}
	}
}

func (a *archive) shelf() shelf {
	a.mu.Lock()
	defer a.mu.Unlock()
	return *a.shelves[len(a.shelves)-1]
}

// hash is hashKey with a secret that outlives the process: the first half of the SHA-256
// of the secret and the key. Nobody sees the hash, so that it could be extended.
func (a *archive) hash(key []byte) partition {
	var buffer [32 + keyCapacity]byte
	sum := sha256.Sum256(append(append(buffer[:0], a.secret[:]...), key...))
	return partition{hi: binary.LittleEndian.Uint32(sum[:]), lo: binary.LittleEndian.Uint64(sum[8:])}
}

// hash returns the partition of a key.
func (p *policy) hash(key []byte) partition {
	if p.store != nil && p.store.archive != nil {
		return p.store.archive.hash(key)
	}
	return hashKey(key)
}
