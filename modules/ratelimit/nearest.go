package ratelimit

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"gateway/internal/problem"
)

// nearestKey is a key that has less than half left, as operators see it.
type nearestKey struct {
	// Key is the alias of the key, or what it is called if the policy shows that.
	Key       string `json:"key"`
	Hashed    bool   `json:"hashed"`
	Remaining int64  `json:"remaining"`
	Limit     int64  `json:"limit"`
	Reset     int64  `json:"reset_seconds"`
	Tier      string `json:"tier,omitempty"`

	partition partition
}

const (
	// mostNearest is how many keys of a policy are listed.
	mostNearest = 20
	// mostLookedAt bounds the partitions of a store that one look costs: some 50 ms.
	mostLookedAt = 2 << 20
)

// ranking keeps the keys with the least left, in order.
type ranking struct {
	keys []nearestKey
}

// add ranks a key that has less than half left.
func (r *ranking) add(k nearestKey) {
	if 2*k.Remaining >= k.Limit {
		return
	}
	at, known := slices.BinarySearchFunc(r.keys, k, nearer)
	if known || at == mostNearest || slices.ContainsFunc(r.keys, func(other nearestKey) bool { return other.partition == k.partition }) {
		return
	}
	r.keys = slices.Insert(r.keys, at, k)
	r.keys = r.keys[:min(len(r.keys), mostNearest)]
}

// nearer compares by the part that is left, and then by how long that lasts.
func nearer(a, b nearestKey) int {
	return cmp.Or(
		cmp.Compare(float64(a.Remaining)/float64(a.Limit), float64(b.Remaining)/float64(b.Limit)),
		cmp.Compare(b.Reset, a.Reset), cmp.Compare(a.partition.hi, b.partition.hi), cmp.Compare(a.partition.lo, b.partition.lo))
}

// nearest lists the keys of a policy that have the least left, and tells how many were
// looked at. Requests do not pay for it, but for what near.go says.
func (p *policy) nearest(now int64, wall time.Time) (keys []nearestKey, looked int) {
	r := ranking{keys: []nearestKey{}}
	switch {
	case p.flights != nil:
		looked = p.flights.rank(&r, p.concurrency)
	case p.shared != nil || p.tiers != nil:
		looked = p.near.rank(&r, now)
	case p.calendar != nil:
		end := p.calendar.end(wall)
		reset := problem.Seconds(time.Unix(end, 0).Sub(wall))
		looked = p.store.each(func(key partition, tat int64) {
			if tat>>usedBits >= end {
				r.add(nearestKey{partition: key, Remaining: max(0, p.burst-tat&maxUsed), Limit: p.burst, Reset: reset})
			}
		})
	default:
		half := now + p.limit.offset/2
		looked = p.store.each(func(key partition, tat int64) {
			if tat > half { // or it has more than half
				r.add(nearestOf(&p.terms, key, tat, now))
			}
		})
	}
	for i := range r.keys {
		k := &r.keys[i]
		if k.Key = p.near.textOf(k.partition); !p.showKeys || k.Key == "" {
			k.Key, k.Hashed = k.partition.alias(), true
		}
	}
	return r.keys, looked
}

// nearestOf describes a key whose quota comes back evenly.
func nearestOf(t *terms, key partition, tat, now int64) nearestKey {
	d := decide(t.limit, tat, now, 0)
	return nearestKey{
		partition: key, Remaining: d.remaining, Limit: t.burst,
		Reset: min(problem.Seconds(time.Duration(d.tat-now)), t.refill), Tier: t.tier,
	}
}

// rank ranks what near remembers.
func (n *near) rank(r *ranking, now int64) (looked int) {
	for i := range n.buckets {
		b := &n.buckets[i]
		b.mu.Lock()
		keys := b.keys
		b.mu.Unlock()
		for _, k := range keys {
			if k.terms == nil || k.terms.concurrency > 0 || k.tat <= now {
				continue
			}
			looked++
			if k.end == 0 {
				r.add(nearestOf(k.terms, k.key, k.tat, now))
				continue
			}
			left, limit := k.remaining(now)
			r.add(nearestKey{partition: k.key, Remaining: left, Limit: limit, Reset: problem.Seconds(time.Duration(k.tat - now)), Tier: k.terms.tier})
		}
	}
	return looked
}

// rank ranks the keys that have requests under way.
func (f *flights) rank(r *ranking, most int64) (looked int) {
	for i := range f.shards {
		s := &f.shards[i]
		s.mu.Lock()
		for key, n := range s.count {
			looked++
			r.add(nearestKey{partition: key, Remaining: max(0, most-n), Limit: most})
		}
		s.mu.Unlock()
	}
	return looked
}

// each calls look with the partitions, some mostLookedAt at most, beginning somewhere. A
// shard is locked for copyBudget lines at a time; what moves meanwhile may be missed.
func (s *store) each(look func(key partition, tat int64)) (looked int) {
	begin := mathrand.IntN(len(s.shards))
	for i := range s.shards {
		shard := &s.shards[(begin+i)%len(s.shards)]
		for at, more := 0, true; more; at += copyBudget {
			shard.mu.Lock()
			end := min(at+copyBudget, len(shard.lines))
			for n := at; n < end; n++ {
				for key, tat := range shard.lines[n].all {
					looked++
					look(key, tat)
				}
			}
			more = end < len(shard.lines)
			shard.mu.Unlock()
		}
		if looked >= mostLookedAt {
			break
		}
	}
	return looked
}

// aliasSecret makes aliases mean nothing outside of this process.
var aliasSecret = func() (secret [32]byte) {
	_, _ = rand.Read(secret[:]) // never fails, see crypto/rand
	return secret
}()

// alias is what a key is called where its name is not to be seen. Who has a key in mind
// can compute it by looking that up.
func (k partition) alias() string {
	text := binary.LittleEndian.AppendUint32(aliasSecret[:len(aliasSecret):len(aliasSecret)], k.hi)
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(text, k.lo))
	return hex.EncodeToString(sum[:8])
}
