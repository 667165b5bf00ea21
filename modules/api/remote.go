package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"gateway/internal/fetch"
)

const (
	defaultRefresh = time.Minute
	firstRetry     = time.Second
	// maxPatience is how many times the refresh interval a service may say that its
	// contract stays as it is.
	maxPatience = 10
)

// remotes holds the fetched contracts of the process. They outlive a reload: a config
// that changes something else finds its contracts where they were.
var remotes = caddy.NewUsagePool()

// remote is a contract that its service has itself. One goroutine fetches it again
// and again, for as long as some config wants it.
type remote struct {
	address string
	every   time.Duration
	client  *fetch.Client
	storage certmagic.Storage
	key     string // in the storage
	logger  *zap.Logger
	cancel  context.CancelFunc
	// restored is closed when the storage has been looked at.
	restored chan struct{}

	mu sync.Mutex
	// latest is what was fetched last, and good what was served last. Nil is none.
	latest, good *document
	confirmed    time.Time // when the service had latest
	due          time.Time // when it is asked next
	trouble      string    // why it cannot be asked
}

// remote returns the contract at the API's address, and begins to fetch it.
func (a *API) remote(ctx caddy.Context, every time.Duration) (*remote, error) {
	sum := sha256.Sum256([]byte(a.Name + "\n" + a.Contract))
	name := hex.EncodeToString(sum[:16])
	key := name + " " + every.String()
	value, _, err := remotes.LoadOrNew(key, func() (caddy.Destructor, error) {
		own, cancel := context.WithCancel(context.Background())
		r := &remote{
			address: a.Contract, every: every, client: newContractClient(), cancel: cancel,
			storage: ctx.Storage(), key: "gateway/api/contracts/" + name + ".json", restored: make(chan struct{}),
			logger: caddy.Log().Named("http.handlers.api").With(zap.String("api", a.Name), zap.String("contract", a.Contract)),
		}
		go r.run(own)
		return r, nil
	})
	if err != nil {
		return nil, err
	}
	a.pooled = key
	return value.(*remote), nil
}

// Destruct implements caddy.Destructor.
func (r *remote) Destruct() error {
	r.cancel()
	return nil
}

func (r *remote) run(ctx context.Context) {
	defer r.client.CloseIdleConnections()
	r.restore(ctx)
	close(r.restored)
	for failures := 0; ; {
		lifetime, err := r.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		pause := min(max(lifetime, r.every), maxPatience*r.every)
		if failures++; err == nil {
			failures = 0
		} else {
			pause = min(firstRetry<<min(failures-1, 10), r.every)
		}
		if !r.sleep(ctx, pause-rand.N(pause/5+1)) { // many gateways do not ask at once
			return
		}
	}
}

// attempt asks the service once. Whatever goes wrong leaves everything as it is.
func (r *remote) attempt(ctx context.Context) (time.Duration, error) {
	r.mu.Lock()
	have := r.latest
	r.mu.Unlock()
	got, lifetime, err := fetchContract(ctx, r.client, r.address, have)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil && r.trouble != err.Error() {
			r.trouble = err.Error()
			r.logger.Warn("the contract cannot be fetched; the last good one is served on, if there is one", zap.Error(err))
		}
		return 0, err
	}
	if r.trouble != "" {
		r.logger.Info("the contract can be fetched again")
	}
	r.trouble, r.confirmed = "", time.Now()
	if got != nil && (have == nil || !bytes.Equal(have.Data, got.Data)) {
		r.latest = got
	}
	return lifetime, nil
}

// sleep waits for the next attempt, and tells whether there is to be one.
func (r *remote) sleep(ctx context.Context, pause time.Duration) bool {
	r.mu.Lock()
	r.due = time.Now().Add(pause)
	r.mu.Unlock()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// newest returns what was fetched last, or nil.
func (r *remote) newest() *document {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

// lastGood returns what was served last, or nil.
func (r *remote) lastGood() *document {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.good
}

// state returns when the service was last asked with success, and why it cannot be asked.
func (r *remote) state() (confirmed time.Time, trouble string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.confirmed, r.trouble
}

// retryAfter is when it may be worth asking for the API again.
func (r *remote) retryAfter() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(time.Until(r.due), time.Second)
}

// keep notes that a document is served, and keeps it in the storage, so that it can
// be served after a restart while the service is down.
func (r *remote) keep(d *document) {
	r.mu.Lock()
	known := r.good == d
	r.good = d
	r.mu.Unlock()
	if known {
		return
	}
	data, err := json.Marshal(d)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		err = r.storage.Store(ctx, r.key, data)
	}
	if err != nil {
		r.logger.Warn("the contract cannot be kept in storage; a restart while its service is down will refuse requests", zap.Error(err))
	}
}

// restore takes the last good contract out of the storage.
func (r *remote) restore(ctx context.Context) {
	data, err := r.storage.Load(ctx, r.key)
	if err != nil {
		return // nothing was kept, or it cannot be had: the service is asked next anyway
	}
	d := new(document)
	if err := json.Unmarshal(data, d); err != nil || len(d.Data) == 0 {
		r.logger.Warn("the kept contract cannot be read; the service is asked", zap.Error(err))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest, r.good = d, d
}

var _ caddy.Destructor = (*remote)(nil)
