package versioning

import (
	"net/http"
	"strings"
)

// versionParameter is the media type parameter that names a version:
// application/json;version=2.
const versionParameter = "version"

// lookMediaTypes takes the version from Accept and, where the request has content,
// from Content-Type.
func (s *selector) lookMediaTypes(set *set, r *http.Request, c *choice) {
	if fields := r.Header["Accept"]; len(fields) > 0 {
		s.lookAccept(set, fields, c)
	}
	if !hasContent(r) {
		return
	}
	for _, field := range r.Header["Content-Type"] {
		m, ok := parseMedia(field)
		if !ok {
			continue // what the content is, validation decides
		}
		if v, named := s.version(set, &m); named {
			c.name(v, unknownContent)
		}
	}
}

// hasContent tells whether Content-Type can mean anything. GET and HEAD have no
// content with a meaning (RFC 9110 §9.3.1), and what caches store must not hang on it.
func hasContent(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead
}

// maxPreferences bounds how many versions of an Accept field are weighed against each
// other; further ones are not looked at.
const maxPreferences = 16

// preference is how much a client wants one version.
type preference struct {
	version     *version
	specificity uint8
	quality     int16 // in thousandths
}

// lookAccept takes the version that the client prefers: of the media ranges that
// name one version the most specific counts, of the versions the one with the highest
// quality, of equals the first (RFC 9110 §12.5.1). Ranges that are malformed or name
// no version say nothing.
func (s *selector) lookAccept(set *set, fields []string, c *choice) {
	var list [maxPreferences]preference
	known := list[:0]
	unknown, open := false, false
	for _, field := range fields {
		for field != "" {
			var member string
			member, field = cutMember(field)
			m, ok := parseMedia(member)
			if !ok {
				continue
			}
			v, named := s.version(set, &m)
			switch {
			case !named:
				open = open || m.quality > 0
			case v == nil:
				unknown = unknown || m.quality > 0
			default:
				known = weigh(known, preference{v, m.specificity(), m.quality})
			}
		}
	}
	if v := best(known); v != nil {
		c.name(v, chosen)
	} else if unknown && !open {
		// Nothing that the client accepts is served (RFC 9110 §15.5.7).
		c.name(nil, unknownAccept)
	}
}

// weigh adds a preference, or sharpens the one that is known for the version.
func weigh(known []preference, p preference) []preference {
	for i := range known {
		k := &known[i]
		if k.version != p.version {
			continue
		}
		if p.specificity > k.specificity || p.specificity == k.specificity && p.quality > k.quality {
			k.specificity, k.quality = p.specificity, p.quality
		}
		return known
	}
	if len(known) == cap(known) {
		return known
	}
	return append(known, p)
}

// best returns the version with the highest quality above zero, or nil.
func best(known []preference) *version {
	var found preference
	for _, p := range known {
		if p.quality > found.quality {
			found = p
		}
	}
	return found.version
}

// version returns the version that a media type names. Two different names in one
// media type name none that exists.
func (s *selector) version(set *set, m *media) (v *version, named bool) {
	if s.vendor {
		if name := vendorVersion(set, m.subtype); name != "" {
			v, named = set.find(name), true
		}
	}
	if s.param && m.version != "" {
		other := set.find(m.version)
		if named && other != v {
			return nil, true
		}
		v, named = other, true
	}
	return v, named
}

// vendorVersion returns the version within a vendor subtype: vnd.acme.orders.v2+json
// names v2. It is the part behind the first dot that can be a version; a number with
// several parts contains dots itself.
func vendorVersion(set *set, subtype string) string {
	if len(subtype) < 4 || !strings.EqualFold(subtype[:4], "vnd.") {
		return ""
	}
	name, _, _ := strings.Cut(subtype[4:], "+")
	for {
		_, rest, more := strings.Cut(name, ".")
		if !more {
			return ""
		}
		name = rest
		if set.byName[name] != nil || isVersion(name) {
			return name
		}
	}
}

func isVersion(name string) bool {
	if _, ok := parseNumber(name); ok {
		return true
	}
	_, ok := parseDate(name)
	return ok
}
