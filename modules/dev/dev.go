// Package dev is the command gateway dev: it serves a Caddyfile while somebody works on
// it. What has been saved is live at once, what cannot be loaded is shown while the
// configuration before serves on, and every request is a line in the terminal.
//
//	dev.go       the session: reading, loading, waiting
//	overlay.go   what dev adds to a configuration
//	ports.go     who listens already
//	mentioned.go the files that a configuration names
//	banner.go    what is told once it serves
//	log.go       what modules log, for people
//	command.go   the command
//	routes.go    the command gateway routes: the operations of a running gateway
//
// Nothing here decides about requests: what is refused by run is refused by dev.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"gateway/internal/finding"
	"gateway/internal/loads"
	"gateway/internal/terminal"
	"gateway/modules/strict"
	"gateway/modules/tail"
)

// session is one run of the command. All but the printer is for one goroutine.
type session struct {
	file   string
	print  *printer
	colour bool
	// console is the address that was asked for, "" for the usual one.
	console string
	// given are the addresses that dev chose, once for the whole session.
	given given

	began    time.Time // of the command, or of the load once something had to be mended
	live     addresses // nil while nothing is served
	loadedAt time.Time
	trouble  string // what was told of the last load, if it failed
	failed   bool
	taken    bool   // it failed over an address that somebody else has
	admin    string // where Caddy listens for the admin endpoint, also after a load that failed
	warned   string
	tailing  bool
}

// given are addresses that the configuration leaves open.
type given struct {
	console, admin string
	moved          bool // the console, because somebody else listens where it usually is
}

// printer writes whole blocks, so that lines of several goroutines do not mix.
type printer struct {
	mu  sync.Mutex
	out io.Writer
}

// Write implements io.Writer.
func (p *printer) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(text)
}

// run serves until the context ends.
func (s *session) run(ctx context.Context) {
	s.began = time.Now()
	last := strict.Read(s.file)
	watch := strict.NewWatch(s.file, last)
	for ctx.Err() == nil {
		s.apply(ctx, watch, last)
		last = s.next(ctx, watch, last)
	}
	s.stop()
}

// retry is how often an address that somebody else has is tried again.
const retry = time.Second

// next waits for something to do: a reading that says something else, anything that may
// mend what has failed, or, where an address is taken, a while.
func (s *session) next(ctx context.Context, watch *strict.Watch, last *strict.Reading) *strict.Reading {
	if s.taken {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, retry)
		defer cancel()
	}
	for {
		next := watch.Next(ctx)
		switch {
		case next == nil:
			return last
		case s.failed || !next.Same(last):
			return next
		}
	}
}

// stopPatience bounds how long the end may take: streams of clients are not waited for.
const stopPatience = time.Second

func (s *session) stop() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = caddy.Stop() // the process ends whatever becomes of it
	}()
	select {
	case <-done:
	case <-time.After(stopPatience):
	}
}

// apply loads a reading, and tells what became of it.
func (s *session) apply(ctx context.Context, watch *strict.Watch, r *strict.Reading) {
	began := time.Now()
	s.warn(r)
	config, want, err := r.Config, addresses(nil), r.Err
	book := loads.Process()
	err = book.Do(func() error {
		if err != nil {
			return err
		}
		var err error
		if config, want, err = s.prepare(ctx, config); err != nil {
			return err
		}
		watch.Forget()
		watch.Besides(mentioned(config)) // as they are before anybody reads them
		candidate := r.Candidate(s.file)
		candidate.Config = config
		book.Propose(candidate)
		return caddy.Load(config, false)
	})
	s.taken = errors.Is(err, errTaken)
	if err != nil {
		s.fail(err)
		watch.Besides(filesOf(finding.Of(err)))
		return
	}
	watch.Forget()
	first := s.live == nil
	s.live, s.loadedAt = want, time.Now()
	switch {
	case first && s.failed:
		s.began = began
		s.banner(ctx)
	case first:
		s.banner(ctx)
	case s.failed:
		s.say(terminal.Green, "fixed: the configuration is good again, and live")
	default:
		s.say(terminal.Dim, fmt.Sprintf("reloaded in %d ms", time.Since(began).Milliseconds()))
	}
	s.failed, s.trouble = false, ""
	if !s.tailing {
		s.tailing = true
		go s.tail(ctx)
	}
}

// prepare makes the configuration one for dev, and looks whether its addresses are free.
func (s *session) prepare(ctx context.Context, config []byte) ([]byte, addresses, error) {
	if err := s.choose(config); err != nil {
		return nil, nil, err
	}
	config, err := overlay(config, s.given, s.colour)
	if err != nil {
		return nil, nil, err
	}
	want, err := addressesOf(config)
	if err != nil {
		return nil, nil, err
	}
	if err := s.free(ctx, want); err != nil {
		return nil, nil, err
	}
	s.admin = want.admin()
	return config, want, nil
}

// fail tells what is wrong, once.
func (s *session) fail(err error) {
	found := finding.Of(err)
	if len(found) == 0 {
		found = finding.List{unplaced(err, s.file)}
	}
	text := found.Render(s.colour)
	s.failed = true
	if text == s.trouble {
		return
	}
	s.trouble = text
	count := "1 error"
	if len(found) > 1 {
		count = fmt.Sprintf("%d errors", len(found))
	}
	consequence := "nothing is served yet; the next save tries again"
	if s.taken {
		consequence = "nothing is served yet; it is tried again every second"
	}
	if s.live != nil {
		consequence = "the configuration of " + s.loadedAt.Format(time.TimeOnly) + " serves on"
	}
	fmt.Fprintf(s.print, "\n%s\n\n%s\n", text, terminal.Paint(s.colour, terminal.Red, count+": "+consequence+"."))
}

// unplaced puts an error that names no place into our words.
func unplaced(err error, file string) *finding.Error {
	e := &finding.Error{Message: err.Error(), At: finding.Position{File: file}}
	switch {
	case strings.Contains(e.Message, "permission denied") && strings.Contains(e.Message, "listen"):
		e.Hint = "ports below 1024 are for administrators; :8080 is not"
	case strings.Contains(e.Message, "cannot assign requested address"):
		e.Hint = "no interface of this machine has that address; :8080 listens on all"
	}
	return e
}

// warn tells of what can be said of the file without refusing it, once.
func (s *session) warn(r *strict.Reading) {
	var b strings.Builder
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "%s:%d: warning: %s\n", terminal.Line(w.File), w.Line, terminal.Line(w.Message))
	}
	if text := b.String(); text != s.warned {
		s.warned = text
		_, _ = io.WriteString(s.print, terminal.Paint(s.colour, terminal.Yellow, text))
	}
}

// say prints a line that is not about a request.
func (s *session) say(style terminal.Style, text string) {
	fmt.Fprintf(s.print, "%s %s\n", time.Now().Format(time.TimeOnly), terminal.Paint(s.colour, style, text))
}

// tail prints a line for each request, from what the console records.
func (s *session) tail(ctx context.Context) {
	follower := tail.New(tail.Options{Address: s.given.console, Colour: s.colour, Quiet: true}, s.print, s.print)
	for ctx.Err() == nil {
		if err := follower.Follow(ctx); err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(strict.LookEvery): // a reload is under way
			}
		}
	}
}
