package versioning

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// brownout is a time in which a version is switched off on trial, so that those who
// still use it notice while it can be switched on again.
type brownout struct{ start, end time.Time }

// Bounds of brownouts. Each makes two eras, which are written at load.
const (
	maxBrownouts = 12 // of one version
	minBrownout  = time.Minute
	maxBrownout  = 24 * time.Hour
)

const brownoutHint = "write it as 2027-06-01 10:00/15m, in UTC, or with a zone behind it: 2027-06-01 10:00/15m Europe/Berlin"

// parseBrownout reads "2027-06-01 10:00/15m", which is UTC unless a zone of the IANA
// follows, or an RFC 3339 time with a duration: "2027-06-01T10:00:00+02:00/15m". The
// error is a sentence about the text.
func parseBrownout(text string) (brownout, error) {
	begin, rest, ok := strings.Cut(strings.TrimSpace(text), "/")
	if !ok {
		return brownout{}, fmt.Errorf("%q has no duration", text)
	}
	duration, zone, _ := strings.Cut(rest, " ")
	length, err := time.ParseDuration(duration)
	switch {
	case err != nil:
		return brownout{}, fmt.Errorf("%q is not a duration", duration)
	case length < minBrownout || length > maxBrownout || length%time.Second != 0:
		return brownout{}, fmt.Errorf("a brownout takes from a minute to a day, in whole seconds; not %s", duration)
	}
	start, err := parseMoment(begin, strings.TrimSpace(zone))
	if err != nil {
		return brownout{}, err
	}
	return brownout{start, start.Add(length)}, nil
}

// parseMoment reads the begin of a brownout. A local time that the clocks of the zone
// skip or show twice is refused: it would be a guess.
func parseMoment(text, zone string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		switch {
		case zone != "":
			return t, fmt.Errorf("%q has an offset already, and a zone behind it", text)
		case t.Nanosecond() != 0:
			return t, fmt.Errorf("%q has a fraction of a second", text)
		}
		return t.UTC(), nil
	}
	const layout = "2006-01-02 15:04"
	location := time.UTC
	if zone != "" {
		var err error
		if location, err = time.LoadLocation(zone); err != nil || zone == "Local" {
			return time.Time{}, fmt.Errorf("%q is not a time zone", zone)
		}
	}
	t, err := time.ParseInLocation(layout, text, location)
	if err != nil {
		return t, fmt.Errorf("%q is not a date and time", text)
	}
	if t.Format(layout) != text {
		return t, fmt.Errorf("the clocks of %s skip %s", zone, text)
	}
	for _, shift := range []time.Duration{-2 * time.Hour, -time.Hour, -30 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour} {
		if t.Add(shift).Format(layout) == text {
			return t, fmt.Errorf("the clocks of %s show %s twice", zone, text)
		}
	}
	return t.UTC(), nil
}

// schedule sorts the brownouts of a version and refuses those that contradict its life.
// The error is a sentence.
func (v *version) schedule() error {
	slices.SortFunc(v.brownouts, func(a, b brownout) int { return a.start.Compare(b.start) })
	switch {
	case len(v.brownouts) == 0:
		return nil
	case len(v.brownouts) > maxBrownouts:
		return fmt.Errorf("version %s has %d brownouts; at most %d can be announced", v.name, len(v.brownouts), maxBrownouts)
	case v.sunset.IsZero():
		return fmt.Errorf("version %s has a brownout, but no sunset that it would rehearse", v.name)
	}
	for i, b := range v.brownouts {
		switch {
		case b.end.After(v.sunset):
			return fmt.Errorf("the brownout of %s does not end before the sunset of version %s", b, v.name)
		case b.start.Before(v.deprecated):
			return fmt.Errorf("the brownout of %s begins before version %s is deprecated", b, v.name)
		case i > 0 && b.start.Before(v.brownouts[i-1].end):
			return fmt.Errorf("the brownouts of %s and %s overlap", v.brownouts[i-1], b)
		}
	}
	return nil
}

// String returns the begin, for messages.
func (b brownout) String() string { return b.start.UTC().Format("2006-01-02 15:04 MST") }

// out returns the brownout that a version is in, or nil.
func (v *version) out(now time.Time) *brownout {
	for i := range v.brownouts {
		if b := &v.brownouts[i]; !now.Before(b.start) && now.Before(b.end) {
			return b
		}
	}
	return nil
}

// brownoutField lists the brownouts that have not ended, as a List of Dates (RFC 9651
// §3.1, §3.3.7) with their durations in seconds: @1811844000;duration=900.
const brownoutField = "Api-Brownout"

func formatBrownouts(list []brownout, now time.Time) string {
	var b strings.Builder
	for _, out := range list {
		if !now.Before(out.end) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString("@" + strconv.FormatInt(out.start.Unix(), 10) + ";duration=" + strconv.FormatInt(int64(out.end.Sub(out.start)/time.Second), 10))
	}
	return b.String()
}
