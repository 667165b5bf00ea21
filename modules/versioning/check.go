package versioning

import (
	"fmt"
	"time"
)

// check returns what somebody has to decide about the versions of an API: those that
// are past their sunset and still configured, and those that end without a successor.
// Each is a sentence.
func (p *plan) check(now time.Time) []string {
	var list []string
	for _, v := range p.set.ordered {
		switch {
		case v.state(now) == gone:
			list = append(list, fmt.Sprintf("version %s is past its sunset of %s: remove it, or move the date", v.name, v.sunset.Format(time.DateOnly)))
		case v.deprecated.IsZero() && v.sunset.IsZero():
		case v.alive(leaving(v, now)) == nil:
			list = append(list, fmt.Sprintf("version %s is to end and has no successor: clients have nowhere to go", v.name))
		}
	}
	return list
}

// leaving is when the clients of a version have to be elsewhere, now if nobody knows.
func leaving(v *version, now time.Time) time.Time {
	if v.sunset.After(now) {
		return v.sunset
	}
	return now
}
