package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"gateway/internal/redis"
	"gateway/internal/redis/redistest"
)

// node is a gateway as far as the shared deny list is concerned.
type node struct {
	*sharedDeny
	t    *testing.T
	kept *keptDenials
	stop func()
}

func newNode(t *testing.T, server *redistest.Server, storage certmagic.Storage) *node {
	t.Helper()
	options := redis.Options{Prefix: "shop:", Timeout: 100 * time.Millisecond}
	if err := options.ParseURL(server.URL()); err != nil {
		t.Fatal(err)
	}
	store := redis.Open(options, zap.NewNop())
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{sharedDeny: newSharedDeny(store, zap.NewNop()), t: t}
	n.kept = &keptDenials{storage: storage, key: keptDenialsKey("shop:"), done: make(chan struct{})}
	go n.run(ctx)
	go n.kept.run(ctx, n.sharedDeny)
	n.stop = func() {
		cancel()
		n.kept.finished()
		_ = store.Destruct()
	}
	t.Cleanup(func() { n.stop() })
	return n
}

func nodes(t *testing.T, server *redistest.Server, count int) (all []*node) {
	for range count {
		all = append(all, newNode(t, server, &certmagic.FileStorage{Path: t.TempDir()}))
	}
	for _, n := range all {
		n.eventually("in step", func() bool { return n.synced.Load() != 0 })
	}
	return all
}

// within waits for what is promised within a time. A busy machine may need longer, and
// what never happens is a failure all the same.
func (n *node) within(promised time.Duration, what string, done func() bool) {
	n.t.Helper()
	begun := time.Now()
	for !done() {
		if time.Since(begun) > promised+10*time.Second {
			n.t.Fatalf("after %v: not %s (%v, up %v)", time.Since(begun), what, n.trouble(), n.store.Up())
		}
		time.Sleep(2 * time.Millisecond)
	}
	if took := time.Since(begun); took > promised {
		n.t.Logf("%s after %v, which is long", what, took)
	}
}

func (n *node) eventually(what string, done func() bool) {
	n.t.Helper()
	n.within(5*time.Second, what, done)
}

func (n *node) has(subject string) bool {
	return n.list.denies(&credential{subject: subject}, time.Now().UnixMicro())
}

// put revokes and tells whether that is shared.
func (n *node) put(subject string) error {
	n.t.Helper()
	if err := n.revoke(&Revocation{Subject: subject}, time.Now()); err != nil {
		n.t.Fatal(err)
	}
	return n.share(denyName{denySubject, subject})
}

func (n *node) takeBack(subject string) error {
	n.t.Helper()
	if !n.reinstate(denyName{denySubject, subject}, time.Now()) {
		n.t.Errorf("%s is not revoked here", subject)
	}
	return n.share(denyName{denySubject, subject})
}

// atAll waits until all nodes agree, within a second, as promised.
func atAll(t *testing.T, all []*node, want bool, subjects ...string) {
	t.Helper()
	for _, n := range all {
		for _, subject := range subjects {
			n.within(time.Second, fmt.Sprintf("%s revoked: %v", subject, want), func() bool { return n.has(subject) == want })
		}
	}
}

func TestSharedDenials(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	all := nodes(t, server, 3)
	if err := all[0].put("alice"); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	atAll(t, all, true, "alice")
	t.Logf("at all gateways after %v", time.Since(begun))
	if err := all[1].takeBack("alice"); err != nil {
		t.Fatal(err)
	}
	atAll(t, all, false, "alice")
	if err := all[2].put("alice"); err != nil {
		t.Fatal(err)
	}
	atAll(t, all, true, "alice")

	// A stream ends when its token is revoked elsewhere.
	ended := make(chan struct{})
	watched := &stream{until: time.Now().Add(time.Hour), revoked: func() bool { return all[1].has("dave") }}
	watched.arm(nil, func() { close(ended) })
	t.Cleanup(watched.release)
	if err := all[0].put("dave"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second): // a second is promised
		t.Error("a stream goes on after its token was revoked elsewhere")
	}

	// The wider of two entries counts, whoever makes them, and one with an end ends.
	now := time.Now()
	narrow := Revocation{Subject: "bob", IssuedBefore: now.Add(-time.Hour), Until: now.Add(time.Hour)}
	if err := all[0].revoke(&narrow, now); err != nil || all[0].share(denyName{denySubject, "bob"}) != nil {
		t.Fatal(err)
	}
	if err := all[1].put("bob"); err != nil {
		t.Fatal(err)
	}
	atAll(t, all, true, "bob")
	all[0].eventually("the wider entry", func() bool {
		d, _ := all[0].about(denyName{denySubject, "bob"})
		return d.denial == denial{endOfTime, endOfTime}
	})
	soon := Revocation{Session: "s", Until: time.Now().Add(300 * time.Millisecond)}
	if err := all[0].revoke(&soon, time.Now()); err != nil || all[0].share(denyName{denySession, "s"}) != nil {
		t.Fatal(err)
	}
	all[0].eventually("over", func() bool { return !all[0].list.denies(&credential{session: "s"}, time.Now().UnixMicro()) })
	if err := all[0].put("carol"); err != nil { // the store forgets what is over when it is written to
		t.Fatal(err)
	}
	if got := server.Do("HKEYS", "shop:{deny}:entries"); strings.Contains(got, "sid:s") || !strings.Contains(got, "sub:carol") {
		t.Errorf("the store has %s", got)
	}
}

// TestSharedDenialsOutliveTheStore: whatever becomes of the data in the store, running
// gateways forget nobody, and write down again what is lost.
func TestSharedDenialsOutliveTheStore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	all := nodes(t, server, 2)
	var names []string
	for i := range 150 { // more than a page
		names = append(names, fmt.Sprint("user", i))
		if err := all[i%2].revoke(&Revocation{Subject: names[i]}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	atAll(t, all, true, names...)
	if err := all[0].put("back"); err != nil {
		t.Fatal(err)
	}
	atAll(t, all, true, "back")
	if err := all[1].takeBack("back"); err != nil {
		t.Fatal(err)
	}
	atAll(t, all, false, "back")
	for _, loss := range []struct {
		name  string
		cause func()
	}{
		{"flushed", func() { server.Do("FLUSHALL") }},
		{"killed", func() { server.Kill(); server.Run() }},
		{"entries evicted", func() { server.Do("DEL", "shop:{deny}:entries") }},
		{"changes evicted", func() { server.Do("DEL", "shop:{deny}:changes") }},
		{"head evicted", func() { server.Do("DEL", "shop:{deny}:head") }},
		{"numbers gone back", func() { server.Do("HSET", "shop:{deny}:head", "seq", "3") }},
		{"frozen", func() { server.Freeze(); time.Sleep(700 * time.Millisecond); server.Thaw() }},
	} {
		loss.cause()
		all[0].within(3*time.Second, loss.name+": written again", func() bool {
			return server.Do("HLEN", "shop:{deny}:entries") == "150" && server.Do("ZCARD", "shop:{deny}:changes") == fmt.Sprint(len(all[0].all(time.Now())))
		})
		fresh := newNode(t, server, &certmagic.FileStorage{Path: t.TempDir()})
		fresh.eventually("in step", func() bool { return fresh.synced.Load() != 0 })
		atAll(t, append(all, fresh), true, names...)
		atAll(t, append(all, fresh), false, "back")
		if err := all[0].put("new"); err != nil {
			t.Errorf("%s: %v", loss.name, err)
		}
		atAll(t, append(all, fresh), true, "new")
		if err := fresh.takeBack("new"); err != nil {
			t.Errorf("%s: %v", loss.name, err)
		}
		atAll(t, append(all, fresh), false, "new")
		fresh.stop()
		fresh.stop = func() {}
	}
}

// TestSharedDenialsWithoutStore: while the store is down a revocation counts here, and
// everywhere when it is back; also after a restart in between.
func TestSharedDenialsWithoutStore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	all := nodes(t, server, 2)
	if err := all[0].put("before"); err != nil {
		t.Fatal(err)
	}
	atAll(t, all, true, "before")
	server.Kill()
	if err := all[0].put("during"); !errors.Is(err, errNotShared) || !all[0].has("during") {
		t.Errorf("a revocation without store: %v, in force %v", err, all[0].has("during"))
	}
	if err := all[0].takeBack("before"); !errors.Is(err, errNotShared) || all[0].has("before") {
		t.Errorf("a reinstatement without store: %v", err)
	}
	if all[0].unshared() != 2 || !all[1].has("before") || all[1].has("during") {
		t.Error("the other gateway has heard of it, or forgotten what it knew")
	}
	// A new process with the same storage, still without store.
	all[0].stop()
	again := newNode(t, server, all[0].kept.storage)
	all[0] = again
	again.within(2*time.Second, "informed by storage", func() bool { return again.informed.Load() })
	if !again.has("during") || again.has("before") || again.unshared() != 2 {
		t.Error("the storage has not kept what is known")
	}
	// One with nothing at all knows that it knows nothing, and keeps nobody waiting.
	blind := newNode(t, server, &certmagic.FileStorage{Path: t.TempDir()})
	if blind.await(context.Background()) {
		t.Error("it thinks to know the list")
	}
	select {
	case <-blind.ready:
	default:
		t.Error("the next request waits for a store that is down, too")
	}
	server.Run() // empty
	atAll(t, append(all, blind), true, "during")
	atAll(t, append(all, blind), false, "before")
	if all[0].unshared() != 0 {
		t.Error("something is not shared yet")
	}
}
