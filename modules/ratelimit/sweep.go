package ratelimit

import "time"

// returnBatch is how many partitions are given back in one call.
const returnBatch = 64

// keepSwept gives back what nobody uses, until the leases are destructed.
func (l *leases) keepSwept() {
	ticker := time.NewTicker(leaseLife / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.sweep(monotonic() - int64(leaseLife))
		case <-l.stop:
			l.windUp(ticker.C)
			return
		}
	}
}

// windUp gives everything back, and for a while what comes after: batches that are on
// their way, and what requests that are still running have taken.
func (l *leases) windUp(tick <-chan time.Time) {
	l.sweep(monotonic())
	for range 4 {
		<-tick
		l.sweep(monotonic())
	}
}

// sweep gives back and forgets what was not used since a time.
func (l *leases) sweep(since int64) {
	var digests []digest
	var args []string
	for i := range l.shards {
		digests, args = l.shards[i].collect(digests, args, since)
		if len(digests) >= returnBatch || i == len(l.shards)-1 {
			l.giveBack(digests, args)
			digests, args = digests[:0], args[:0]
		}
	}
}

// collect forgets what was not used since a time, and appends what has to be given
// back, with the arguments of the script.
func (s *leaseShard) collect(digests []digest, args []string, since int64) ([]digest, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for lo, e := range s.table {
		if e.used > since || e.busy {
			continue
		}
		if e.units > 0 {
			digests = append(digests, e.digest)
			args = e.terms.remote.append(args, -e.units, -e.units)
		}
		delete(s.table, lo)
	}
	return digests, args
}

// giveBack returns units. What the store does not take back drains by itself.
func (l *leases) giveBack(digests []digest, args []string) {
	batch := returnBatch
	if l.shared.store.Clustered() {
		batch = 1 // the keys of a script have to lie on one server
	}
	for len(digests) > 0 && l.shared.store.Up() {
		n := min(batch, len(digests))
		keys := make([]string, n)
		for i, d := range digests[:n] {
			keys[i] = l.shared.keyOf(d)
		}
		_, _ = l.shared.charge(keys, args[:n*chargeArguments])
		digests, args = digests[n:], args[n*chargeArguments:]
	}
}

// Destruct implements caddy.Destructor. Requests that go on running for longer than
// windUp does may take units that nobody gives back; they drain by themselves.
func (l *leases) Destruct() error {
	l.handOver()
	close(l.stop)
	return nil
}
