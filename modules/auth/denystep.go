package auth

import (
	"crypto/rand"
	"errors"
	"time"
)

const (
	// keepInterval is how often the store is told what it should know, in case it has
	// lost it unnoticed, and lossInterval how often at most after a loss was noticed.
	keepInterval, lossInterval = time.Minute, time.Second
	// denyPageSize is how many names are read or written with one call.
	denyPageSize = 128
)

// step shares what was changed here, takes over what was changed elsewhere, and makes
// good what the store has lost.
func (s *sharedDeny) step(now time.Time) error {
	if !s.store.Up() {
		return errNoStore
	}
	pushed := s.push()
	if err := s.pull(now); err != nil {
		return err
	}
	s.informed.Store(true)
	if s.synced.Swap(now.UnixNano()) == 0 {
		s.noteChange() // an empty list is worth to be known, too
	}
	s.beReady()
	return errors.Join(pushed, s.restore(now))
}

// push shares the changes of this gateway.
func (s *sharedDeny) push() error {
	for {
		changes := s.some(denyPageSize)
		if len(changes) == 0 {
			return nil
		}
		got, err := s.tell(changes, func(d sharedDenial) string {
			if d.gone {
				return verbReinstate
			}
			return verbRevoke
		})
		if err != nil {
			return err
		}
		full := false
		for i, change := range changes {
			if got[i] == nil {
				full = true
				continue
			}
			if s.settle(change.denyName, change.sharedDenial, *got[i]) {
				s.logger.Warn("a reinstatement was overtaken by a newer revocation, which is in force")
				denyChanged()
			}
		}
		s.noteChange()
		if full {
			return errDenyListFull
		}
	}
}

// tell makes changes in the store, and returns what it knows then; nil for what it has
// no room for.
func (s *sharedDeny) tell(changes []named, verb func(sharedDenial) string) ([]*sharedDenial, error) {
	args := append(make([]string, 0, 3+5*len(changes)), rand.Text(), microText(maxDenied), microText(reinstatedLife.Microseconds()))
	for _, c := range changes {
		args = append(args, verb(c.sharedDenial), c.denyName.text(), microText(c.version), microText(c.before), microText(c.until))
	}
	value, err := s.store.Eval(denyChange, s.keys, args)
	if err != nil {
		return nil, err
	}
	reply, err := value.Strings()
	if err != nil || len(reply) != len(changes) {
		return nil, errNotDenied
	}
	got := make([]*sharedDenial, len(reply))
	for i, text := range reply {
		if text == denyFull {
			continue
		}
		d, err := readSharedDenial(text)
		if err != nil {
			return nil, err
		}
		got[i] = &d
	}
	return got, nil
}

// pull takes over what has changed in the store, and notices if it has lost data.
func (s *sharedDeny) pull(now time.Time) error {
	for range 2 + 2*maxShared/denyPageSize { // what is left comes with the next round
		value, err := s.store.Eval(denyChanges, s.keys, []string{rand.Text(), s.epoch, microText(s.seq), microText(denyPageSize)})
		if err != nil {
			return err
		}
		reply, err := value.Strings()
		if err != nil {
			return errNotDenied
		}
		page, err := readDenyPage(reply)
		if err != nil {
			return err
		}
		if page.from < s.seq || page.epoch != s.epoch {
			s.lost, s.toKeep = true, nil
		}
		s.epoch, s.seq = page.epoch, page.upTo
		if err := s.take(&page, now); err != nil {
			return err
		}
		if !page.more {
			s.lost = s.lost || now.Sub(s.kept) > lossInterval && s.misses(page.live, now)
			return nil
		}
	}
	return errTooMuch
}

var errTooMuch = errors.New("the shared deny list changes faster than it can be read")

// take merges a page, as far as it can be understood.
func (s *sharedDeny) take(page *denyPage, now time.Time) (err error) {
	if page.damaged > 0 {
		err = errNotDenied
	}
	grown := false
	for _, n := range page.names {
		more, refused := s.learn(n.denyName, n.sharedDenial, now)
		if refused != nil {
			err = refused
		}
		grown = grown || more
	}
	if grown {
		denyChanged()
	}
	if len(page.names) > 0 {
		s.noteChange()
	}
	return err
}

// misses tells whether the store, which has so many entries, has fewer than it should.
func (s *sharedDeny) misses(live int64, now time.Time) bool {
	if live >= s.list.size.Load() {
		return false
	}
	count := int64(0)
	for _, n := range s.all(now) {
		if !n.gone && !n.pending {
			count++
		}
	}
	return live < count
}

// restore tells the store what it should know: all at once if it has lost data, else
// page by page.
func (s *sharedDeny) restore(now time.Time) error {
	if len(s.toKeep) == 0 && (s.lost || now.Sub(s.kept) > keepInterval) {
		s.sweep(now)
		s.toKeep, s.kept = s.all(now), now
	}
	for len(s.toKeep) > 0 {
		page := s.toKeep[:min(denyPageSize, len(s.toKeep))]
		if err := s.keep(page, now); err != nil {
			return err
		}
		if s.toKeep = s.toKeep[len(page):]; !s.lost {
			return nil
		}
	}
	s.lost = false
	return nil
}

// keep tells the store about names, unless it knows something newer.
func (s *sharedDeny) keep(page []named, now time.Time) error {
	got, err := s.tell(page, func(d sharedDenial) string {
		if d.gone {
			return verbKeepGone
		}
		return verbKeep
	})
	if err != nil {
		return err
	}
	for i, n := range page {
		if got[i] == nil {
			return errDenyListFull
		}
		if _, err := s.learn(n.denyName, *got[i], now); err != nil {
			return err
		}
	}
	return nil
}
