package versioning

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// form is how the versions of one API are named. One API has one form, so that the
// order of its versions needs no guess.
type form uint8

const (
	words   form = iota // stable, beta: in the order of their declaration
	numbers             // v2, 2.1
	dates               // 2026-06-01
)

var formNames = [...]string{words: "a word", numbers: "a number", dates: "a date"}

// set is all versions of an API, oldest first.
type set struct {
	form    form
	ordered []*version
	byName  map[string]*version
}

// newSet reads and orders versions: it sets their ranks and finds their successors.
// Every version but the last has the next as its successor, unless it names one.
func newSet(declared []*version) (*set, *fault) {
	s := &set{byName: make(map[string]*version, len(declared)), ordered: slices.Clone(declared)}
	for i, v := range s.ordered {
		f, flaw := v.read()
		switch {
		case flaw != nil:
			return nil, flaw
		case i > 0 && f != s.form:
			return nil, faultf(v, v.name, "name all versions of an API in one way, such as v1 and v2, or their order is a guess",
				"%q is %s, but %q is %s", v.name, formNames[f], s.ordered[0].name, formNames[s.form])
		case s.byName[v.name] != nil:
			return nil, faultf(v, v.name, "remove one of them", "version %s is there twice", v.name)
		}
		s.form = f
		s.byName[v.name] = v
	}
	return s, cmp.Or(s.order(), s.succeed())
}

// order sorts the versions and refuses two names of one version, such as 2 and v2.
func (s *set) order() *fault {
	slices.SortStableFunc(s.ordered, older)
	for i, v := range s.ordered {
		v.rank = i
		if i > 0 && s.form != words && older(s.ordered[i-1], v) == 0 {
			return faultf(v, v.name, "remove one of them", "%s and %s are the same version", s.ordered[i-1].name, v.name)
		}
	}
	return nil
}

// succeed finds the successors. A successor is newer, so that clients who follow them
// arrive somewhere.
func (s *set) succeed() *fault {
	for i, v := range s.ordered {
		if v.heir == "" {
			if i+1 < len(s.ordered) {
				v.successor = s.ordered[i+1]
			}
			continue
		}
		v.successor = s.byName[v.heir]
		switch {
		case v.successor == nil:
			return faultf(v, v.heir, s.known(), "the successor of version %s is %q, which is not a version of this API", v.name, v.heir).on("successor")
		case v.successor.rank <= v.rank:
			return faultf(v, v.heir, "name a newer version, or leave the line out for the next one",
				"the successor of version %s is %s, which is not newer", v.name, v.heir).on("successor")
		}
	}
	return nil
}

// known is the hint for a name that is not in the set.
func (s *set) known() string {
	names := make([]string, len(s.ordered))
	for i, v := range s.ordered {
		names[i] = v.name
	}
	return listed(names)
}

func listed(names []string) string { return "the versions are " + strings.Join(names, ", ") }

// find returns the version that a header, query parameter or media type means, or nil:
//
//   - the one with exactly this name,
//   - for a number: with or without its "v", and with fewer parts the latest version
//     that begins with them, so 2 means the latest minor version of 2,
//   - for a date: the latest version that is not after it.
func (s *set) find(name string) *version {
	if v := s.byName[name]; v != nil {
		return v
	}
	switch s.form {
	case numbers:
		if wanted, ok := parseNumber(name); ok {
			return s.latest(wanted)
		}
	case dates:
		if wanted, ok := parseDate(name); ok {
			return s.notAfter(wanted)
		}
	}
	return nil
}

func (s *set) latest(wanted number) *version {
	var found *version
	for _, v := range s.ordered {
		if v.number == wanted {
			return v
		}
		if v.number.begins(wanted) {
			found = v
		}
	}
	return found
}

func (s *set) notAfter(wanted time.Time) *version {
	var found *version
	for _, v := range s.ordered {
		if v.date.After(wanted) {
			break
		}
		found = v
	}
	return found
}

// names returns the names of the versions that are not gone, oldest first.
func (s *set) names(now time.Time) []string {
	names := make([]string, 0, len(s.ordered))
	for _, v := range s.ordered {
		if v.state(now) != gone {
			names = append(names, v.name)
		}
	}
	return names
}

// newest returns the latest version that is not gone, or nil.
func (s *set) newest(now time.Time) *version {
	for _, v := range slices.Backward(s.ordered) {
		if v.state(now) != gone {
			return v
		}
	}
	return nil
}

// looksLike tells whether a path segment was meant as a version of this set, served
// or not.
func (s *set) looksLike(segment string) bool {
	if _, ok := parseDate(segment); ok {
		return true
	}
	_, ok := parseNumber(segment)
	return ok && (segment[0] == 'v' || s.form == numbers && s.ordered[0].name[0] != 'v')
}
