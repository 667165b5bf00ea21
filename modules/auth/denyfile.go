package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

const (
	// denyInterval is how often a deny list is looked at: a change takes effect within
	// half a second.
	denyInterval = 250 * time.Millisecond
	// freshFile is how long after its last change a file is read again even if it
	// looks the same: some file systems tell times to the second only.
	freshFile = 3 * time.Second
)

// denyFile is a deny list in a watched file.
type denyFile struct {
	name   string
	list   atomic.Pointer[denyList]
	logger *zap.Logger
	cancel context.CancelFunc
	// failures counts attempts to read a change that failed.
	failures atomic.Uint64
}

// Destruct implements caddy.Destructor. Requests may still look at the list.
func (f *denyFile) Destruct() error {
	f.cancel()
	return nil
}

// denyFileOf reads a deny list and watches it.
func (h *Handler) denyFileOf(name string) (*denyFile, error) {
	data, err := readDenyFile(name)
	if err != nil {
		return nil, complain("deny_list", "a relative path is relative to the Caddyfile; an empty file revokes nothing", "the deny list cannot be read: %v", err)
	}
	list, err := readDenyList(data, time.Now())
	if err != nil {
		return nil, complain("deny_list", "lines such as jti 4f3c2a, sub alice, sid 08a5, before 2026-11-23T12:00:00Z", "the deny list %s cannot be used: %v", name, err)
	}
	id := sourceKeyOf("deny", name)
	value, loaded, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) {
		ctx, cancel := context.WithCancel(context.Background())
		f := &denyFile{name: name, cancel: cancel, logger: caddy.Log().Named("http.handlers.auth").With(zap.String("deny_list", name))}
		f.list.Store(list)
		go f.run(ctx)
		return f, nil
	})
	if err != nil {
		return nil, err
	}
	h.pooled = append(h.pooled, id)
	f := value.(*denyFile)
	if loaded {
		f.list.Store(list)
		denyChanged()
	}
	return f, nil
}

func readDenyFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxDenyFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxDenyFile>>20)
	}
	return os.ReadFile(name)
}

// denySight is what a look at the file has seen.
type denySight struct {
	info os.FileInfo
	sum  [sha256.Size]byte
	// trouble is why the file could not be used, and told that the log has it.
	trouble string
	told    bool
}

func (f *denyFile) run(ctx context.Context) {
	ticker := time.NewTicker(denyInterval)
	defer ticker.Stop()
	var seen denySight
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			seen = f.look(seen, now)
		}
	}
}

// look takes a changed file over if it can be used; else the list before stays, and
// the log and a metric say so. A file that is missing for a moment is being replaced,
// so trouble is told at the second sight of it.
func (f *denyFile) look(seen denySight, now time.Time) denySight {
	info, err := os.Stat(f.name)
	if err == nil && seen.trouble == "" && unchanged(seen.info, info) && now.Sub(info.ModTime()) > freshFile {
		return seen
	}
	var data []byte
	if err == nil {
		data, err = readDenyFile(f.name)
	}
	sum := sha256.Sum256(data)
	if err == nil && sum == seen.sum {
		return denySight{info: info, sum: sum}
	}
	var list *denyList
	if err == nil {
		list, err = readDenyList(data, now)
	}
	if err != nil {
		return f.keep(seen, err)
	}
	f.list.Store(list)
	denyChanged()
	if seen.info != nil {
		f.logger.Info("deny list changed", zap.Int64("entries", list.size.Load()))
	}
	return denySight{info: info, sum: sum}
}

func unchanged(a, b os.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// keep remembers trouble with the file.
func (f *denyFile) keep(seen denySight, err error) denySight {
	f.failures.Add(1)
	again := seen.trouble == err.Error()
	if again && !seen.told {
		f.logger.Error("the changed deny list cannot be used; the list before stays", zap.Error(err))
	}
	seen.told = again
	seen.trouble = err.Error()
	return seen
}

var _ caddy.Destructor = (*denyFile)(nil)
