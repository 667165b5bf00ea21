package versioning

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gateway/internal/problem"
)

// supportedHeader lists the versions that a client may use, on every refusal that is
// about versions. The name is the one that ASP.NET's API versioning made known.
const supportedHeader = "Api-Supported-Versions"

// era is the time between two sunsets or the ends of brownouts. What responses say about versions is the same
// for all of it, so it is written once, at load.
type era struct {
	from time.Time
	// notices are by the versions' ranks.
	notices []notice
	// refusals are by verdict; nil where the verdict is no refusal.
	refusals [verdicts]*problem.Refusal
}

// notice is what every response of a version says about it. Empty values are not sent.
type notice struct {
	// deprecation is a Date of RFC 9651 §3.3.7 (RFC 9745 §2.1), sunset an IMF-fixdate
	// (RFC 8594 §3, RFC 9110 §5.6.7), link a list of links (RFC 8288 §3).
	deprecation, sunset, link string
	// brownouts are those to come, and the one that is on.
	brownouts string
	// refusal is set for a version that is gone, or in a brownout.
	refusal *problem.Refusal
	// resumes is when the brownout ends that is on.
	resumes time.Time
}

// eras are in the order of time; the first has no beginning.
type eras []era

// at returns the era that a time belongs to.
func (e eras) at(now time.Time) *era {
	low, high := 0, len(e) // the era lies in [low, high)
	for high-low > 1 {
		if middle := (low + high) / 2; now.Before(e[middle].from) {
			high = middle
		} else {
			low = middle
		}
	}
	return &e[low]
}

// write makes the eras of a plan.
func (p *plan) write() eras {
	starts := []time.Time{{}}
	for _, v := range p.set.ordered {
		if !v.sunset.IsZero() {
			starts = append(starts, v.sunset)
		}
		for _, b := range v.brownouts {
			starts = append(starts, b.start, b.end)
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	starts = slices.CompactFunc(starts, time.Time.Equal)
	list := make(eras, len(starts))
	for i, from := range starts {
		list[i] = p.era(from)
	}
	return list
}

func (p *plan) era(from time.Time) era {
	e := era{from: from}
	names := p.set.names(from)
	var header http.Header
	if len(names) > 0 {
		header = http.Header{supportedHeader: {strings.Join(names, ", ")}}
	}
	refuse := func(reason *problem.Reason, status int, detail string) *problem.Refusal {
		return &problem.Refusal{Reason: reason, Status: status, Detail: detail, Versions: names, Header: header}
	}
	e.refusals = [verdicts]*problem.Refusal{
		missing:        refuse(problem.VersionMissing, 0, p.instruction()),
		conflict:       refuse(problem.VersionConflict, 0, ""),
		unknownPath:    refuse(problem.VersionUnknown, http.StatusNotFound, "The path names a version that is not served."),
		unknownHost:    refuse(problem.VersionUnknown, http.StatusNotFound, "The host names a version that is not served."),
		unknownAccept:  refuse(problem.VersionUnknown, http.StatusNotAcceptable, "Accept asks for a version that is not served."),
		unknownContent: refuse(problem.VersionUnknown, http.StatusUnsupportedMediaType, "Content-Type names a version that is not served."),
		unknownField:   refuse(problem.VersionUnknown, http.StatusBadRequest, "The request names a version that is not served."),
		unknownClaim:   refuse(problem.VersionUnknown, http.StatusBadRequest, "The token pins its holder to a version that is not served."),
	}
	for _, v := range p.set.ordered {
		n := p.notice(v, from)
		if v.state(from) == gone {
			n.refusal = refuse(problem.VersionSunset, 0, farewell(v, from))
		} else if b := v.out(from); b != nil {
			n.refusal, n.resumes = refuse(problem.VersionBrownout, 0, rehearsal(v, from)), b.end
		}
		e.notices = append(e.notices, n)
	}
	return e
}

func (p *plan) notice(v *version, from time.Time) notice {
	n := notice{link: p.links(v, from), brownouts: formatBrownouts(v.brownouts, from)}
	if !v.deprecated.IsZero() {
		n.deprecation = formatDeprecation(v.deprecated)
	}
	if !v.sunset.IsZero() {
		n.sunset = formatSunset(v.sunset)
	}
	return n
}

func formatDeprecation(t time.Time) string { return "@" + strconv.FormatInt(t.Unix(), 10) }

func formatSunset(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// farewell is the detail of the refusal of a version that is gone.
func farewell(v *version, from time.Time) string {
	detail := fmt.Sprintf("Version %s was switched off on %s", v.name, v.sunset.UTC().Format("2 January 2006"))
	if next := v.alive(from); next != nil {
		return detail + fmt.Sprintf("; use version %s.", next.name)
	}
	return detail + "."
}

// rehearsal is the detail of the refusal of a version in a brownout.
func rehearsal(v *version, from time.Time) string {
	detail := fmt.Sprintf("Version %s is switched off for a while, and for good from %s on", v.name, v.sunset.UTC().Format("2 January 2006"))
	if next := v.alive(from); next != nil {
		return detail + fmt.Sprintf("; use version %s.", next.name)
	}
	return detail + "."
}

// alive returns the first successor that is not gone, or nil.
func (v *version) alive(now time.Time) *version {
	next := v.successor
	for next != nil && next.state(now) == gone {
		next = next.successor
	}
	return next
}

// instruction tells how to name a version here.
func (p *plan) instruction() string {
	example := p.set.ordered[len(p.set.ordered)-1].name
	ways := make([]string, len(p.selectors))
	for i := range p.selectors {
		ways[i] = p.selectors[i].instruction(example)
	}
	return "Name a version " + strings.Join(ways, ", or ") + "."
}

func (s *selector) instruction(example string) string {
	switch s.in {
	case inPath:
		return fmt.Sprintf("in the path: %s/%s/...", s.prefix, example)
	case inHeader:
		return fmt.Sprintf("in a header: %s: %s", s.name, example)
	case inHost:
		return fmt.Sprintf("in the host: %s.%s", example, s.name)
	case inQuery:
		return fmt.Sprintf("in the query: ?%s=%s", s.name, example)
	case inClaim:
		return "by a token with the claim " + s.name
	default:
		return "in the media type: " + s.mediaExample(example)
	}
}

func (s *selector) mediaExample(example string) string {
	if s.param {
		return fmt.Sprintf("Accept: application/json;version=%s", example)
	}
	return fmt.Sprintf("Accept: application/vnd.<vendor>.%s+json", example)
}
