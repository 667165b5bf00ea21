package auth

import (
	"sync"
	"time"
)

// sharedDenial is what is known about one name of the deny list that gateways share.
type sharedDenial struct {
	denial
	// version orders what is known about a name: the greater one is newer. The store
	// gives it. A change that is not shared yet has the version that it changes.
	version int64
	// gone says that the name was reinstated. That is remembered until denial.until, so
	// that no gateway which has missed it brings the revocation back.
	gone bool
	// pending says that the change was made here and is not shared yet.
	pending bool
}

const (
	// reinstatedLife is how long it is remembered that a name was reinstated.
	reinstatedLife = 24 * time.Hour
	// maxShared bounds the names that are known: those revoked, and as many reinstated.
	maxShared = 2 * maxDenied
)

// sharedDenials are the shared deny list as this gateway knows it, with the changes
// that were made here. Names are merged one by one, in any order and as often as one
// likes: whoever knows the same about them has the same list.
type sharedDenials struct {
	list  denyList // what requests look at
	mu    sync.Mutex
	known map[denyName]sharedDenial
	// pending are the names whose change is not shared yet.
	pending map[denyName]struct{}
}

func newSharedDenials() *sharedDenials {
	return &sharedDenials{known: make(map[denyName]sharedDenial), pending: make(map[denyName]struct{})}
}

// Values of DenyListOnError.
const (
	onErrorOpen   = "open"
	onErrorClosed = "closed"
)

// set remembers what is known about a name. The lock is held.
func (s *sharedDenials) set(n denyName, d sharedDenial) {
	s.known[n] = d
	if d.gone {
		s.list.drop(n)
	} else {
		s.list.put(n, d.denial)
	}
	if d.pending {
		s.pending[n] = struct{}{}
	} else {
		delete(s.pending, n)
	}
}

// revoke puts an entry on the list, to be shared. Of two entries about one name the
// wider one counts.
func (s *sharedDenials) revoke(r *Revocation, now time.Time) error {
	if err := r.check(); err != nil {
		return err
	}
	n, d := r.split()
	s.mu.Lock()
	defer s.mu.Unlock()
	before, has := s.known[n]
	if (!has || before.gone) && s.list.size.Load() >= maxDenied && !s.forget(now, maxDenied-1) {
		return errDenyListFull
	}
	if has && !before.gone && now.UnixMicro() < before.until {
		d = d.wider(before.denial)
	}
	s.set(n, sharedDenial{denial: d, version: before.version, pending: true})
	return nil
}

// reinstate takes the entry about a name off the list, to be shared, and tells
// whether there was one.
func (s *sharedDenials) reinstate(n denyName, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, has := s.known[n]
	if !has || before.gone {
		return false
	}
	until := now.Add(reinstatedLife).UnixMicro()
	s.set(n, sharedDenial{denial: denial{endOfTime, until}, version: before.version, gone: true, pending: true})
	return true
}

// learn merges what another gateway has done, and tells whether the list has grown.
// What does not fit is refused with errDenyListFull.
func (s *sharedDenials) learn(n denyName, d sharedDenial, now time.Time) (grown bool, err error) {
	if now.UnixMicro() >= d.until {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, has := s.known[n]
	if !has && len(s.known) >= maxShared && !s.forget(now, maxDenied) {
		return false, errDenyListFull
	}
	after := before.merge(d)
	if !has || after != before {
		s.set(n, after)
	}
	return !after.gone && (!has || before.gone || before.denial != after.denial), nil
}

// remember takes over what was known before, such as what was kept in storage.
func (s *sharedDenials) remember(n denyName, d sharedDenial, now time.Time) error {
	if !d.pending {
		_, err := s.learn(n, d, now)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, has := s.known[n]; !has || !before.pending {
		if !has && len(s.known) >= maxShared {
			return errDenyListFull
		}
		s.set(n, d.merge(before))
	}
	return nil
}

// merge joins what is known with what is learnt.
func (d sharedDenial) merge(learnt sharedDenial) sharedDenial {
	switch {
	case d.pending && !d.gone:
		// A revocation of our own stays, and is shared as a newer one.
		if !learnt.gone {
			d.denial = d.wider(learnt.denial)
		}
		d.version = max(d.version, learnt.version)
		return d
	case learnt.version > d.version:
		// Also over a reinstatement of our own, which was not about this.
		return learnt
	default:
		return d
	}
}

// settle takes over what the store has made of a change. sent is what it was told: if
// there was another change since, that one is still pending.
func (s *sharedDenials) settle(n denyName, sent, got sharedDenial) (overtaken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, has := s.known[n]
	switch {
	case !has:
	case now == sent:
		s.set(n, got)
		return sent.gone && !got.gone
	case now.pending:
		now.version = max(now.version, got.version)
		s.set(n, now)
	}
	return false
}

// forget drops names whose time is over, unless that is still to be shared, and tells
// whether at most so many revoked names, and maxShared in all, are left. The lock is
// held.
func (s *sharedDenials) forget(now time.Time, most int64) bool {
	for n, d := range s.known {
		if now.UnixMicro() >= d.until {
			delete(s.known, n)
			delete(s.pending, n)
			s.list.drop(n)
		}
	}
	return s.list.size.Load() <= most && len(s.known) < maxShared
}

// sweep forgets what is over.
func (s *sharedDenials) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now, maxDenied)
}

// named is a name with what is known about it.
type named struct {
	denyName
	sharedDenial
}

// some returns up to most changes that are not shared yet.
func (s *sharedDenials) some(most int) (list []named) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.pending {
		if list = append(list, named{n, s.known[n]}); len(list) == most {
			break
		}
	}
	return list
}

// all returns everything that is known and not over.
func (s *sharedDenials) all(now time.Time) []named {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]named, 0, len(s.known))
	for n, d := range s.known {
		if now.UnixMicro() < d.until {
			list = append(list, named{n, d})
		}
	}
	return list
}

// about returns what is known about a name, and whether anything is.
func (s *sharedDenials) about(n denyName) (sharedDenial, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, has := s.known[n]
	return d, has
}

// unshared is how many changes are not shared yet.
func (s *sharedDenials) unshared() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}
