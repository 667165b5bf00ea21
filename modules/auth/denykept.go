package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

const (
	// maxKept bounds what is kept in storage, in bytes: about 100 bytes a name.
	maxKept = 64 << 20
	// keepDelay is how long changes are collected before they are kept.
	keepDelay = time.Second
	// storagePatience bounds what is done with the storage at the end.
	storagePatience = 2 * time.Second
)

// keptDenials keeps the last known shared list in Caddy's storage, for a start while
// the store is down.
type keptDenials struct {
	storage certmagic.Storage
	key     string
	done    chan struct{}
}

// keptDenialsKey names the list of a prefix; the hash keeps it a plain file name.
func keptDenialsKey(prefix string) string {
	sum := sha256.Sum256([]byte(prefix))
	return "gateway/auth/denied/" + hex.EncodeToString(sum[:16]) + ".json"
}

// keptList is the form in which the list is kept.
type keptList struct {
	Saved   time.Time         `json:"saved"`
	Entries map[string]string `json:"entries"`
}

// pendingMark stands behind an entry that is not shared yet.
const pendingMark = " pending"

// encode writes down what is known.
func (s *sharedDenials) encode(now time.Time) ([]byte, error) {
	kept := keptList{now.UTC(), make(map[string]string)}
	for _, n := range s.all(now) {
		text := n.sharedDenial.text()
		if n.pending {
			text += pendingMark
		}
		kept.Entries[n.denyName.text()] = text
	}
	data, err := json.Marshal(kept)
	if err == nil && len(data) > maxKept {
		err = fmt.Errorf("the list is larger than %d MiB", maxKept>>20)
	}
	return data, err
}

// decode takes over what was written down, and says when that was. A single entry that
// is not understood refuses the whole.
func (s *sharedDenials) decode(data []byte, now time.Time) (time.Time, error) {
	var kept keptList
	if len(data) > maxKept {
		return kept.Saved, errors.New("the kept list is too large")
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		return kept.Saved, err
	}
	list := make([]named, 0, len(kept.Entries))
	for name, text := range kept.Entries {
		text, pending := strings.CutSuffix(text, pendingMark)
		n, err := readDenyName(name)
		if err != nil {
			return kept.Saved, err
		}
		d, err := readSharedDenial(text)
		if err != nil {
			return kept.Saved, err
		}
		d.pending = pending
		list = append(list, named{n, d})
	}
	for _, n := range list {
		if err := s.remember(n.denyName, n.sharedDenial, now); err != nil {
			return kept.Saved, err
		}
	}
	return kept.Saved, nil
}

// run restores the list and then keeps it whenever it has changed, until ctx is over.
func (k *keptDenials) run(ctx context.Context, s *sharedDeny) {
	defer close(k.done)
	k.restore(ctx, s)
	said := false
	for s.awaitChange(ctx) {
		timer := time.NewTimer(keepDelay)
		select {
		case <-ctx.Done(): // this once, at once
			timer.Stop()
		case <-timer.C:
		}
		err := k.save(ctx, s)
		if err != nil && !said {
			s.logger.Error("the shared deny list cannot be kept in storage; a start while the store is down will not know it", zap.Error(err))
		}
		if said = err != nil; said {
			s.noteChange()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// awaitChange tells whether there is something to keep, and waits for that until ctx is
// over.
func (s *sharedDeny) awaitChange(ctx context.Context) bool {
	select {
	case <-s.changed:
		return true
	case <-ctx.Done():
	}
	select {
	case <-s.changed:
		return true
	default:
		return false
	}
}

func (k *keptDenials) save(ctx context.Context, s *sharedDeny) error {
	data, err := s.encode(time.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storagePatience)
	defer cancel()
	return k.storage.Store(ctx, k.key, data)
}

// finished waits, for a bounded time, until what was to be kept is kept.
func (k *keptDenials) finished() {
	timer := time.NewTimer(storagePatience)
	defer timer.Stop()
	select {
	case <-k.done:
	case <-timer.C:
	}
}

func (k *keptDenials) restore(ctx context.Context, s *sharedDeny) {
	data, err := k.storage.Load(ctx, k.key)
	if errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
		return
	}
	var saved time.Time
	if err == nil {
		saved, err = s.decode(data, time.Now())
	}
	if err != nil {
		s.logger.Error("the shared deny list that was kept in storage cannot be used", zap.Error(err))
		return
	}
	s.informed.Store(true)
	denyChanged()
	s.logger.Info("the shared deny list was taken from storage until the store is read", zap.Int64("entries", s.list.size.Load()), zap.Time("saved", saved))
}
