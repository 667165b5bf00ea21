package strict

import (
	"bytes"
	"context"
	"time"
)

// LookEvery is how often the files behind a Caddyfile are looked at. A change is read at
// one look and told at the next one, if it is still the same: a file that is half
// written is not. Looking works on every file system, and with editors that replace
// files.
const LookEvery = 50 * time.Millisecond

// Watch follows a Caddyfile with everything that it imports. It is for one goroutine.
type Watch struct {
	file string
	last *Reading
	// besides are further files that matter for now.
	besides footprint
}

// NewWatch follows a file, from a reading of it.
func NewWatch(file string, last *Reading) *Watch { return &Watch{file: file, last: last} }

// Besides lets changes of further files and folders count, too, until the next reading or
// Forget: those that a configuration may fail over. Changes count from now on.
func (w *Watch) Besides(names []string) {
	if w.besides == nil {
		w.besides = footprint{}
	}
	for _, name := range names {
		if _, known := w.besides[name]; !known {
			w.besides[name] = imprintOf(name)
		}
	}
}

// Forget takes that back.
func (w *Watch) Forget() { w.besides = nil }

// Next waits for the next reading: of files that have changed, and then stayed as they
// are for one look. It returns nil once the context has ended.
func (w *Watch) Next(ctx context.Context) *Reading {
	ticker := time.NewTicker(LookEvery)
	defer ticker.Stop()
	files, besides := w.last.files, w.besides
	for changed := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now, nowBesides := files.again(), besides.again()
		if !now.same(files) || !nowBesides.same(besides) {
			files, besides, changed = now, nowBesides, true
			continue
		}
		if changed {
			w.last, w.besides = Read(w.file), nil
			return w.last
		}
	}
}

// Same tells whether two readings say the same.
func (r *Reading) Same(other *Reading) bool {
	return bytes.Equal(r.Config, other.Config) && errorText(r.Err) == errorText(other.Err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
