package versioning

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

// compile turns the configuration into a plan. contracts are the versions of an api
// block; outside of one it is nil and the configuration declares the versions. Whole
// tells that the contracts have been read, so that what is still missing in a life is
// missing.
func (h *Handler) compile(contracts []Contract, whole bool) error {
	if _, err := exchange.ParseMode(string(h.Mode)); err != nil && h.Mode != "" {
		return flawAt(h.Source, string(h.Mode), "", "%v", err)
	}
	if h.bound && h.Mode == exchange.ModeOff {
		return flawAt(h.Source, "versioning", "use mode report, or leave the versioning block out",
			"versioning cannot be off inside api: without a version no contract applies")
	}
	declared, err := h.declare(contracts, whole)
	if err != nil {
		return err
	}
	set, flaw := newSet(declared)
	if flaw != nil {
		return h.place(flaw, declared)
	}
	p := &plan{set: set}
	if h.Default != "" {
		if p.fallback = set.byName[h.Default]; p.fallback == nil {
			return flawAt(cmp.Or(h.DefaultSource, h.Source), h.Default, set.known(), "the default version %q is not a version of this API", h.Default)
		}
	}
	if p.selectors, err = h.selectors(); err != nil {
		return err
	}
	if err := h.hosts(p); err != nil {
		return err
	}
	p.settle(h.bound)
	h.plan, h.eras, h.fields = p, p.write(), p.fields()
	return nil
}

// settle works out what follows from the selectors.
func (p *plan) settle(bound bool) {
	path, others := false, false
	for i := range p.selectors {
		switch s := &p.selectors[i]; s.in {
		case inClaim:
			p.claims = true
			if !s.strict {
				p.pin = s
			}
		case inPath:
			path = true
		default:
			others = true
		}
	}
	p.lenient = bound && path && !others
}

// hosts refuses versions that no host can be named after: a label has no dot and no
// underscore, and no case.
func (h *Handler) hosts(p *plan) error {
	for _, s := range h.Selectors {
		if s.In != "host" {
			continue
		}
		names := make(map[string]string, len(p.set.ordered))
		for _, v := range p.set.ordered {
			folded := strings.ToLower(v.name)
			if !isDomain(folded) || strings.Contains(folded, ".") {
				return flawAt(s.Source, "host", "name versions without dots and underscores, or select them elsewhere", "version %s cannot be a label of a host", v.name)
			}
			if other := names[folded]; other != "" {
				return flawAt(s.Source, "host", "hosts have no case; give one of them another name", "versions %s and %s would have one host", other, v.name)
			}
			names[folded] = v.name
		}
	}
	return nil
}

// declare returns all versions, with the lives that the configuration and the contracts
// give them.
func (h *Handler) declare(contracts []Contract, whole bool) ([]*version, error) {
	declared := make([]*version, 0, len(contracts)+len(h.Versions))
	for _, v := range h.Versions {
		i := slices.IndexFunc(contracts, func(c Contract) bool { return c.Name == v.Name })
		if h.bound && i < 0 {
			return nil, flawAt(v.Source, v.Name, listed(namesOf(contracts)), "no contract has a version %q", v.Name)
		}
		if i >= 0 {
			var err error
			if v, err = v.with(&contracts[i]); err != nil {
				return nil, err
			}
		}
		read, err := v.read(whole)
		if err != nil {
			return nil, err
		}
		declared = append(declared, read)
	}
	for i := range contracts {
		c := &contracts[i]
		if slices.ContainsFunc(declared, func(v *version) bool { return v.name == c.Name }) {
			continue
		}
		v, err := Version{Name: c.Name}.with(c)
		if err != nil {
			return nil, err
		}
		read, err := v.read(whole)
		if err != nil {
			return nil, err
		}
		declared = append(declared, read)
	}
	if len(declared) == 0 {
		return nil, flawAt(h.Source, "versioning", "declare each version with a line such as: version v1", "versioning has no versions to choose from")
	}
	return declared, nil
}

func namesOf(contracts []Contract) []string {
	names := make([]string, len(contracts))
	for i := range contracts {
		names[i] = contracts[i].Name
	}
	return names
}

// read checks what is said about one version. Whole tells that all of it is there.
func (v *Version) read(whole bool) (*version, error) {
	out := &version{name: v.Name, heir: v.Successor, link: v.Link}
	var err error
	if out.deprecated, err = v.time("deprecated", v.Deprecated); err != nil {
		return nil, err
	}
	if out.sunset, err = v.time("sunset", v.Sunset); err != nil {
		return nil, err
	}
	switch {
	case v.Deprecated != "" && v.Sunset != "" && out.sunset.Before(out.deprecated):
		// RFC 9745 §4.
		return nil, v.flaw("sunset", v.Sunset, "announce first, then switch off: the sunset is the later of the two",
			"the sunset of version %s, %s, is before its deprecation, %s", v.Name, v.Sunset, v.Deprecated)
	case whole && v.Link != "" && v.Deprecated == "" && v.Sunset == "":
		return nil, v.flaw("link", v.Link, "add deprecated or sunset, or remove the link",
			"version %s has a link about its deprecation, but is neither deprecated nor switched off", v.Name)
	case v.Link != "" && !isLink(v.Link):
		return nil, v.flaw("link", v.Link, "such as https://example.com/migrate-to-v2", "the link of version %s is not an http(s) URL or an absolute path", v.Name)
	}
	return out, v.readBrownouts(out, whole)
}

func (v *Version) readBrownouts(out *version, whole bool) error {
	for _, text := range v.Brownouts {
		b, err := parseBrownout(text)
		if err != nil {
			return v.flaw("brownout", text, brownoutHint, "%v (brownout of version %s)", err, v.Name)
		}
		out.brownouts = append(out.brownouts, b)
	}
	if !whole {
		return nil
	}
	if err := out.schedule(); err != nil {
		return v.flaw("brownout", "brownout", "a brownout lies between the deprecation and the sunset, apart from others", "%v", err)
	}
	return nil
}

// time reads a date, which begins at midnight UTC, or an RFC 3339 time. Fractions of
// seconds are refused: neither field can carry them.
func (v *Version) time(option, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if t, ok := parseDate(value); ok {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil || t.Nanosecond() != 0 {
		return t, v.flaw(option, value, "write it as 2027-06-30 or 2027-06-30T12:00:00Z", "%q is not a date (%s of version %s)", value, option, v.Name)
	}
	return t.UTC(), nil
}

// isLink tells whether a URL is safe between the angle brackets of a Link field and
// leads somewhere from every page.
func isLink(link string) bool {
	for i := 0; i < len(link); i++ {
		if c := link[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`<>"\^{}|`+"`", c) >= 0 {
			return false
		}
	}
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	return u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") ||
		u.Scheme == "" && u.Host == "" && strings.HasPrefix(link, "/")
}

// place turns a fault of the set into a finding at the version that it is about. The
// first of the declared versions are those of the configuration.
func (h *Handler) place(f *fault, declared []*version) error {
	for i := range h.Versions {
		if declared[i] == f.about {
			return h.Versions[i].flaw(f.option, f.word, f.hint, "%s", f.message)
		}
	}
	return flawAt(h.Source, f.word, f.hint, "%s", f.message)
}

// flaw is a finding at an option of the version, or at the version where the place of
// the option is not known.
func (v *Version) flaw(option, word, hint, format string, args ...any) error {
	return flawAt(cmp.Or(v.lines[option], v.Source), word, hint, format, args...)
}

func flawAt(source, word, hint, format string, args ...any) error {
	return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.ParseSource(source), Word: word, Hint: hint}
}
