package ratelimit

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// quota is what a policy promises: units in any window, on average.
type quota struct {
	units  int64
	window time.Duration
}

const (
	day = 24 * time.Hour
	// maxWindow is the longest time window.
	maxWindow = 366 * day
	// maxRate is the highest rate in units a second. Above it, rounding the
	// emission interval to nanoseconds would show.
	maxRate = 1_000_000
	// maxRefill is the longest time that a spent burst may take to come back.
	maxRefill = 10 * maxWindow
)

// fault is what is wrong with an option, and what to do.
type fault struct{ message, hint string }

func (f *fault) Error() string { return f.message }

// faultOf returns what an error says and what to do about it.
func faultOf(err error) (message, hint string) {
	if f, ok := errors.AsType[*fault](err); ok {
		hint = f.hint
	}
	return err.Error(), hint
}

const quotaHint = "a number and a time window, such as 100/1m, 10/1s or 10000/1d"

// parseQuota reads "100/1m": a number of quota units and a time window.
func parseQuota(text string) (quota, error) {
	units, window, found := strings.Cut(text, "/")
	if !found {
		return quota{}, &fault{fmt.Sprintf("quota %q is not <units>/<window>", text), quotaHint}
	}
	n, err := parseUnits(units)
	if err != nil {
		return quota{}, &fault{fmt.Sprintf("quota %q: %v", text, err), quotaHint}
	}
	w, err := parseWindow(window)
	if err != nil {
		return quota{}, &fault{fmt.Sprintf("quota %q: %v", text, err), quotaHint}
	}
	if perSecond := int64(w / time.Second); n > maxRate*perSecond {
		return quota{}, &fault{fmt.Sprintf("quota %q: the rate must be at most %d units a second", text, int64(maxRate)), ""}
	}
	return quota{n, w}, nil
}

// parseUnits reads a number of quota units: decimal digits, at least 1.
func parseUnits(text string) (int64, error) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, fmt.Errorf("%q must be a whole number of units", text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s units are too many", text)
	case n < 1:
		return 0, fmt.Errorf("%s units must be at least 1", text)
	}
	return n, nil
}

// parseWindow reads a time window such as 30s, 1m, 12h, 7d or 1h30m: whole seconds,
// because that is how RateLimit-Policy tells it.
func parseWindow(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 16)
	window := time.Duration(n) * day
	if rest != "" && err == nil {
		var d time.Duration
		d, err = time.ParseDuration(rest)
		window += d
	}
	switch {
	case err != nil || strings.ContainsAny(text, "+-"):
		return 0, fmt.Errorf("window %q is not a time such as 30s, 1m, 12h or 7d", text)
	case window <= 0 || window > maxWindow:
		return 0, fmt.Errorf("window %q must be 1s to %s", text, formatWindow(maxWindow))
	case window%time.Second != 0:
		return 0, fmt.Errorf("window %q must be a whole number of seconds", text)
	}
	return window, nil
}

// formatWindow writes a window as it would be configured: 1m, 90s, 7d.
func formatWindow(w time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if w >= unit.size && w%unit.size == 0 {
			return strconv.FormatInt(int64(w/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(w/time.Second), 10) + "s"
}

// compile turns a quota with its burst into a limit.
func (q quota) compile(burst int64) (limit, error) {
	interval := (int64(q.window) + q.units - 1) / q.units
	if burst > int64(maxRefill)/interval {
		return limit{}, fmt.Errorf("burst %d takes longer than %s to come back at %d/%s", burst, formatWindow(maxRefill), q.units, formatWindow(q.window))
	}
	return limit{interval: interval, offset: burst * interval}, nil
}

// refill is how many seconds, rounded up, a spent burst takes to come back. The
// limit's own offset may be some nanoseconds longer, because its interval is rounded
// up. The burst is one that compile has accepted.
func (q quota) refill(burst int64) int64 {
	hi, lo := bits.Mul64(uint64(burst), uint64(q.window))
	exact, _ := bits.Div64(hi, lo, uint64(q.units))
	return (int64(exact) + int64(time.Second) - 1) / int64(time.Second)
}
