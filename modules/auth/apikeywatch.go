package auth

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"gateway/internal/redis"
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
func (h *Handler) apiKeysOf(ctx caddy.Context, config *APIKeys) (*apiKeys, error) {
	if config.Redis {
		return h.sharedKeysFor(ctx, config)
	}
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

// sharedKeysKey identifies what is remembered of the keys in a store.
type sharedKeysKey struct{ store *redis.Store }

// pooledKeys lives as long as a handler uses it.
type pooledKeys struct{ *sharedKeys }

// Destruct implements caddy.Destructor.
func (pooledKeys) Destruct() error { return nil }

// sharedKeysFor makes the API keys of the shared store.
func (h *Handler) sharedKeysFor(ctx caddy.Context, config *APIKeys) (*apiKeys, error) {
	store, err := sharedStoreOf(ctx)
	if err != nil {
		return nil, err
	}
	if store == nil {
		return nil, complain("api_key", "add gateway { redis <url> } to the global options, or name a file; a file of the name redis is written ./redis", "api_key redis looks keys up in the store that gateways share, and there is none")
	}
	id := sharedKeysKey{store}
	value, _, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) {
		return pooledKeys{newSharedKeys(store, caddy.Log().Named("http.handlers.auth").With(zap.String("api_keys", "redis")))}, nil
	})
	if err != nil {
		return nil, err
	}
	h.pooled = append(h.pooled, id)
	keys := value.(pooledKeys).sharedKeys
	if h.shared == nil { // nothing is decided
		return &apiKeys{field: config.field(), store: keys}, nil
	}
	return &apiKeys{field: config.field(), store: startingKeys{keys, h.shared}}, nil
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
