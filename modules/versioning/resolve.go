package versioning

import (
	"net/http"
	"net/url"
	"strings"

	"gateway/internal/exchange"
)

// place is where in a request a version may be named.
type place uint8

const (
	inPath place = iota
	inHeader
	inQuery
	inMediaType
	inHost
	inClaim
)

// selector is one place where requests may name a version.
type selector struct {
	in place
	// name is the canonical header, the query parameter, or the domain below which the
	// hosts of the versions lie, or the path of the claim.
	name string
	// prefix is what stands before the version in the path, "" or "/api".
	prefix string
	// param and vendor tell which forms of media types count.
	param, vendor bool
	// strict makes a claim that disagrees with the request a conflict.
	strict bool
}

// plan is how a request's version is found. It is made at load and only read after.
//
// Precedence, from the top:
//
//	the request names                          outcome
//	a version that does not exist              unknown: 404 path and host, 406 Accept, 415 Content-Type, else 400
//	two different versions                     conflict: 400
//	one version, in however many places        that version
//	no version, and its token's claim does     the claim's, or unknown: 400
//	no version, and there is a default         the default
//	no version, there is no default            missing: 400
//
// Every selector is looked at in every request, in the declared order. The order
// decides which unknown version is reported, and nothing else: selectors that
// disagree are a conflict, never a matter of precedence. A claim is no word of the
// request but of the issuer, about all requests of a consumer; so it stands behind them,
// unless it is strict: then it is one of them.
type plan struct {
	selectors []selector
	set       *set
	fallback  *version
	// pin is the selector of a claim that is not strict, or nil.
	pin *selector
	// claims tells that some selector is a claim.
	claims bool
	// lenient leaves a request alone whose path names no version, where the path is
	// the only selector: the router of the api block says what is not there.
	lenient bool
}

// verdict is how the search for a version ended.
type verdict uint8

const (
	chosen      verdict = iota
	unversioned         // nothing is named and nothing is wrong with that
	missing
	conflict
	unknownPath
	unknownHost
	unknownAccept
	unknownContent
	unknownField // header or query
	unknownClaim
	verdicts // how many there are
)

// choice collects what the selectors say about one request.
type choice struct {
	version *version
	// unknown is the verdict on the first name that no version has; chosen is none.
	unknown  verdict
	conflict bool
}

// name notes that the request names a version; v is nil if there is no such version.
func (c *choice) name(v *version, otherwise verdict) {
	switch {
	case v == nil:
		if c.unknown == chosen {
			c.unknown = otherwise
		}
	case c.version == nil:
		c.version = v
	case c.version != v:
		c.conflict = true
	}
}

// resolve finds the version of a request. The version is nil unless the verdict is
// chosen or conflict; with conflict it is the one named first.
func (p *plan) resolve(r *http.Request, caller exchange.Identity) (*version, verdict) {
	var c choice
	for i := range p.selectors {
		s := &p.selectors[i]
		switch {
		case s.in != inClaim:
			s.look(p.set, r, &c)
		case s.strict:
			s.lookClaim(p.set, caller, &c)
		}
	}
	if p.pin != nil && c == (choice{}) {
		p.pin.lookClaim(p.set, caller, &c)
	}
	switch {
	case c.unknown != chosen:
		return nil, c.unknown
	case c.conflict:
		return c.version, conflict
	case c.version != nil:
		return c.version, chosen
	case p.fallback != nil:
		return p.fallback, chosen
	case p.lenient:
		return nil, unversioned
	default:
		return nil, missing
	}
}

func (s *selector) look(set *set, r *http.Request, c *choice) {
	switch s.in {
	case inPath:
		s.lookPath(set, r.URL.Path, c)
	case inHeader:
		for _, value := range r.Header[s.name] {
			if value = strings.Trim(value, " \t"); value != "" {
				c.name(set.find(value), unknownField)
			}
		}
	case inQuery:
		s.lookQuery(set, r.URL.RawQuery, c)
	case inMediaType:
		s.lookMediaTypes(set, r, c)
	case inHost:
		s.lookHost(set, r.Host, c)
	}
}

// lookHost takes the label in front of the domain: v2 of v2.api.example.com. Host names
// have no case (RFC 9110 §4.2.3). Only exact names count, as in the path; a label that
// looks like no version, such as www, names none.
func (s *selector) lookHost(set *set, host string, c *choice) {
	host = withoutPort(host)
	cut := len(host) - len(s.name) - 1
	if cut <= 0 || host[cut] != '.' || !strings.EqualFold(host[cut+1:], s.name) {
		return
	}
	label := host[:cut]
	for _, v := range set.ordered {
		if strings.EqualFold(label, v.name) {
			c.name(v, chosen)
			return
		}
	}
	if label[0] == 'V' {
		label = "v" + label[1:]
	}
	if set.looksLike(label) {
		c.name(nil, unknownHost)
	}
}

// withoutPort cuts the port, and the dot that makes a name absolute, off a host.
func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	return strings.TrimSuffix(host, ".")
}

// lookPath takes the first segment behind the prefix. Only exact names count: the
// path is what is routed and forwarded, so it has one spelling. A segment that looks
// like a version is one, and the wrong one; any other is just a path.
func (s *selector) lookPath(set *set, path string, c *choice) {
	segment := segmentAfter(path, s.prefix)
	if v := set.byName[segment]; v != nil {
		c.name(v, chosen)
	} else if set.looksLike(segment) {
		c.name(nil, unknownPath)
	}
}

// segmentAfter returns the first segment of path behind prefix, or "".
func segmentAfter(path, prefix string) string {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok || rest == "" || rest[0] != '/' {
		return ""
	}
	segment, _, _ := strings.Cut(rest[1:], "/")
	return segment
}

// lookQuery walks the query as it is, because nothing of it is kept. A name that is
// percent-encoded is the same name (RFC 3986 §6.2.2.2). An empty value names nothing.
func (s *selector) lookQuery(set *set, query string, c *choice) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name, err := unescape(name); err != nil || name != s.name {
			continue
		}
		value, err := unescape(value)
		switch {
		case err != nil:
			c.name(nil, unknownField)
		case value != "":
			c.name(set.find(value), unknownField)
		}
	}
}

func unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, nil
	}
	return url.QueryUnescape(s)
}
