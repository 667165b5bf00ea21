package versioning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// version is one version of an API and its life.
type version struct {
	name string
	// rank is its place in the set, oldest first.
	rank int
	// number is set for a version that is named by a number, with or without a "v".
	number number
	// date is set for a version that is named by a date.
	date time.Time
	// deprecated and sunset are zero where nothing is planned.
	deprecated, sunset time.Time
	// brownouts are in the order of time.
	brownouts []brownout
	// heir is the configured name of the successor, "" for the next version.
	heir string
	// successor is the version that clients should move to, nil if there is none.
	successor *version
	// link is the page for people about the deprecation, "" if there is none.
	link string
}

// state is what a version is at a time.
type state string

// States of a version. Deprecation changes nothing but the word (RFC 9745 §5); after
// its sunset a version is gone (RFC 8594 §3, RFC 9110 §15.5.11).
const (
	active     state = "active"
	deprecated state = "deprecated"
	gone       state = "gone"
)

// state returns the version's state at a time. The sunset itself is the first moment
// at which the version is gone.
func (v *version) state(now time.Time) state {
	switch {
	case !v.sunset.IsZero() && !now.Before(v.sunset):
		return gone
	case !v.deprecated.IsZero() && !now.Before(v.deprecated):
		return deprecated
	default:
		return active
	}
}

// maxName bounds the length of a version's name, in bytes: it is a metric label, a
// path segment and a header value.
const maxName = 32

// read finds out how the version is named.
func (v *version) read() (form, *fault) {
	if !plainName(v.name) {
		return words, faultf(v, v.name, fmt.Sprintf("use letters, digits, dots, dashes and underscores, beginning with a letter or digit, at most %d", maxName),
			"%q cannot be the name of a version: it becomes a label, a path segment and a header value", v.name)
	}
	var ok bool
	if v.date, ok = parseDate(v.name); ok {
		return dates, nil
	}
	if v.number, ok = parseNumber(v.name); ok {
		return numbers, nil
	}
	return words, nil
}

func older(a, b *version) int {
	return cmp.Or(a.date.Compare(b.date), a.number.compare(b.number))
}

// plainName tells whether a name is safe on every surface.
func plainName(name string) bool {
	if name == "" || len(name) > maxName || strings.ContainsAny(name[:1], "._-") {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// maxParts bounds the parts of a version number.
const maxParts = 4

// number is a version number such as v2 or 2.1. Parts that are not there are -1, so
// 2 is older than 2.0.
type number [maxParts]int32

var noNumber = number{-1, -1, -1, -1}

// parseNumber reads "2", "v2" or "2.1". Leading zeros are refused, because 02 and 2
// would be two names of one version.
func parseNumber(s string) (number, bool) {
	s = strings.TrimPrefix(s, "v")
	n := noNumber
	for i := range n {
		part, rest, more := strings.Cut(s, ".")
		value, ok := parsePart(part)
		if !ok {
			return noNumber, false
		}
		n[i] = value
		if !more {
			return n, true
		}
		s = rest
	}
	return noNumber, false
}

// parsePart reads a decimal number of at most nine digits.
func parsePart(s string) (int32, bool) {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	var value int32
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		value = value*10 + int32(s[i]-'0')
	}
	return value, true
}

func (n number) compare(other number) int { return slices.Compare(n[:], other[:]) }

// begins tells whether the first parts of n are those of prefix.
func (n number) begins(prefix number) bool {
	for i, part := range prefix {
		if part < 0 {
			break
		}
		if n[i] != part {
			return false
		}
	}
	return true
}

// parseDate reads a full-date (RFC 3339 §5.6).
func parseDate(s string) (time.Time, bool) {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}
