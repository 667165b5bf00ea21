package auth

import (
	"context"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// watchInterval is how often a key file is looked at. Polling works on every file
// system, and with the symbolic links that orchestrators swap.
const watchInterval = time.Second

// watchedFile is a key file whose changes take effect without a reload.
type watchedFile struct {
	*staticKeys
	name   string
	logger *zap.Logger
	cancel context.CancelFunc
}

// Destruct implements caddy.Destructor.
func (f *watchedFile) Destruct() error {
	f.cancel()
	return nil
}

// watch returns the keys of a file that was read a moment ago, and watches it.
func (h *Handler) watch(name string, set *keySet) (*staticKeys, error) {
	id := sourceKeyOf("file", name)
	value, loaded, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) {
		ctx, cancel := context.WithCancel(context.Background())
		f := &watchedFile{
			staticKeys: newStaticKeys(set), name: name, cancel: cancel,
			logger: caddy.Log().Named("http.handlers.auth").With(zap.String("keys", name)),
		}
		go f.run(ctx)
		return f, nil
	})
	if err != nil {
		return nil, err
	}
	h.pooled = append(h.pooled, id)
	file := value.(*watchedFile)
	if loaded {
		file.replace(set)
	}
	return file.staticKeys, nil
}

func (f *watchedFile) run(ctx context.Context) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	var seen, refused string
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		seen, refused = f.look(seen, refused)
	}
}

// look reads the file and takes its keys over if they can be used; else the keys
// before stay. seen and refused are the contents that were taken and refused last.
func (f *watchedFile) look(seen, refused string) (string, string) {
	data, err := readFile(f.name)
	if err != nil || string(data) == seen || string(data) == refused {
		return seen, refused // a file that is missing for a moment is being replaced
	}
	set, err := readKeys(data)
	if err != nil {
		f.logger.Error("the changed key file cannot be used; the keys before stay", zap.Error(err))
		return seen, string(data)
	}
	if before := f.state.Load(); before.set.sum != set.sum {
		f.replace(set)
		f.logger.Info("key file changed", zap.Int("usable", set.size()))
	}
	return string(data), ""
}

var _ caddy.Destructor = (*watchedFile)(nil)
