package auth

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// apiKeyFile is a watched file of API keys. A change takes effect without a reload.
type apiKeyFile struct {
	name   string
	set    atomic.Pointer[apiKeySet]
	logger *zap.Logger
	cancel context.CancelFunc
}

// Destruct implements caddy.Destructor. Requests may still look at the keys.
func (f *apiKeyFile) Destruct() error {
	f.cancel()
	return nil
}

func (f *apiKeyFile) find(_ context.Context, sum *tokenSum) (*apiKey, fault) {
	return f.set.Load().find(sum)
}

// apiKeysOf makes the API keys of a checked configuration.
func (h *Handler) apiKeysOf(config *APIKeys) (*apiKeys, error) {
	data, err := readFile(config.File)
	if err != nil {
		return nil, complain("api_key", "a relative path is relative to the Caddyfile", "the file of API keys cannot be read: %v", err)
	}
	set, err := readAPIKeys(data)
	if err != nil {
		return nil, complain("api_key", `such as {"keys": [{"id": "billing", "keys": ["sha256:…"]}]}`, "the API keys in %s cannot be used: %v", config.File, err)
	}
	id := sourceKeyOf("api_key", config.File)
	value, _, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) {
		ctx, cancel := context.WithCancel(context.Background())
		f := &apiKeyFile{name: config.File, cancel: cancel, logger: caddy.Log().Named("http.handlers.auth").With(zap.String("api_keys", config.File))}
		f.set.Store(&set)
		go f.run(ctx, string(data))
		return f, nil
	})
	if err != nil {
		return nil, err
	}
	h.pooled = append(h.pooled, id)
	file := value.(*apiKeyFile)
	file.set.Store(&set)
	return &apiKeys{field: config.field(), store: file}, nil
}

func (f *apiKeyFile) run(ctx context.Context, seen string) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		seen = f.look(seen)
	}
}

// look takes a changed file over if it can be used; else the keys before stay, and
// that is said once. seen is what was looked at last.
func (f *apiKeyFile) look(seen string) string {
	data, err := readFile(f.name)
	if err != nil || string(data) == seen {
		return seen // a file that is missing for a moment is being replaced
	}
	set, err := readAPIKeys(data)
	if err != nil {
		f.logger.Error("the changed file of API keys cannot be used; the keys before stay", zap.Error(err))
		return string(data)
	}
	f.set.Store(&set)
	f.logger.Info("API keys changed", zap.Int("keys", len(set)))
	return string(data)
}

var (
	_ caddy.Destructor = (*apiKeyFile)(nil)
	_ apiKeyStore      = (*apiKeyFile)(nil)
)
