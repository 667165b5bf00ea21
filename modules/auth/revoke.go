package auth

import (
	"slices"
	"time"
)

// revoked is the deny list of this process. Every auth handler looks at it, besides
// the file that it may have, and it outlives reloads. It is where revocations from
// outside arrive: the admin endpoint's, and those that a shared store passes on to
// all gateways.
var revoked denyList

// Revoke puts an entry on the deny list of this process. It takes effect with the
// next request, also for tokens that were seen before, and ends connections that
// were opened with such a token and are closed at expiry. The error says that the
// entry is not clear, or that the list is full.
func Revoke(r Revocation) error {
	if err := revoked.add(&r, time.Now()); err != nil {
		return err
	}
	denyChanged()
	return nil
}

// Reinstate takes the entry about the same jti, sub or sid, or about all tokens, off
// the deny list of this process, and tells whether there was one.
func Reinstate(r Revocation) bool { return revoked.remove(&r) }

// Revocations returns the entries of the deny list of this process, in a fixed order.
func Revocations() []Revocation {
	list := revoked.list(time.Now())
	slices.SortFunc(list, func(a, b Revocation) int {
		return slices.Compare([]string{a.JTI, a.Subject, a.Session}, []string{b.JTI, b.Subject, b.Session})
	})
	return list
}

// denied tells whether a credential is on the deny list of this process, or on that
// of the handler's file.
func (h *Handler) denied(v *verified, now time.Time) bool {
	var file *denyList
	if h.deny != nil {
		file = h.deny.list.Load()
	}
	if revoked.size.Load() == 0 && (file == nil || file.size.Load() == 0) {
		return false
	}
	c := v.credential()
	return revoked.denies(&c, now.UnixMicro()) || file.denies(&c, now.UnixMicro())
}
