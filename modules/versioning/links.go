package versioning

import (
	"net/url"
	"strings"
	"time"
)

// links returns the Link field of a version in an era (RFC 8288 §3), "" for none:
//
//	deprecation        the page about it, for people (RFC 9745 §3)
//	sunset             the same page (RFC 8594 §6)
//	successor-version  the next version that is not gone (RFC 5829 §3.6)
//	latest-version     the newest version that is not gone (RFC 5829 §3.2)
func (p *plan) links(v *version, now time.Time) string {
	var b linkField
	if v.link != "" && !v.deprecated.IsZero() {
		b.add(v.link, "deprecation", `; type="text/html"`)
	}
	if v.link != "" && !v.sunset.IsZero() {
		b.add(v.link, "sunset", `; type="text/html"`)
	}
	if next := v.alive(now); next != nil {
		b.add(p.target(next), "successor-version", title(next))
	}
	if newest := p.set.newest(now); newest != nil && newest.rank > v.rank {
		b.add(p.target(newest), "latest-version", title(newest))
	}
	return b.String()
}

// linkField builds a list of links.
type linkField struct{ strings.Builder }

func (b *linkField) add(target, relation, attributes string) {
	if b.Len() > 0 {
		b.WriteString(", ")
	}
	b.WriteString("<" + target + `>; rel="` + relation + `"` + attributes)
}

// title carries the version's name: where no URL tells versions apart, it is the only
// thing that does. Names hold nothing that a quoted string would have to escape.
func title(v *version) string { return `; title="` + v.name + `"` }

// target returns the URL reference of a version, by the first selector that has one:
// the root of the version, the host of the version, or the same resource with another query. Versions that
// live in header fields share their URL, which is the empty reference (RFC 3986 §4.4).
func (p *plan) target(v *version) string {
	for _, s := range p.selectors {
		switch s.in {
		case inPath:
			return s.prefix + "/" + v.name + "/"
		case inHost:
			return "//" + v.name + "." + s.name + "/"
		case inQuery:
			return "?" + url.QueryEscape(s.name) + "=" + v.name
		}
	}
	return ""
}
