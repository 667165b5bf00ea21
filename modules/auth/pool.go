package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// sources holds the keys of all issuers of the process, by what they are made from.
// They outlive a reload: a config that changes something else finds its keys, and
// the tokens verified with them, where they were.
var sources = caddy.NewUsagePool()

// sourceKey identifies a source of keys.
type sourceKey [sha256.Size]byte

// sourceKeyOf hashes what a source is made from.
func sourceKeyOf(parts ...any) sourceKey {
	text, err := json.Marshal(parts)
	if err != nil {
		panic("auth: " + err.Error()) // plain values only
	}
	return sha256.Sum256(text)
}

// pooledRemote is a remoteKeys that runs until nobody uses it any more.
type pooledRemote struct {
	*remoteKeys
	issuer string // what the metrics call it
	cancel context.CancelFunc
}

// Destruct implements caddy.Destructor. Requests may still look at the keys.
func (p *pooledRemote) Destruct() error {
	p.cancel()
	return nil
}

// remoteKeys returns the keys of an issuer that are fetched, and begins to fetch
// them if nobody has yet.
func (h *Handler) remoteKeys(ctx caddy.Context, config *Issuer) (keySource, error) {
	roots, rootsPEM, err := config.Keys.roots()
	if err != nil {
		return nil, err
	}
	e := &endpoint{jwks: config.JWKS, timeout: defaultTimeout}
	if e.jwks == "" {
		e.issuer = config.Issuer
	}
	if k := config.Keys; k != nil {
		e.plainHTTP = k.HTTP
		if k.Timeout != 0 {
			e.timeout = time.Duration(k.Timeout)
		}
	}
	s := config.Keys.schedule()
	id := sourceKeyOf("remote", e.issuer, e.jwks, e.plainHTTP, e.timeout, s.refresh, s.stale, s.cooldown, rootsPEM)
	value, _, err := sources.LoadOrNew(id, func() (caddy.Destructor, error) {
		e.client = newClient(roots)
		name := e.issuer + e.jwks
		store := &storedKeys{storage: ctx.Storage(), key: storageKey(name)}
		logger := caddy.Log().Named("http.handlers.auth").With(zap.String("keys", name))
		own, cancel := context.WithCancel(context.Background())
		p := &pooledRemote{remoteKeys: newRemoteKeys(s, e.fetch, store, &zapKeyLog{logger}), issuer: name, cancel: cancel}
		go p.run(own)
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	h.pooled = append(h.pooled, id)
	return value.(*pooledRemote).remoteKeys, nil
}

// storedKeys keeps the last good document of a source in Caddy's storage.
type storedKeys struct {
	storage certmagic.Storage
	key     string
}

// storageKey names the document of a source; the hash keeps it a plain file name.
func storageKey(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "gateway/auth/keys/" + hex.EncodeToString(sum[:16]) + ".json"
}

// storedDocument is the form in which a document is kept.
type storedDocument struct {
	Fetched time.Time       `json:"fetched"`
	Keys    json.RawMessage `json:"keys"`
}

func (s *storedKeys) load(ctx context.Context) ([]byte, time.Time, error) {
	data, err := s.storage.Load(ctx, s.key)
	if err != nil {
		return nil, time.Time{}, err
	}
	if len(data) > 2*maxDocument {
		return nil, time.Time{}, errors.New("the kept keys are too large")
	}
	var kept storedDocument
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, time.Time{}, err
	}
	return kept.Keys, kept.Fetched, nil
}

func (s *storedKeys) save(ctx context.Context, body []byte, at time.Time) error {
	data, err := json.Marshal(storedDocument{at.UTC(), body})
	if err != nil {
		return err
	}
	return s.storage.Store(ctx, s.key, data)
}

// zapKeyLog writes what becomes of a source into Caddy's log.
type zapKeyLog struct{ logger *zap.Logger }

func (l *zapKeyLog) fetched(set *keySet, changed bool) {
	if !changed {
		l.logger.Debug("keys are unchanged")
		return
	}
	l.logger.Info("keys fetched", zap.Int("usable", set.size()))
	for _, warning := range set.warnings {
		l.logger.Warn("a key of the issuer cannot be used", zap.String("why", warning))
	}
}

func (l *zapKeyLog) failed(err error, usable bool) {
	if usable {
		l.logger.Warn("keys cannot be fetched; the last good ones serve on", zap.Error(err))
		return
	}
	l.logger.Error("keys cannot be fetched; tokens are answered with 503 until they can", zap.Error(err))
}

func (l *zapKeyLog) restored(set *keySet, age time.Duration) {
	l.logger.Info("keys taken from storage until they are fetched", zap.Int("usable", set.size()), zap.Duration("age", age))
}

func (l *zapKeyLog) notSaved(err error) {
	l.logger.Warn("keys cannot be kept in storage; a restart while the issuer is down will refuse tokens", zap.Error(err))
}

var _ caddy.Destructor = (*pooledRemote)(nil)
