package auth_test

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

const (
	rotationRefresh = time.Second
	rotationTimeout = 300 * time.Millisecond
)

// rotation is an issuer that changes its keys while clients call with valid tokens.
type rotation struct {
	issuer *authtest.Issuer
	gw     *gatewaytest.Gateway
	// using is held by clients while they use a token, so that whoever holds it for
	// writing knows that no token is in use.
	using   sync.RWMutex
	signing *authtest.Key // what the issuer signs with now
	sent    atomic.Int64
	refused atomic.Int64
	first   atomic.Int64 // the first status that was not 200
}

func (r *rotation) token(key *authtest.Key) string {
	return bearer(key.Token(r.issuer.Claims("orders", authtest.Claims{"jti": strconv.FormatInt(r.sent.Add(1), 10)}), nil))
}

// call is a client. It gets a token, uses it a few times, and gets another.
func (r *rotation) call(done <-chan struct{}) {
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-done:
			return
		case <-pace.C:
		}
		r.using.RLock()
		token := r.token(r.signing)
		for range 5 {
			if status := r.gw.Do("GET", "/", "Authorization", token).Code; status != 200 {
				r.refused.Add(1)
				r.first.CompareAndSwap(0, int64(status))
			}
		}
		r.using.RUnlock()
	}
}

// change makes the issuer sign with another key. When it returns, no client has a
// token of the key before.
func (r *rotation) change(key *authtest.Key) {
	r.using.Lock()
	r.signing = key
	r.using.Unlock()
}

// TestRotationUnderLoad rotates the keys three times: each new key is published
// before it is used, and the old one is removed after clients have changed over. No
// valid token is refused, and a token of a removed key is, within the time that the
// README states.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	keys := []*authtest.Key{signing}
	for i := range 4 {
		keys = append(keys, authtest.New("EdDSA", fmt.Sprint("rotation-", i)))
	}
	r := &rotation{issuer: authtest.NewIssuer(t, keys[0], keys[1])}
	r.gw = gatewaytest.New(t, guarded(t, fmt.Sprintf("auth %s {\n\taudience orders\n\tkeys {\n\t\trefresh %s\n\t\tcooldown 1s\n\t\ttimeout %s\n\t}\n}", r.issuer.URL, rotationRefresh, rotationTimeout)))
	r.signing = keys[0]
	done := make(chan struct{})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() { r.call(done) })
	}
	for i := 1; i+1 < len(keys); i++ {
		r.change(keys[i])
		old := r.token(keys[i-1])
		if got := r.gw.Do("GET", "/", "Authorization", old).Code; got != 200 {
			t.Fatalf("a token of a key that is still published gets %d", got)
		}
		r.issuer.Publish(keys[i], keys[i+1])
		removed := time.Now()
		eventually(t, func() bool { return r.gw.Do("GET", "/", "Authorization", old).Code == 401 })
		const busy = time.Second // for a machine that has other things to do
		const limit = rotationRefresh + 2*rotationTimeout + busy
		if took := time.Since(removed); took > limit {
			t.Errorf("rotation %d: a removed key was accepted for %s, want %s at most", i, took, limit)
		} else {
			t.Logf("rotation %d: the removed key was refused after %s", i, took.Round(time.Millisecond))
		}
	}
	close(done)
	clients.Wait()
	t.Logf("%d tokens", r.sent.Load())
	if n := r.refused.Load(); n != 0 {
		t.Errorf("%d requests with valid tokens were refused, the first with %d", n, r.first.Load())
	}
}
