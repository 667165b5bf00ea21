package versioning

import (
	"fmt"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// Ending is the end of a single operation, whose version lives on:
//
//	deprecated: true
//	x-deprecated: 2027-01-01
//	x-sunset: 2027-06-30
type Ending struct {
	sunset  time.Time
	field   []string // the value of Sunset
	refusal *problem.Refusal
}

// EndingOf takes the end of an operation out of its contract; nil if it has none. What
// is not deprecated cannot end, and it ends no sooner than it is (RFC 9745 §4).
func EndingOf(op *openapi.Operation) (*Ending, error) {
	value, ok := op.Extensions["x-sunset"]
	if !ok {
		return nil, nil
	}
	flaw := func(hint, format string, args ...any) error {
		return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.Position(op.Source), Hint: hint}
	}
	text, _ := value.(string)
	v := Version{Name: op.ID}
	sunset, err := v.time("sunset", text)
	if err != nil || text == "" {
		return nil, flaw("such as 2027-06-30, in quotes", "x-sunset of %s is not a date", op.ID)
	}
	if !op.Deprecated {
		return nil, flaw("add deprecated: true", "%s has a sunset, but is not deprecated", op.ID)
	}
	if begin, _ := op.Extensions["x-deprecated"].(string); begin != "" {
		if deprecated, err := v.time("deprecated", begin); err == nil && sunset.Before(deprecated) {
			return nil, flaw("announce first, then switch off: the sunset is the later of the two", "the sunset of %s, %s, is before its deprecation, %s", op.ID, text, begin)
		}
	}
	return &Ending{sunset: sunset, field: []string{formatSunset(sunset)}, refusal: &problem.Refusal{
		Reason: problem.VersionSunset, Detail: fmt.Sprintf("%s was switched off on %s.", op.ID, sunset.UTC().Format("2 January 2006")),
	}}, nil
}

// Meet announces the end on the response, unless the version ends sooner, and returns the
// refusal once the operation is gone.
func (e *Ending) Meet(x *exchange.Exchange, version time.Time) *problem.Refusal {
	if version.IsZero() || e.sunset.Before(version) {
		x.OwnHeader("Sunset", e.field)
	}
	if x.Start.Before(e.sunset) {
		return nil
	}
	return e.refusal
}
