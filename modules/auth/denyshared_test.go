package auth

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/zap"

	"gateway/internal/redis"
	"gateway/internal/redis/redistest"
)

// TestMergeOfDenials holds that what gateways learn from each other leads to the same
// list whatever the order and however often it comes.
func TestMergeOfDenials(t *testing.T) {
	t.Parallel()
	n := denyName{denySubject, "alice"}
	later := at(0).Add(time.Hour).UnixMicro()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var news []sharedDenial
		for version := range int64(6) {
			news = append(news, sharedDenial{denial: denial{endOfTime, later + version}, version: version + 1, gone: random.IntN(2) == 0})
		}
		for range 3 {
			s := newSharedDenials()
			told := append(append([]sharedDenial{}, news...), news...)
			random.Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
			for _, d := range told {
				if _, err := s.learn(n, d, at(0)); err != nil {
					t.Fatal(err)
				}
			}
			got, _ := s.about(n)
			if got != news[5] || s.list.empty() != news[5].gone {
				t.Fatalf("seed %d: got %+v, want %+v", seed, got, news[5])
			}
		}
	}
}

// TestMergeWithOwnChanges: a revocation of one's own stays, a reinstatement gives way
// to a revocation that it was not about.
func TestMergeWithOwnChanges(t *testing.T) {
	t.Parallel()
	n := denyName{denySubject, "alice"}
	wide := denial{endOfTime, endOfTime}
	live := func(version int64) sharedDenial { return sharedDenial{denial: wide, version: version} }
	gone := func(version int64) sharedDenial { return sharedDenial{denial: wide, version: version, gone: true} }
	for _, test := range []struct {
		name         string
		before       *sharedDenial
		reinstate    bool
		learnt       sharedDenial
		live, shared bool
	}{
		{"revoked, and reinstated elsewhere", nil, false, gone(9), true, false},
		{"revoked, and revoked elsewhere", nil, false, live(9), true, false},
		{"reinstated, and revoked anew elsewhere", ptr(live(5)), true, live(6), true, true},
		{"reinstated, and told what it was about", ptr(live(5)), true, live(5), false, false},
		{"reinstated, and reinstated elsewhere", ptr(live(5)), true, gone(6), false, true},
	} {
		s := newSharedDenials()
		if test.before != nil {
			if _, err := s.learn(n, *test.before, at(0)); err != nil {
				t.Fatal(err)
			}
		}
		if test.reinstate {
			s.reinstate(n, at(0))
		} else if err := s.revoke(&Revocation{Subject: "alice"}, at(0)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.learn(n, test.learnt, at(0)); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.about(n); got.gone == test.live || got.pending == test.shared || s.list.empty() == test.live {
			t.Errorf("%s: got %+v", test.name, got)
		}
	}
}

func ptr[T any](value T) *T { return &value }

// TestSharedDenialsAreWrittenDown: what is kept comes back, and what is damaged is
// refused as a whole.
func TestSharedDenialsAreWrittenDown(t *testing.T) {
	t.Parallel()
	s := newSharedDenials()
	for _, r := range []Revocation{
		{JTI: "a b"}, {Subject: "ä:\"x\"", IssuedBefore: at(-time.Hour)}, {Session: "s", Until: at(time.Hour)}, {IssuedBefore: at(0)}, {Subject: "back"},
	} {
		if err := s.revoke(&r, at(0)); err != nil {
			t.Fatal(err)
		}
	}
	s.reinstate(denyName{denySubject, "back"}, at(0))
	if _, err := s.learn(denyName{denySubject, "shared"}, sharedDenial{denial: denial{endOfTime, endOfTime}, version: 7}, at(0)); err != nil {
		t.Fatal(err)
	}
	data, err := s.encode(at(0))
	if err != nil {
		t.Fatal(err)
	}
	again := newSharedDenials()
	saved, err := again.decode(data, at(0))
	if err != nil || !saved.Equal(at(0)) || fmt.Sprint(again.known) != fmt.Sprint(s.known) || again.unshared() != 5 || again.list.size.Load() != s.list.size.Load() {
		t.Errorf("got %v %v, want %v", again.known, err, s.known)
	}
	for _, text := range []string{"", "[]", `{"entries": {"sub:": "+1 - -"}}`, `{"entries": {"x": "+1 - -"}}`, `{"entries": {"sub:a": "1 - -"}}`, `{"entries": {"sub:a": "+1 -"}}`, `{"entries": {"sub:ok": "+1 - -", "sub:a": "+1 x -"}}`} {
		damaged := newSharedDenials()
		if _, err := damaged.decode([]byte(text), at(0)); err == nil || !damaged.list.empty() {
			t.Errorf("%s is accepted", text)
		}
	}
}

// TestDenyScriptsInACluster: all keys are on one server, and a full list refuses.
func TestDenyScriptsInACluster(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--cluster-enabled", "yes")
	server.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	options := redis.Options{Prefix: "shop:", Timeout: time.Second}
	if err := options.ParseURL(server.URL()); err != nil {
		t.Fatal(err)
	}
	store := redis.Open(options, zap.NewNop())
	t.Cleanup(func() { _ = store.Destruct() })
	s := newSharedDeny(store, zap.NewNop())
	for deadline := time.Now().Add(10 * time.Second); !store.Up(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(store.Problem())
		}
	}
	if !store.Clustered() {
		t.Error("it is no cluster")
	}
	if err := s.revoke(&Revocation{Subject: "alice"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.step(time.Now()); err != nil || s.unshared() != 0 {
		t.Fatal(err)
	}
	change := func(verb, name, version string) string {
		value, err := store.Eval(denyChange, s.keys, []string{"epoch", "2", "1000000", verb, name, version, "-", "-"})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := value.Strings()
		if err != nil {
			t.Fatal(err)
		}
		return reply[0]
	}
	for _, test := range []struct{ verb, name, version, sign string }{
		{verbRevoke, "sub:bob", "0", "+"},
		{verbRevoke, "sub:carol", "0", denyFull},
		{verbKeep, "sub:carol", "5", denyFull},
		{verbRevoke, "sub:alice", "0", "+"},
		{verbReinstate, "sub:alice", "1", "+"}, // about an older entry
		{verbReinstate, "sub:alice", "9000000000000000", "-"},
		{verbKeep, "sub:alice", "5", "-"}, // by somebody who has missed it
		{verbRevoke, "sub:carol", "0", "+"},
	} {
		if got := change(test.verb, test.name, test.version); got[:1] != test.sign {
			t.Errorf("%s %s %s: got %s, want %s", test.verb, test.name, test.version, got, test.sign)
		}
	}
}

func TestSharedDenyListCostsNoAllocation(t *testing.T) {
	h := handlerFor(t, ecOne)
	h.shared = &sharedDeny{sharedDenials: newSharedDenials()}
	h.shared.informed.Store(true)
	if err := h.shared.revoke(&Revocation{Subject: "mallory"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	v, now, ctx := &verified{subject: "alice"}, time.Now(), t.Context()
	if got := testing.AllocsPerRun(100, func() {
		if f := h.judgeDenied(ctx, v, now); f != none {
			t.Fatal(f)
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
