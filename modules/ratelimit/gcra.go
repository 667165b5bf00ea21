package ratelimit

// limit is a quota policy as decide needs it, in nanoseconds.
type limit struct {
	// interval is the emission interval T: the time that one quota unit takes to
	// come back. It is rounded up, so rounding never lets more through.
	interval int64
	// offset is the burst offset B = burst × T: how far the theoretical arrival
	// time may run ahead of the clock.
	offset int64
}

// decision is the outcome of decide.
type decision struct {
	allowed bool
	// tat is the theoretical arrival time after the decision: when the partition
	// will have its whole burst again. On a denial it is never later than before.
	tat int64
	// remaining is how many quota units could be spent at once, now.
	remaining int64
	// retryAfter is how long to wait until the same request is allowed, if nothing
	// else is spent meanwhile; waiting exactly that long is enough. 0 if allowed.
	retryAfter int64
}

// decide charges cost quota units to a partition whose theoretical arrival time is
// tat and reports the outcome: the generic cell rate algorithm (ITU-T I.371). It is
// pure: now is its only clock, and the caller stores decision.tat. A zero tat is an
// idle partition. cost lies in [0, burst]; 0 only looks.
//
// A tat beyond now + offset cannot come from this limit at this time: the clock was
// set back, or the burst was made smaller. It counts as a spent burst, so nobody
// waits longer than a spent burst does, and nobody gets more than the burst.
func decide(l limit, tat, now, cost int64) decision {
	tat = min(max(tat, now), now+l.offset)
	next := tat + cost*l.interval
	if ahead := next - l.offset - now; ahead > 0 {
		return decision{tat: tat, remaining: (now + l.offset - tat) / l.interval, retryAfter: ahead}
	}
	return decision{allowed: true, tat: next, remaining: (now + l.offset - next) / l.interval}
}
