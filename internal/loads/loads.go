// Package loads keeps what became of the attempts to load a configuration: which one
// is live, since when, and why the newest one is not.
//
// Caddy tells nobody that a load has failed but the one who asked for it. Whoever loads
// does it through Do: POST /load of the admin endpoint, the watch of a file, a signal.
// That a configuration went live is told by the apps that start and stop with it, so that
// ways to load that do not come by here are noticed, too.
package loads

import (
	"encoding/json"
	"sync"
	"time"

	"gateway/internal/finding"
)

// Candidate is a configuration that somebody means to load.
type Candidate struct {
	// File is what it was read from, "" if that is not known.
	File string
	// Config is the configuration as Caddy's JSON.
	Config json.RawMessage
	// Warnings are what was said of the file without refusing it.
	Warnings finding.List
}

// Failure is a load that came to nothing.
type Failure struct {
	At time.Time
	// Findings are what is wrong. There is always one.
	Findings finding.List
}

// State is what is known at one time.
type State struct {
	// Generation counts the configurations that went live, and LoadedAt is when the last
	// one did.
	Generation int
	LoadedAt   time.Time
	// Live is what went live, as far as it is known: Config is nil if it came by a way
	// that shows it to nobody.
	Live Candidate
	// Failure is the last load, if it came to nothing. The next one that succeeds clears
	// it.
	Failure *Failure
	// Dev tells that this is gateway dev.
	Dev bool
	// Changed is closed when there is a newer state.
	Changed <-chan struct{}
}

// Book keeps the state of one process.
type Book struct {
	// loading is held by Do, so that one load at a time is under way.
	loading sync.Mutex

	mu       sync.Mutex
	state    State
	changed  chan struct{}
	under    bool // a load by Do is under way
	proposed *Candidate
	current  any // the app of the live configuration
	next     any // the app of one that has started besides
}

// process is the book of this process.
var process = new(Book)

// Process returns the book of this process.
func Process() *Book { return process }

// Now returns the state.
func (b *Book) Now() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	state := b.state
	state.Changed = b.changed
	return state
}

// update changes the state and wakes who waits for that.
func (b *Book) update(change func(*State)) {
	change(&b.state)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// Develop notes that this is gateway dev.
func (b *Book) Develop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.update(func(s *State) { s.Dev = true })
}

// Propose notes what is about to be loaded. What the load turns into decides whether it
// becomes the live one. A candidate without a file counts only while a load is under
// way: it may be one that is looked at and not loaded.
func (b *Book) Propose(c Candidate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.File != "" || b.under {
		b.proposed = &c
	}
}

// Do runs one load and notes what became of it. It returns the error of the load.
func (b *Book) Do(load func() error) error {
	b.loading.Lock()
	defer b.loading.Unlock()
	b.mu.Lock()
	b.under, b.proposed = true, nil
	b.mu.Unlock()
	err := load()
	b.mu.Lock()
	b.under, b.proposed = false, nil
	if err == nil && b.state.Failure != nil {
		b.update(func(s *State) { s.Failure = nil }) // nothing went live: it is the one from before
	}
	b.mu.Unlock()
	if err != nil {
		b.Fail(err)
	}
	return err
}

// Fail notes a load that came to nothing before it was begun.
func (b *Book) Fail(err error) {
	found := finding.Of(err)
	if len(found) == 0 {
		found = finding.List{{Message: err.Error()}}
	}
	failure := &Failure{At: time.Now(), Findings: found.Keep()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.update(func(s *State) { s.Failure = failure })
}

// Start notes that the app of a configuration has started. The first one is live; any
// other is once the one before has stopped.
func (b *Book) Start(app any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != nil {
		b.next = app
		return
	}
	b.current = app
	b.live()
}

// Stop notes that the app of a configuration has stopped: the live one, whose place the
// next one takes, or one that came to nothing.
func (b *Book) Stop(app any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch app {
	case b.next:
		b.next = nil
	case b.current:
		if b.current, b.next = b.next, nil; b.current != nil {
			b.live()
		}
	}
}

func (b *Book) live() {
	candidate := Candidate{}
	if b.proposed != nil {
		candidate = *b.proposed
	}
	b.proposed = nil
	b.update(func(s *State) {
		s.Generation++
		s.LoadedAt = time.Now()
		s.Live, s.Failure = candidate, nil
	})
}
