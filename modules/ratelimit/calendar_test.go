package ratelimit

import (
	"testing"
	"time"
)

// TestWindowsOfTheCalendar: days and months begin where the zone says, also where the
// clock is changed.
func TestWindowsOfTheCalendar(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ quota, zone, now, begin, end string }{
		{"1/day", "UTC", "2026-11-24T10:30:00Z", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"},
		{"1/day", "UTC", "2026-11-24T00:00:00Z", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"},
		{"1/day", "UTC", "2026-11-24T23:59:59.999Z", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"},
		{"1/day", "Europe/Berlin", "2026-11-24T23:30:00Z", "2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z"},
		{"1/day", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},     // 23 hours
		{"1/day", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},     // 25 hours
		{"1/day", "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"}, // no midnight
		{"1/month", "UTC", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"1/month", "UTC", "2028-02-29T00:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"1/month", "Asia/Tokyo", "2026-01-31T15:00:00Z", "2026-01-31T15:00:00Z", "2026-02-28T15:00:00Z"},
	} {
		terms, err := Policy{Quota: tt.quota, Timezone: tt.zone}.terms()
		if err != nil {
			t.Fatal(err)
		}
		now, _ := time.Parse(time.RFC3339, tt.now)
		s := terms.calendar.spanOf(now)
		begin, end := time.Unix(s.begin, 0).UTC().Format(time.RFC3339), time.Unix(s.end, 0).UTC().Format(time.RFC3339)
		if begin != tt.begin || end != tt.end {
			t.Errorf("%s %s at %s: %s to %s, want %s to %s", tt.quota, tt.zone, tt.now, begin, end, tt.begin, tt.end)
		}
		for range 2 { // computed, and remembered
			if got := terms.calendar.end(now); got != s.end {
				t.Errorf("%s at %s: ends at %d, want %d", tt.quota, tt.now, got, s.end)
			}
		}
		if next := terms.calendar.end(time.Unix(s.end, 0)); next <= s.end {
			t.Errorf("%s: the window that begins at %s ends at %d", tt.quota, end, next)
		}
	}
}

// TestWindowStory goes through two days, and through a clock that is set back.
func TestWindowStory(t *testing.T) {
	t.Parallel()
	const today, tomorrow = 86400, 2 * 86400
	h := handlerOf(t, Policy{Name: "daily", Quota: "3/day"}, Policy{Name: "fast", Quota: "2/1s"})
	now := int64(0)
	for i, step := range []struct {
		wait    time.Duration
		end     int64
		allowed bool
		limit   string
	}{
		{0, today, true, `"daily";r=2;t=3600, "fast";r=1;t=1`},
		{0, today, true, `"daily";r=1;t=3600, "fast";r=0;t=1`},
		{0, today, false, `"daily";r=1;t=3600, "fast";r=0;t=1`}, // by the other, so it is not charged
		{time.Second, today, true, `"daily";r=0;t=3600, "fast";r=1;t=1`},
		{time.Second, today, false, `"daily";r=0;t=3600, "fast";r=2;t=0`},
		{time.Second, tomorrow, true, `"daily";r=2;t=3600, "fast";r=1;t=1`},
		{time.Second, today, true, `"daily";r=1;t=3600, "fast";r=1;t=1`}, // set back: nothing is given twice
		{time.Second, tomorrow, true, `"daily";r=0;t=3600, "fast";r=1;t=1`},
		{time.Second, today, false, `"daily";r=0;t=3600, "fast";r=2;t=0`},
	} {
		now += int64(step.wait)
		claims := h.claims(1)
		claims[0].end, claims[0].left = step.end, int64(time.Hour)
		allowed := chargeMemory(claims, h.memoryOrder, now, 1)
		limits, policies := h.compose(claims, now, "", "")
		if allowed != step.allowed || limits != step.limit {
			t.Errorf("step %d: allowed %t, RateLimit: %s\nwant %t, %s", i, allowed, limits, step.allowed, step.limit)
		}
		if want := `"daily";q=3, "fast";q=2;w=1`; policies != want {
			t.Errorf("RateLimit-Policy: %s, want %s", policies, want)
		}
	}
}

// TestWindowsLeaveTheStore: states of windows that are over are swept, and at the bound
// who has used least is forgotten first.
func TestWindowsLeaveTheStore(t *testing.T) {
	t.Parallel()
	s, l := newStore(2), limit{interval: 1, offset: 10}
	use := func(key int, end, cost int64) decision {
		claims := []claim{{store: s, limit: l, key: keyOf(key), end: end, left: 1}}
		chargeMemory(claims, []uint8{0}, 0, cost)
		return claims[0].decision
	}
	end := time.Now().Unix() + 3600
	use(1, end, 9)
	use(2, end, 1)
	use(3, end, 5) // the second leaves
	if one, three := use(1, end, 1), use(3, end, 1); one.remaining != 0 || three.remaining != 4 {
		t.Errorf("%+v, %+v", one, three)
	}
	s.sweep(pack(end-1, 0))
	if size(s) != 2 {
		t.Errorf("%d keys before the end", size(s))
	}
	s.sweep(pack(end+1, 0))
	if size(s) != 0 {
		t.Errorf("%d keys after the end", size(s))
	}
}
