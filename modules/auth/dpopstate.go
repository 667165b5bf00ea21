package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"
)

// maxReplays bounds the proofs that are remembered at a time: about 100 MiB at the
// very worst. At the bound new proofs are refused with 503: to forget one would be to
// accept it again.
const maxReplays = 1 << 20

// replays remembers the proofs that were used until their time is over (RFC 9449
// §11.1). It has two generations: when the young one is as old as a proof can become,
// the old one is forgotten as a whole.
type replays struct {
	mu         sync.Mutex
	life       time.Duration
	limit      int
	turned     time.Time
	young, old map[proofID]struct{}
}

// proofID is a hash of jti and key, so that nobody can use up the jti of another.
type proofID [16]byte

// newReplays remembers proofs that are accepted within a window on both sides of now.
func newReplays(window time.Duration) *replays {
	return &replays{life: 2 * window, limit: maxReplays / 2}
}

// use notes a proof, and refuses one that was used before.
func (r *replays) use(jkt, jti string, now time.Time) fault {
	sum := sha256.Sum256([]byte(jkt + "\x00" + jti))
	id := proofID(sum[:16])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now)
	if _, used := r.young[id]; used {
		return proofReplayed
	}
	if _, used := r.old[id]; used {
		return proofReplayed
	}
	if len(r.young) >= r.limit {
		return proofsFull
	}
	r.young[id] = struct{}{}
	return none
}

// turn begins a new generation when it is time.
func (r *replays) turn(now time.Time) {
	switch age := now.Sub(r.turned); {
	case r.young == nil || age > 2*r.life:
		r.old, r.young, r.turned = nil, make(map[proofID]struct{}), now
	case age > r.life:
		r.old, r.young, r.turned = r.young, make(map[proofID]struct{}), now
	}
}

// nonces makes and knows the nonces of this process (RFC 9449 §9). Nothing is kept: a
// nonce is the time of its making with a code that only the process can have made.
type nonces struct{ secret [32]byte }

func newNonces() *nonces {
	n := new(nonces)
	_, _ = rand.Read(n.secret[:]) // never fails
	return n
}

// processNonces are shared by all handlers, and outlive a reload.
var processNonces = newNonces()

// nonceLife is how long a nonce is the current one. It is accepted for as long again.
const nonceLife = 5 * time.Minute

func (n *nonces) at(slot uint64) string {
	var text [8 + 16]byte
	binary.BigEndian.PutUint64(text[:8], slot)
	mac := hmac.New(sha256.New, n.secret[:])
	mac.Write(text[:8])
	copy(text[8:], mac.Sum(nil))
	return base64.RawURLEncoding.EncodeToString(text[:])
}

// judge tells whether a nonce is one of ours that is not too old, and returns the one
// to use instead, or from now on.
func (n *nonces) judge(given string, now time.Time) (next string, f fault) {
	slot := uint64(now.Unix()) / uint64(nonceLife/time.Second)
	current := n.at(slot)
	switch {
	case hmac.Equal([]byte(given), []byte(current)):
		return "", none
	case hmac.Equal([]byte(given), []byte(n.at(slot-1))):
		return current, none
	}
	return current, proofNonce
}
