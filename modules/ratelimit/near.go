package ratelimit

import (
	"cmp"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gateway/internal/exchange"
)

// near remembers keys that have less than half left, for operators, where the state in
// memory does not tell them: if it is in a shared store, if it depends on the tier of a
// key what is left, and if keys are shown as they are. It is part of the state, which
// policies of one name share and reloads keep. It holds nearBuckets ×
// nearWays keys at most; of more in one bucket the nearest to nothing stay.
type near struct {
	buckets [nearBuckets]nearBucket
}

const (
	nearBuckets, nearWays = 128, 8
	// longestKey bounds the text of a key, in bytes.
	longestKey = 128
	// textLife is how long the text of a key is remembered that bounds the concurrency.
	textLife = time.Minute
)

type nearBucket struct {
	mu   sync.Mutex
	keys [nearWays]nearKey
}

// nearKey is what was decided last about a key.
type nearKey struct {
	key   partition
	terms *terms
	tat   int64 // when it is whole again; of the calendar, when that was known no more
	end   int64 // of the calendar's window
	left  int64 // in it
	text  string
}

// spent is which part of its quota a key has not.
func (k *nearKey) spent(now int64) float64 {
	left, limit := k.remaining(now)
	return 1 - float64(left)/float64(limit)
}

// remaining is how many units are left, and of how many.
func (k *nearKey) remaining(now int64) (left, limit int64) {
	switch {
	case k.terms == nil || k.tat <= now:
		return 1, 1
	case k.terms.concurrency > 0:
		return k.left, k.terms.concurrency
	case k.end != 0:
		return k.left, k.terms.limit.offset
	}
	return decide(k.terms.limit, k.tat, now, 0).remaining, k.terms.burst
}

// isNear tells whether less than half of what a key may have is left.
func (c *claim) isNear() bool {
	most := c.terms.burst
	if c.terms.concurrency > 0 {
		most = c.terms.concurrency
	}
	return 2*c.decision.remaining < most
}

// noteAll notes the claims of a request.
func (h *Handler) noteAll(from visitor, claims []claim, now int64) {
	for i := range claims {
		c, p := &claims[i], &h.policies[i]
		if p.near != nil && c.terms != nil && c.isNear() {
			p.near.note(from, p, c, now)
		}
	}
}

// note remembers a claim, in place of one that has more left.
func (n *near) note(from visitor, p *policy, c *claim, now int64) {
	k := nearKey{key: c.key, terms: c.terms, tat: c.decision.tat, end: c.end, left: c.decision.remaining}
	switch {
	case c.terms.concurrency > 0:
		k.tat = now + int64(textLife)
	case c.end != 0:
		k.tat = now + c.left
	}
	b := &n.buckets[c.key.lo>>32%nearBuckets]
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.placeOf(c.key, now)
	if b.keys[at].key == c.key {
		k.text = b.keys[at].text
	} else if b.keys[at].spent(now) > k.spent(now) {
		return
	}
	if k.text == "" && p.showKeys {
		k.text = p.text(from)
	}
	b.keys[at] = k
}

// placeOf returns the place of a key, or that of the key which has most left.
func (b *nearBucket) placeOf(key partition, now int64) int {
	least, at := 2.0, 0
	for i := range b.keys {
		if b.keys[i].key == key {
			return i
		}
		if spent := b.keys[i].spent(now); spent < least {
			least, at = spent, i
		}
	}
	return at
}

// holdNear makes near part of the state of a policy that needs it.
func (p *policy) holdNear() {
	if p.shared == nil && p.tiers == nil && !p.showKeys {
		return
	}
	var in *atomic.Pointer[near]
	if p.flights != nil {
		in = &p.flights.near
	} else {
		in = &p.store.near
	}
	in.CompareAndSwap(nil, new(near))
	p.near = in.Load()
}

// textOf returns what a key is called, "" if that is not known.
func (n *near) textOf(key partition) string {
	if n == nil {
		return ""
	}
	b := &n.buckets[key.lo>>32%nearBuckets]
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.keys {
		if b.keys[i].key == key {
			return b.keys[i].text
		}
	}
	return ""
}

// forget makes a key one that nothing is known about.
func (n *near) forget(key partition) {
	if n == nil {
		return
	}
	b := &n.buckets[key.lo>>32%nearBuckets]
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.keys {
		if b.keys[i].key == key {
			b.keys[i] = nearKey{}
		}
	}
}

// text is what a request is counted by, for people.
func (p *policy) text(v visitor) string {
	words := make([]string, 0, len(p.key))
	for i := range p.key {
		word := p.textOfPart(&p.key[i], v.x, v.r)
		if word == "" {
			words = []string{"by-address", cmp.Or(p.network.text(clientIPOf(v.r)), "unknown")}
			break
		}
		words = append(words, word)
	}
	text := strings.ToValidUTF8(strings.Join(words, " "), "\uFFFD")
	if len(text) > longestKey {
		text = strings.ToValidUTF8(text[:longestKey], "") + "…"
	}
	return text
}

// textOfPart is appendPart for people. It is "" if the request lacks that part.
func (p *policy) textOfPart(part *part, x *exchange.Exchange, r *http.Request) string {
	switch part.kind {
	case partGlobal:
		return global
	case partClientIP:
		return p.network.text(clientIPOf(r))
	case partRemoteIP:
		return p.network.text(peerOf(r))
	case partHeader:
		return strings.Join(r.Header[part.name], ", ")
	case partUser:
		return userOf(x, r, part.name)
	}
	return placeholder(r, part.name)
}

// text is append for people: "192.0.2.1", or "2001:db8::/64".
func (n network) text(addr netip.Addr, known bool) string {
	addr = addr.Unmap()
	bits := n.v6
	if addr.Is4() {
		bits = n.v4
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	switch {
	case !known || err != nil:
		return ""
	case bits == addr.BitLen():
		return prefix.Addr().String()
	}
	return prefix.String()
}
