package auth

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// revoked is the deny list of this process where gateways share nothing. Every auth
// handler looks at it, and it outlives reloads.
var revoked denyList

// Revoke puts an entry on the deny list: on the one that gateways share, or, where they
// share nothing, on that of this process. It takes effect here with the next request,
// also for tokens that were seen before, and ends connections that were opened with
// such a token and are closed at expiry; at the other gateways it does so within a
// second. The error says that the entry is not clear, that the list is full, or that
// the entry is not shared yet.
func Revoke(r Revocation) error {
	now := time.Now()
	lists := sharedLists()
	if len(lists) == 0 {
		err := revoked.add(&r, now)
		denyChanged()
		return err
	}
	n, _ := r.split()
	for _, list := range lists {
		if err := list.revoke(&r, now); err != nil {
			return err
		}
	}
	denyChanged()
	return share(lists, n)
}

// Reinstate takes the entry about the same jti, sub or sid, or about all tokens, off
// the deny list of this process and off the shared one, and tells whether there was
// one. The error says that this is not shared yet.
func Reinstate(r Revocation) (bool, error) {
	n, _ := r.split()
	found := revoked.drop(n)
	var changed []*sharedDeny
	for _, list := range sharedLists() {
		if list.reinstate(n, time.Now()) {
			changed = append(changed, list)
		}
	}
	return found || len(changed) > 0, share(changed, n)
}

func share(lists []*sharedDeny, n denyName) error {
	for _, list := range lists {
		if err := list.share(n); err != nil {
			return err
		}
	}
	return nil
}

// Revoked is an entry that is in force at this gateway.
type Revoked struct {
	Revocation
	// Shared says that the other gateways have it, too. Default: false.
	Shared bool `json:"shared"`
}

// Revocations returns the entries of the deny list of this process and of the shared
// one, in a fixed order.
func Revocations() []Revoked {
	now := time.Now()
	all := []Revoked{}
	for _, r := range revoked.list(now) {
		all = append(all, Revoked{r, false})
	}
	for _, list := range sharedLists() {
		for _, n := range list.all(now) {
			if !n.gone {
				all = append(all, Revoked{n.revocation(n.denyName), !n.pending})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Revoked) int {
		return cmp.Or(cmp.Compare(a.JTI, b.JTI), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Session, b.Session))
	})
	// Around a reload two lists may have the same entry.
	return slices.CompactFunc(all, func(a, b Revoked) bool { return a == b })
}

// judgeDenied tells whether a credential was revoked, or that nobody knows.
func (h *Handler) judgeDenied(ctx context.Context, v *verified, now time.Time) fault {
	known := h.shared == nil || h.shared.await(ctx)
	switch {
	case h.denied(v, now):
		return onDenyList
	case !known && h.DenyListOnError != onErrorOpen:
		return denyListUnknown
	default:
		return none
	}
}

// denied tells whether a credential is on a deny list: that of this process, the shared
// one, or that of the handler's file.
func (h *Handler) denied(v *verified, now time.Time) bool {
	var file, shared *denyList
	if h.deny != nil {
		file = h.deny.list.Load()
	}
	if h.shared != nil {
		shared = &h.shared.list
	}
	if revoked.empty() && file.empty() && shared.empty() {
		return false
	}
	c, at := v.credential(), now.UnixMicro()
	return revoked.denies(&c, at) || shared.denies(&c, at) || file.denies(&c, at)
}
