package auth

import (
	"sync"
	"time"
)

// maxRejected bounds the tokens that one handler remembers as refused, about 100
// bytes each. At the bound the older half is forgotten.
const maxRejected = 1024

// rejected remembers tokens that can never become good, by their SHA-256, so that a
// client that repeats itself costs a hash and not a signature check. It has nothing
// to do with the cache of verified tokens: a flood of bad tokens pushes no good one
// out.
type rejected struct {
	mu         sync.Mutex
	young, old map[tokenSum]rejection
}

// rejection is why a token was refused. If keys had a say in it, it holds as long as
// the issuer has the same set.
type rejection struct {
	fault  fault
	issuer *issuer
	set    *keySet
}

// lasting tells whether a fault lies in the token itself. What is refused before
// anything was decoded is not worth remembering.
func (f fault) lasting() bool {
	return f > encrypted && f < keysMissing || f == badSignature
}

func (r *rejected) find(sum *tokenSum, now time.Time) fault {
	r.mu.Lock()
	found, ok := r.young[*sum]
	if !ok {
		found = r.old[*sum]
	}
	r.mu.Unlock()
	if found.set != nil {
		if state := found.issuer.keys.current(now); state == nil || state.set != found.set {
			return none
		}
	}
	return found.fault
}

func (r *rejected) add(sum *tokenSum, what rejection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young) >= maxRejected/2 {
		r.old, r.young = r.young, make(map[tokenSum]rejection)
	}
	r.young[*sum] = what
}
