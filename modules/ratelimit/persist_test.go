package ratelimit

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// box is a storage in memory.
type box struct {
	mu    sync.Mutex
	files map[string][]byte
	block chan struct{} // not nil: nothing is answered before it is closed
	fail  error
}

func (b *box) Store(_ context.Context, key string, value []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail == nil {
		b.files[key] = value
	}
	return b.fail
}

func (b *box) Load(_ context.Context, key string) ([]byte, error) {
	if b.block != nil {
		<-b.block
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if raw, ok := b.files[key]; ok {
		return raw, nil
	}
	return nil, fs.ErrNotExist
}

// begun returns a store as a process would have it that begins now, with what it logged.
func begun(t *testing.T, from *box, id identity, c *calendar) (*store, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.WarnLevel)
	s := newStore(1000)
	if c != nil {
		s.clock = packedNow
	}
	s.archive = newArchive(s, id, c, zap.New(core))
	s.archive.patience = 50 * time.Millisecond
	s.archive.open(from)
	var on shelf = from
	s.hold(1000, &on)
	return s, logs
}

func end(t *testing.T, s *store) {
	t.Helper()
	if err := s.Destruct(); err != nil {
		t.Fatal(err)
	}
}

// TestKeptAcrossRestarts: the next process finds the same keys with the same times.
func TestKeptAcrossRestarts(t *testing.T) {
	t.Parallel()
	b, id := &box{files: map[string][]byte{}}, identity{name: "a", persist: true}
	first, _ := begun(t, b, id, nil)
	client, now := first.archive.hash([]byte("client")), monotonic()
	first.enter(client, now+int64(time.Hour), now)
	first.enter(first.archive.hash([]byte("drained")), now-1, now)
	end(t, first)
	second, logs := begun(t, b, id, nil)
	defer end(t, second)
	got := time.Duration(second.at(second.archive.hash([]byte("client"))) - monotonic())
	if got > time.Hour || got < time.Hour-time.Minute {
		t.Errorf("%v are left of an hour", got)
	}
	if c := second.census(); c.keys != 1 || logs.Len() != 0 {
		t.Errorf("%v keys, want the one that has not drained; logged %v", c.keys, logs.All())
	}
}

// TestUnusableState: whatever else stands there is said once, and quotas are full.
func TestUnusableState(t *testing.T) {
	t.Parallel()
	id := identity{name: "a", persist: true}
	good := snapshot{subject: subjectOf(id), wall: time.Now().UnixNano(), entries: appendSnapshotEntry(nil, partition{1, 2}, int64(time.Hour))}
	flipped := good.encode()
	flipped[80] ^= 1
	version := good.encode()
	version[7]++
	foreign := good
	foreign.subject = subjectOf(identity{name: "b", persist: true})
	for name, raw := range map[string][]byte{
		"empty": {}, "text": []byte("hello"), "flipped": flipped, "cut": good.encode()[:90], "a version": version, "another policy": foreign.encode(),
	} {
		b := &box{files: map[string][]byte{}}
		b.files[newArchive(newStore(1), id, nil, zap.NewNop()).name] = raw
		s, logs := begun(t, b, id, nil)
		if c := s.census(); c.keys != 0 || logs.Len() != 1 {
			t.Errorf("%s: %v keys, logged %v", name, c.keys, logs.All())
		}
		end(t, s)
	}
}

// TestSlowStorage: a storage that does not answer does not hold up the start, and one
// that fails is said once.
func TestSlowStorage(t *testing.T) {
	t.Parallel()
	b := &box{files: map[string][]byte{}, block: make(chan struct{}), fail: errors.New("full")}
	start := time.Now()
	s, logs := begun(t, b, identity{name: "a", persist: true}, nil)
	close(b.block)
	if took := time.Since(start); took > 5*time.Second || logs.Len() != 1 {
		t.Errorf("it took %v; logged %v", took, logs.All())
	}
	now := monotonic()
	s.enter(partition{1, 2}, now+int64(time.Hour), now)
	s.archive.failing = false
	end(t, s)
	if logs.Len() != 2 {
		t.Errorf("logged %v", logs.All())
	}
}

// TestRebase: time that went by has drained; a clock that was set back makes nobody
// worse off, and no file keeps anybody out for longer than the limit's own burst.
func TestRebase(t *testing.T) {
	t.Parallel()
	l := limit{interval: int64(time.Second), offset: int64(time.Minute)}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		shot := snapshot{wall: random.Int64N(4e18), clock: random.Int64N(1e15)}
		ahead, now := random.Int64N(2*int64(time.Minute)), random.Int64N(1e12)
		passed := random.Int64N(4*int64(time.Minute)) - 2*int64(time.Minute)
		got := max(now, shot.rebase(shot.clock+ahead, now, shot.wall+passed)) - now
		if want := max(0, ahead-max(0, passed)); got != want {
			t.Fatalf("%d ahead, %d later: got %d, want %d", ahead, passed, got, want)
		}
		if d := decide(l, now+got, now, 1); d.retryAfter > l.offset {
			t.Fatalf("kept out for %v", time.Duration(d.retryAfter))
		}
	}
	shot := snapshot{wall: 1}
	if got := shot.rebase(1<<62, 0, 1); got != 0 {
		t.Errorf("an absurd time became %d", got)
	}
}

// TestCalendarAfterRestart: what was used of the month is remembered. What was used in a
// later one by a clock that was wrong counts in this one, and not until then.
func TestCalendarAfterRestart(t *testing.T) {
	t.Parallel()
	c := &calendar{unit: "month", zone: time.UTC}
	month := c.end(time.Now())
	later := c.spanOf(time.Now().AddDate(4, 0, 0)).end
	for name, tt := range map[string]struct{ kept, want int64 }{
		"this month":    {pack(month, 7), pack(month, 7)},
		"a month ago":   {pack(month-1, 7), 0},
		"in four years": {pack(later, 7), pack(month, 7)},
	} {
		if got := rebaseWindow(tt.kept, month); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
	b, id := &box{files: map[string][]byte{}}, identity{name: "m", calendar: "month (UTC)", persist: true}
	first, _ := begun(t, b, id, c)
	first.enter(first.archive.hash([]byte("client")), pack(later, 7), packedNow())
	end(t, first)
	second, _ := begun(t, b, id, c)
	defer end(t, second)
	if got := second.at(second.archive.hash([]byte("client"))); got&maxUsed != 7 || got>>usedBits >= later {
		t.Errorf("got %d used until %d", got&maxUsed, got>>usedBits)
	}
}

// TestCopyWhileShrinking: entries that are moved between two slices are all copied.
func TestCopyWhileShrinking(t *testing.T) {
	t.Parallel()
	s := newStore(shardSize)
	for i := range uint64(shardSize) {
		tat := int64(1)
		if i%8 == 0 {
			tat = 1 << 40
		}
		s.enter(partition{lo: i * 0x9e3779b97f4a7c15}, tat, 0)
	}
	var group sync.WaitGroup
	group.Go(func() { s.sweep(2) })
	for range 20 {
		if n := len(s.shards[0].copyLive(nil, 2)) / snapshotEntry; n != shardSize/8 {
			t.Errorf("%d were copied, want %d", n, shardSize/8)
		}
	}
	group.Wait()
}

func FuzzSnapshot(f *testing.F) {
	id := identity{name: "a"}
	good := snapshot{subject: subjectOf(id), secret: [32]byte{1}, entries: make([]byte, snapshotEntry)}
	f.Add(good.encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := decodeSnapshot(raw, subjectOf(id))
		if err == nil && string(s.encode()) != string(raw) {
			t.Error("it is read as something else")
		}
	})
}
