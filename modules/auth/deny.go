package auth

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Revocation takes tokens back before they expire: one token by its id, all of a
// subject or of a session, or everything that was issued before a time.
type Revocation struct {
	// JTI is the id of one token. Default: none.
	JTI string `json:"jti,omitempty"`
	// Subject is the "sub" of the tokens. Default: none.
	Subject string `json:"sub,omitempty"`
	// Session is the "sid" of the tokens. Default: none.
	Session string `json:"sid,omitempty"`
	// IssuedBefore spares tokens with an "iat" at or after it. Without a subject or
	// session it is about all tokens. Default: spares none.
	IssuedBefore time.Time `json:"issued_before,omitzero"`
	// Until is when the entry is forgotten. It must not come before the last of the
	// tokens has expired. Default: never.
	Until time.Time `json:"until,omitzero"`
}

const (
	// maxDenied bounds the entries of one deny list, and maxDeniedName the length of
	// an id in bytes: one list takes up 128 MiB at the very worst, and about 15 MiB
	// with 100,000 ids of usual length.
	maxDenied     = 100_000
	maxDeniedName = 1024
)

// errDenyListFull is better than to forget somebody who was revoked.
var errDenyListFull = fmt.Errorf("the deny list is full: it has %d entries", maxDenied)

// check tells whether a revocation says exactly one thing.
func (r *Revocation) check() error {
	names := 0
	for _, name := range []string{r.JTI, r.Subject, r.Session} {
		if name != "" {
			names++
		}
		if len(name) > maxDeniedName {
			return fmt.Errorf("an id is longer than %d bytes", maxDeniedName)
		}
	}
	switch {
	case names > 1:
		return errors.New("an entry has one of jti, sub and sid")
	case names == 0 && r.IssuedBefore.IsZero():
		return errors.New("an entry has a jti, sub, sid or issued_before")
	case r.JTI != "" && !r.IssuedBefore.IsZero():
		return errors.New("a jti is one token, so issued_before says nothing about it")
	}
	return nil
}

// denyList is a list of revocations. Looking a token up costs no allocation.
type denyList struct {
	// size is the number of entries: an empty list costs no lock.
	size    atomic.Int64
	mu      sync.RWMutex
	entries [denyKinds]map[string]denial
}

// denyKind is the kind of name that an entry is about.
type denyKind uint8

const (
	denyJTI denyKind = iota
	denySubject
	denySession
	denyAll // its only name is ""
	denyKinds
)

// denyName is what an entry is about.
type denyName struct {
	kind denyKind
	name string
}

// denial holds the times of an entry in microseconds since the epoch.
type denial struct{ before, until int64 }

const endOfTime = 1<<63 - 1

// wider is the denial of two entries about one name.
func (d denial) wider(other denial) denial {
	return denial{max(d.before, other.before), max(d.until, other.until)}
}

// split turns a revocation into the form in which it is looked up.
func (r *Revocation) split() (n denyName, d denial) {
	d = denial{endOfTime, endOfTime}
	if !r.IssuedBefore.IsZero() {
		d.before = r.IssuedBefore.UnixMicro()
	}
	if !r.Until.IsZero() {
		d.until = r.Until.UnixMicro()
	}
	switch {
	case r.JTI != "":
		return denyName{denyJTI, r.JTI}, d
	case r.Subject != "":
		return denyName{denySubject, r.Subject}, d
	case r.Session != "":
		return denyName{denySession, r.Session}, d
	}
	return denyName{denyAll, ""}, d
}

// add puts an entry on the list. Of two entries about one name the wider one counts.
func (l *denyList) add(r *Revocation, now time.Time) error {
	if err := r.check(); err != nil {
		return err
	}
	n, d := r.split()
	l.mu.Lock()
	defer l.mu.Unlock()
	known, has := l.entries[n.kind][n.name]
	if !has && l.size.Load() >= maxDenied && !l.forget(now.UnixMicro()) {
		return errDenyListFull
	}
	l.set(n, d.wider(known))
	return nil
}

// set puts exactly this on the list. The lock is held.
func (l *denyList) set(n denyName, d denial) {
	if l.entries[n.kind] == nil {
		l.entries[n.kind] = make(map[string]denial)
	}
	if _, has := l.entries[n.kind][n.name]; !has {
		l.size.Add(1)
	}
	l.entries[n.kind][n.name] = d
}

// put puts exactly this on a list whose bound somebody else keeps.
func (l *denyList) put(n denyName, d denial) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set(n, d)
}

// drop takes a name off the list, and tells whether it was there.
func (l *denyList) drop(n denyName) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, has := l.entries[n.kind][n.name]; !has {
		return false
	}
	delete(l.entries[n.kind], n.name)
	l.size.Add(-1)
	return true
}

// forget drops entries whose time is over, and tells whether there is room now.
func (l *denyList) forget(now int64) bool {
	for _, names := range l.entries {
		for name, d := range names {
			if now >= d.until {
				delete(names, name)
				l.size.Add(-1)
			}
		}
	}
	return l.size.Load() < maxDenied
}

// remove takes the entry about a name off the list, and tells whether there was one.
func (l *denyList) remove(r *Revocation) bool {
	n, _ := r.split()
	return l.drop(n)
}

// list returns the entries that are in force.
func (l *denyList) list(now time.Time) []Revocation {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]Revocation, 0, l.size.Load())
	for kind, names := range l.entries {
		for name, d := range names {
			if now.UnixMicro() < d.until {
				all = append(all, d.revocation(denyName{denyKind(kind), name}))
			}
		}
	}
	return all
}

func (d denial) revocation(n denyName) (r Revocation) {
	switch n.kind {
	case denyJTI:
		r.JTI = n.name
	case denySubject:
		r.Subject = n.name
	case denySession:
		r.Session = n.name
	}
	if d.before != endOfTime {
		r.IssuedBefore = time.UnixMicro(d.before).UTC()
	}
	if d.until != endOfTime {
		r.Until = time.UnixMicro(d.until).UTC()
	}
	return r
}

// credential is what a deny list looks at. issued is 0 where nobody knows when it
// was issued: then it was issued before any time.
type credential struct {
	jti, subject, session string
	issued                int64
}

// credential returns the names of a token.
func (v *verified) credential() credential {
	c := credential{subject: v.subject, issued: v.issued}
	c.jti, _ = scalar(v.claims["jti"])
	c.session, _ = scalar(v.claims["sid"])
	return c
}

// empty tells whether nobody is on the list, or there is none.
func (l *denyList) empty() bool { return l == nil || l.size.Load() == 0 }

// denies tells whether a credential was revoked.
func (l *denyList) denies(c *credential, now int64) bool {
	if l.empty() {
		return false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for kind, name := range [denyKinds]string{c.jti, c.subject, c.session, ""} {
		if name == "" && denyKind(kind) != denyAll {
			continue
		}
		if d, has := l.entries[kind][name]; has && c.issued < d.before && now < d.until {
			return true
		}
	}
	return false
}
