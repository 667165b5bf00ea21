package auth

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gateway/modules/auth/authtest"
)

func TestKeysComeBackWhenTheIssuerDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: down}
		_, h := start(t, s, &memory{})
		_, refusal := decide(h, request("Bearer "+fresh(ecOne)))
		if refusal == nil || refusal.Code() != 503 || refusal.RetryAfter < time.Second || refusal.RetryAfter > time.Minute || refusal.Header != nil {
			t.Fatalf("got %+v, want 503 with Retry-After and without challenge", refusal)
		}
		s.set(publishing(0, ecOne))
		time.Sleep(refusal.RetryAfter)
		synctest.Wait()
		if got := answer(h, fresh(ecOne)); got != "" {
			t.Errorf("after Retry-After: got %s", got)
		}
	})
}

func TestFirstRequestsWaitForTheFirstFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: func(context.Context) (document, error) {
			time.Sleep(time.Second)
			return publishing(0, ecOne)(nil)
		}}
		_, h := start(t, s, &memory{})
		if got := answer(h, fresh(ecOne)); got != "" {
			t.Errorf("got %s", got)
		}
	})
}

func TestAHangingIssuerCostsBoundedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: hanging}
		_, h := start(t, s, &memory{})
		began := time.Now()
		if got := answer(h, fresh(ecOne)); got != "auth.keys_unavailable" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took > testSchedule.wait {
			t.Errorf("the request waited %s", took)
		}
	})
}

func TestRefreshKeepsToTheCacheHeadersWithinBounds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ says, least, utmost time.Duration }{
		{0, 12 * time.Minute, 15 * time.Minute},
		{time.Nanosecond, 48 * time.Second, time.Minute},
		{30 * time.Minute, 24 * time.Minute, 30 * time.Minute},
		{48 * time.Hour, 48 * time.Minute, time.Hour},
	} {
		t.Run(test.says.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{answer: publishing(test.says, ecOne)}
				start(t, s, &memory{})
				time.Sleep(test.least - time.Second)
				synctest.Wait()
				if n := s.fetches.Load(); n != 1 {
					t.Errorf("%d fetches before %s, want 1", n, test.least)
				}
				time.Sleep(test.utmost - test.least + 2*time.Second)
				synctest.Wait()
				if n := s.fetches.Load(); n != 2 {
					t.Errorf("%d fetches by %s, want 2", n, test.utmost)
				}
			})
		})
	}
}

// Random key ids cause one fetch per cooldown, whatever the issuer does, and good
// tokens do not notice.
func TestUnknownKeyIDsDoNotStorm(t *testing.T) {
	t.Parallel()
	rotating := 0
	for name, behaviour := range map[string]func(context.Context) (document, error){
		"healthy": publishing(0, ecOne),
		"down":    down,
		"hanging": hanging,
		"rotating": func(context.Context) (document, error) {
			rotating++
			other := *ecOne
			other.ID = fmt.Sprint("rotated-", rotating)
			return publishing(0, ecOne, &other)(nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{answer: publishing(0, ecOne)}
				r, h := start(t, s, &memory{})
				s.set(behaviour)
				time.Sleep(time.Minute)
				before := s.fetches.Load()
				token := fresh(ecOne)
				var all sync.WaitGroup
				for i := range 1000 {
					all.Go(func() {
						time.Sleep(time.Duration(i) * 60 * time.Millisecond) // over a minute
						stranger := *ecOne
						stranger.ID = fmt.Sprint("random-", i)
						if got := answer(h, fresh(&stranger)); got != "auth.key_unknown" {
							t.Errorf("random key id: got %q", got)
						}
						began := time.Now()
						if got := answer(h, token); got != "" || time.Since(began) > 0 {
							t.Errorf("good token: got %q after %s", got, time.Since(began))
						}
					})
				}
				all.Wait()
				if n := s.fetches.Load() - before; n > 3 {
					t.Errorf("%d fetches in a minute, want at most one per cooldown of %s", n, testSchedule.cooldown)
				}
				if n := len(r.absent); n > maxAbsent {
					t.Errorf("%d absent ids are remembered", n)
				}
			})
		})
	}
}

// Fetches are shared: requests that come during one wait for it.
func TestOneFetchServesAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := authtest.New("ES256", "next")
		s := &script{answer: publishing(0, ecOne)}
		_, h := start(t, s, &memory{})
		time.Sleep(time.Minute)
		s.set(func(context.Context) (document, error) {
			time.Sleep(time.Second)
			return publishing(0, ecOne, next)(nil)
		})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if got := answer(h, fresh(next)); got != "" {
					t.Errorf("a token of the new key: got %s", got)
				}
			})
		}
		all.Wait()
		if n := s.fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want 2", n)
		}
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old, next := authtest.New("ES256", "old"), authtest.New("EdDSA", "next")
		s := &script{answer: publishing(0, old)}
		_, h := start(t, s, &memory{})
		seen := fresh(old)
		if got := answer(h, seen); got != "" {
			t.Fatal(got)
		}
		s.set(publishing(0, old, next))
		time.Sleep(testSchedule.cooldown + time.Second)
		if got := answer(h, fresh(next)); got != "" {
			t.Errorf("the new key, before the scheduled refresh: %s", got)
		}
		if got := answer(h, seen); got != "" {
			t.Errorf("the old key, still published: %s", got)
		}
		s.set(publishing(0, next))
		time.Sleep(testSchedule.refresh)
		synctest.Wait()
		if got := answer(h, seen); got != "auth.key_unknown" && got != "auth.expired" {
			t.Errorf("a token seen before, of a key that was removed: got %q", got)
		}
	})
}

// The issuer is down for longer than the refresh interval, with a restart in
// between: no valid token is refused until the keys are stale.
func TestOutageWithRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		s := &script{answer: publishing(0, ecOne)}
		_, h := start(t, s, store)
		s.set(down)
		token := func() string { return fresh(ecOne) }
		for range 10 {
			time.Sleep(time.Hour)
			if got := answer(h, token()); got != "" {
				t.Fatalf("during the outage: %s", got)
			}
		}
		_, restarted := start(t, s, store)
		if got := answer(restarted, token()); got != "" {
			t.Errorf("after the restart: %s", got)
		}
		time.Sleep(15 * time.Hour)
		for name, h := range map[string]*Handler{"first": h, "restarted": restarted} {
			if got := answer(h, token()); got != "auth.keys_unavailable" {
				t.Errorf("%s, keys older than stale: got %q, want auth.keys_unavailable", name, got)
			}
		}
		_, late := start(t, s, store)
		if got := answer(late, token()); got != "auth.keys_unavailable" {
			t.Errorf("restarted with stale keys in the store: got %q", got)
		}
	})
}

func TestABadSetLeavesTheGoodOne(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON": "<html>", "two documents": authtest.Set(ecOne) + "{}", "no keys": `{"keys":[]}`, "no list": `{"keys":{}}`,
		"nothing usable": authtest.SetOf(ecOne.JWK(authtest.Claims{"use": "enc"})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{answer: publishing(0, ecOne)}
				r, h := start(t, s, &memory{})
				s.set(func(context.Context) (document, error) { return document{body: []byte(body)}, nil })
				time.Sleep(time.Hour)
				synctest.Wait()
				if r.stats.failures.Load() == 0 {
					t.Error("the bad set counts as success")
				}
				if got := answer(h, fresh(ecOne)); got != "" {
					t.Errorf("got %s", got)
				}
			})
		})
	}
}

// After its end a source answers from what it has and never blocks.
func TestKeysAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRemoteKeys(testSchedule, publishing(0, ecOne), &memory{}, silent{})
		ctx, cancel := context.WithCancel(t.Context())
		go r.run(ctx)
		synctest.Wait()
		cancel()
		synctest.Wait()
		time.Sleep(time.Minute)
		began := time.Now()
		state := r.current(time.Now())
		if got := r.renew(t.Context(), state, "other", time.Now()); got != state || time.Since(began) > 0 {
			t.Errorf("renew waited %s and gave %v", time.Since(began), got)
		}
	})
}
