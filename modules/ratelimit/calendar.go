package ratelimit

import (
	"fmt"
	"sync/atomic"
	"time"
	_ "time/tzdata" // zones are the same on every machine
)

// calendar divides time into days or months of a time zone.
type calendar struct {
	unit    string // "day" or "month"
	zone    *time.Location
	current atomic.Pointer[span]
}

// span is one of them, in seconds since 1970.
type span struct{ begin, end int64 }

// calendarUnits are the words that stand for a window of the calendar in a quota.
var calendarUnits = map[string]bool{"day": true, "month": true}

// end returns when the day or month of a time ends, in seconds since 1970.
func (c *calendar) end(now time.Time) int64 {
	at := now.Unix()
	if s := c.current.Load(); s != nil && s.begin <= at && at < s.end {
		return s.end
	}
	s := c.spanOf(now)
	c.current.Store(&s)
	return s.end
}

func (c *calendar) spanOf(now time.Time) span {
	year, month, day := now.In(c.zone).Date()
	if c.unit == "month" {
		return span{c.begin(year, month, 1), c.begin(year, month+1, 1)}
	}
	return span{c.begin(year, month, day), c.begin(year, month, day+1)}
}

// begin returns when a day begins: at midnight, or, where the clocks skip that, when
// they do.
func (c *calendar) begin(year int, month time.Month, day int) int64 {
	at := time.Date(year, month, day, 0, 0, 0, 0, c.zone)
	if at.Hour() == 23 {
		_, at = at.ZoneBounds()
	}
	return at.Unix()
}

// String tells calendars apart, and tells readers which it is.
func (c *calendar) String() string { return fmt.Sprintf("%s (%s)", c.unit, c.zone) }

// The state of a partition in a window of the calendar is packed into the 64 bits in
// which other quotas keep a time: the end of the window in seconds, and what was used
// in the lower bits. So it is in order of time, too, as the store wants it.
const (
	usedBits = 31
	maxUsed  = 1<<usedBits - 1
)

func pack(end, used int64) int64 { return end<<usedBits | used }

// packedNow is the clock of stores with such states.
func packedNow() int64 { return pack(time.Now().Unix(), 0) }

// decideWindow is decide for a window that ends at end, in left nanoseconds: units may
// be used in it, at any time. A state of an earlier window counts for nothing. One of a
// later window counts as it is: the clock was set back, and nobody gets more by that.
func decideWindow(units, state, end, left, cost int64) decision {
	last, used := state>>usedBits, min(state&maxUsed, units)
	if last < end {
		last, used = end, 0
	}
	if used+cost > units {
		return decision{tat: pack(last, used), remaining: units - used, retryAfter: left}
	}
	return decision{allowed: true, tat: pack(last, used+cost), remaining: units - used - cost}
}

// reckon finds the window of a quota by the calendar.
func (c *claim) reckon(wall time.Time) {
	if c.terms.calendar != nil {
		c.end = c.terms.calendar.end(wall)
		c.left = time.Unix(c.end, 0).Sub(wall).Nanoseconds()
	}
}
