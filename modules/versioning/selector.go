package versioning

import (
	"net/http"
	"slices"
	"strings"

	"gateway/internal/canonical"
	"gateway/internal/exchange"
	"gateway/internal/finding"
)

// selectors checks and compiles where requests may name a version. Each place may
// stand there once: two header fields would be two dialects of one API.
func (h *Handler) selectors() ([]selector, error) {
	if len(h.Selectors) == 0 {
		return []selector{{in: inPath}}, nil
	}
	list := make([]selector, 0, len(h.Selectors))
	for i := range h.Selectors {
		s, err := h.Selectors[i].read()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(other selector) bool { return other.in == s.in }) {
			return nil, flawAt(h.Selectors[i].Source, h.Selectors[i].In, "remove one of them", "%s stands here twice", h.Selectors[i].In)
		}
		list = append(list, s)
	}
	if h.StripPrefix && !slices.ContainsFunc(list, func(s selector) bool { return s.in == inPath }) {
		return nil, flawAt(h.Source, "strip_prefix", "add the selector path, or remove strip_prefix", "strip_prefix has nothing to strip: the path is not a selector")
	}
	return list, nil
}

func (s *Selector) read() (selector, error) {
	switch s.In {
	case "path":
		if s.Prefix != "" && !isPrefix(s.Prefix) {
			return selector{}, flawAt(s.Source, s.Prefix, "such as: path /api", "the prefix %q does not begin with a slash, ends with one, or is not plain", s.Prefix)
		}
		return selector{in: inPath, prefix: s.Prefix}, nil
	case "header":
		if !canonical.Settable(s.name()) || slices.Contains(taken, http.CanonicalHeaderKey(s.name())) {
			return selector{}, flawAt(s.Source, s.name(), "such as: header API-Version", "%q cannot select versions: it is no header field, or has another meaning in HTTP", s.name())
		}
		return selector{in: inHeader, name: http.CanonicalHeaderKey(s.name())}, nil
	case "query":
		return selector{in: inQuery, name: s.name()}, nil
	case "host":
		if s.Name == "" {
			return selector{}, flawAt(s.Source, "host", "such as: host api.example.com, for v2.api.example.com", "host needs the domain below which the hosts of the versions lie")
		}
		if !isDomain(s.Name) {
			return selector{}, flawAt(s.Source, s.Name, "such as: host api.example.com, for v2.api.example.com", "%q is not the domain below which the hosts of the versions lie", s.Name)
		}
		return selector{in: inHost, name: s.Name}, nil
	case claimPlace:
		if s.Name == "" {
			return selector{}, flawAt(s.Source, claimPlace, "such as: claim api_version", "claim needs the name of the claim that pins a consumer to a version")
		}
		return selector{in: inClaim, name: s.Name, strict: s.Strict}, nil
	case "media_type":
		if !slices.Contains([]string{"", "param", "vendor"}, s.Form) {
			return selector{}, flawAt(s.Source, s.Form, finding.Suggest(s.Form, "param", "vendor"), "%q is not a form of media types", s.Form)
		}
		return selector{in: inMediaType, param: s.Form != "vendor", vendor: s.Form != "param"}, nil
	}
	return selector{}, flawAt(s.Source, s.In, finding.Suggest(s.In, "path", "host", "header", "query", "media_type", claimPlace), "%q is not a place that can select versions", s.In)
}

// name fills in the default.
func (s *Selector) name() string {
	switch {
	case s.Name != "":
		return s.Name
	case s.In == "query":
		return versionParameter
	default:
		return defaultField
	}
}

// taken are header fields that tell something else about versions, or the request.
var taken = []string{supportedHeader, brownoutField, exchange.RequestIDHeader}

// isPrefix tells whether a prefix is a plain path of unreserved characters (RFC 3986
// §2.3), which has one spelling.
func isPrefix(prefix string) bool {
	if prefix[0] != '/' || strings.HasSuffix(prefix, "/") || strings.Contains(prefix, "//") {
		return false
	}
	return strings.IndexFunc(prefix, func(c rune) bool {
		return !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("/-._~", c))
	}) < 0
}

// isDomain tells whether a name is a plain host name (RFC 1123 §2.1), in lower case and
// without a port.
func isDomain(name string) bool {
	if len(name) > 200 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// fields works out which header fields the plan is about.
func (p *plan) fields() fields {
	f := fields{name: http.CanonicalHeaderKey(defaultField)}
	for _, s := range p.selectors {
		switch s.in {
		case inHeader:
			f.name = s.name
			f.vary = append(f.vary, s.name)
		case inMediaType:
			f.vary = append(f.vary, "Accept")
			f.varyContent = true
		}
	}
	return f
}
