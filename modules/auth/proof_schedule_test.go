package auth

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gateway/modules/auth/authtest"
)

// TestRotationOnTheUsualSchedule rotates keys over days of a clock that the test owns,
// as the README states it: a key that is published twice the cooldown before its first
// use causes no refusal, although somebody asks for it all the time before; and a
// removed key is refused after the refresh interval.
func TestRotationOnTheUsualSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys := make([]*authtest.Key, 5)
		for i := range keys {
			keys[i] = authtest.New("EdDSA", fmt.Sprint("usual-", i))
		}
		s := &script{answer: slowly(keys[0])}
		_, h := start(t, s, &memory{})
		var all, clients sync.WaitGroup
		for i := 1; i < len(keys); i++ {
			var published atomic.Bool
			for range 2 {
				all.Go(func() { guess(h, keys[i].ID, &published) })
				time.Sleep(300 * time.Millisecond)
			}
			time.Sleep(5 * time.Minute)
			for n := s.fetches.Load(); s.fetches.Load() == n; { // publish while a fetch is under way
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(200 * time.Millisecond)
			s.set(slowly(keys[i-1], keys[i]))
			time.Sleep(time.Second)
			published.Store(true)
			time.Sleep(2*testSchedule.cooldown - time.Second)
			for range 20 {
				clients.Go(func() {
					if got := answer(h, fresh(keys[i])); got != "" {
						t.Errorf("rotation %d: a token of the new key gets %s", i, got)
					}
				})
			}
			clients.Wait()
			if got := answer(h, fresh(keys[i-1])); got != "" {
				t.Errorf("rotation %d: a token of the old key, still published, gets %s", i, got)
			}
			s.set(slowly(keys[i]))
			time.Sleep(testSchedule.refresh + time.Second)
			synctest.Wait()
			if got := answer(h, fresh(keys[i-1])); got != "auth.key_unknown" {
				t.Errorf("rotation %d: a token of the removed key gets %q", i, got)
			}
		}
		all.Wait()
	})
}

// slowly publishes keys and takes a second until they arrive.
func slowly(keys ...*authtest.Key) func(context.Context) (document, error) {
	answer := publishing(0, keys...)
	return func(ctx context.Context) (document, error) {
		time.Sleep(time.Second)
		return answer(ctx)
	}
}

// guess asks for a key id again and again, until its key is published.
func guess(h *Handler, kid string, published *atomic.Bool) {
	stranger := *edOne
	stranger.ID = kid
	token := fresh(&stranger)
	for ; !published.Load(); time.Sleep(900 * time.Millisecond) {
		answer(h, token)
	}
}
