package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/zap"
)

const (
	// tolerated is how many calls may fail, with none between that succeeds, before
	// the store counts as down: one slow answer is no outage.
	tolerated = 5
	// probeInterval is how often a store that is down is asked, and probeTimeout how
	// long it may take to answer: it is in use again within a second of its return.
	probeInterval, probeTimeout = 200 * time.Millisecond, 500 * time.Millisecond
)

// health knows whether calls make sense.
type health struct {
	up       atomic.Bool
	failures atomic.Int32  // since the last success
	lost     chan struct{} // wakes the probe
	mu       sync.Mutex
	cause    error // of the last loss
}

func newHealth() health {
	return health{lost: make(chan struct{}, 1), cause: errors.New("not connected yet")}
}

func (h *health) succeed() {
	if h.failures.Load() != 0 {
		h.failures.Store(0)
	}
}

// fail counts a failure. A connection that is gone is no matter of patience.
func (h *health) fail(err error) {
	if h.failures.Add(1) >= tolerated || !errors.Is(err, context.DeadlineExceeded) {
		h.lose(err)
	}
}

// lose takes the store out of use.
func (h *health) lose(err error) {
	h.mu.Lock()
	h.cause = err
	h.mu.Unlock()
	if h.up.CompareAndSwap(true, false) {
		select {
		case h.lost <- struct{}{}:
		default:
		}
	}
}

func (h *health) unavailable() error { return fmt.Errorf("%w: %w", ErrUnavailable, h.why()) }

func (h *health) why() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cause
}

// Up tells whether the store is in use.
func (s *Store) Up() bool { return s.health.up.Load() }

// Problem returns why the store is not in use, or nil.
func (s *Store) Problem() error {
	if s.Up() {
		return nil
	}
	return s.health.why()
}

// supervise brings the store into use, and back into use whenever it is lost.
func (s *Store) supervise(ctx context.Context) {
	defer close(s.stopped)
	said := false
	for ctx.Err() == nil {
		err := s.probe(ctx)
		switch {
		case err == nil:
			s.health.failures.Store(0)
			s.health.up.Store(true)
			s.logger.Info("the shared store is in use")
			said = false
			select {
			case <-ctx.Done():
			case <-s.health.lost:
				s.logger.Error("the shared store is lost", zap.Error(s.health.why()), zap.String("on_error", s.options.OnError))
				said = true
			}
			continue
		case !said && ctx.Err() == nil:
			s.health.lose(err)
			s.logger.Error("the shared store cannot be reached; trying on", zap.Error(err), zap.String("on_error", s.options.OnError))
			said = true
		}
		pause(ctx, probeInterval+rand.N(probeInterval/4))
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// probe connects, or asks the store that is connected whether it can work.
func (s *Store) probe(ctx context.Context) error {
	known := s.client.Load()
	if known == nil {
		client, err := rueidis.NewClient(s.options.clientOption(s.dial))
		if err != nil {
			return err
		}
		s.client.Store(&client)
		known = &client
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	// A server that loads its data, or a replica, answers PING but not this.
	client := *known
	return client.Do(ctx, client.B().Set().Key(s.Key("probe")).Value("1").ExSeconds(60).Build()).Error()
}

// impatient is the context of calls. They find a connection or fail: connecting is
// the probe's work, or every call would wait for a server that is gone.
var impatient = context.WithValue(context.Background(), impatientKey{}, true)

type impatientKey struct{}

var errNoConnection = errors.New("the connection is gone")

// dial connects to a server. A Cluster or a Sentinel brings up connections by itself
// as nodes change their parts, also in the middle of a call.
func (s *Store) dial(ctx context.Context, address string, dialer *net.Dialer, config *tls.Config) (net.Conn, error) {
	if ctx.Value(impatientKey{}) != nil && s.alone() {
		return nil, errNoConnection
	}
	if config != nil {
		return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, "tcp", address)
	}
	return dialer.DialContext(ctx, "tcp", address)
}

func (s *Store) alone() bool {
	client := s.client.Load()
	return client != nil && (*client).Mode() == rueidis.ClientModeStandalone
}

// broken tells whether an error means that the store cannot work, so that the next
// call would fail as well.
func broken(err error) bool {
	reply, ok := rueidis.IsRedisErr(err)
	if !ok {
		return true
	}
	return cannotWork(reply.Error())
}

// cannotWork tells whether a server says that it cannot do its work: that it is full and
// does not evict (OOM), that it is a replica (READONLY), and the like.
func cannotWork(text string) bool {
	code, rest, _ := strings.Cut(text, " ")
	if code == "ERR" && strings.HasPrefix(rest, "Error running script") { // Redis up to 6
		_, inner, _ := strings.Cut(rest, ": -")
		code, _, _ = strings.Cut(inner, " ")
	}
	switch code {
	case "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "OOM", "MISCONF", "BUSY",
		"NOAUTH", "WRONGPASS", "NOPERM":
		return true
	}
	return false
}
