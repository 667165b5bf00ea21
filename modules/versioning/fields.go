package versioning

import (
	"net/http"
	"strings"

	"gateway/internal/exchange"
)

// fields knows which header fields of requests and responses belong to versioning.
type fields struct {
	// name is the canonical name of the field that tells the version to the upstream
	// and the client: the selecting header, or else Api-Version.
	name string
	// vary are the request fields that select versions (RFC 9110 §12.5.5).
	vary []string
	// varyContent tells that Content-Type selects too, where there is content.
	varyContent bool
}

// defaultField tells the version where no header selects it.
const defaultField = "API-Version"

// tell writes the version and what is known about it into the request for the
// upstream and into the response.
//
// The values are one allocation that belongs to this request: Caddy's header and
// request_header directives replace within the slices that they find, so nothing
// shared may stand there.
func (f *fields) tell(x *exchange.Exchange, w http.ResponseWriter, r *http.Request, version string, n *notice) {
	f.drop(r.Header)
	values := make([]string, 6)
	value := func(i int, s string) []string {
		values[i] = s
		return values[i : i+1 : i+1]
	}
	r.Header[f.name] = value(0, version)
	x.OwnHeader(f.name, value(1, version))
	if n.deprecation != "" {
		x.OwnHeader("Deprecation", value(2, n.deprecation))
	}
	if n.sunset != "" {
		x.OwnHeader("Sunset", value(3, n.sunset))
	}
	if n.brownouts != "" {
		x.OwnHeader(brownoutField, value(5, n.brownouts))
	}
	if n.link != "" {
		addLink(w.Header(), value(4, n.link))
	}
}

// addLink adds our links to those that are there. The field is not owned: the
// upstream's own links, such as those between pages, have to stay.
func addLink(header http.Header, link []string) {
	if present := header["Link"]; len(present) > 0 {
		link = append(present, link...)
	}
	header["Link"] = link
}

// drop removes the client's own version field from the request, in every spelling
// that an upstream could take for it, and from the list of fields that the proxy is
// asked to remove.
func (f *fields) drop(header http.Header) {
	for key := range header {
		if len(key) == len(f.name) && sameField(key, f.name) {
			delete(header, key)
		}
	}
	if values, ok := header["Connection"]; ok {
		header["Connection"] = withoutOption(values, f.name)
	}
}

// sameField tells whether a server might read both names as one: without case, and
// with underscores or dots for dashes, as CGI does.
func sameField(key, name string) bool {
	for i := 0; i < len(key); i++ {
		if foldByte(key[i]) != foldByte(name[i]) {
			return false
		}
	}
	return true
}

func foldByte(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c | 0x20
	case c == '_' || c == '.':
		return '-'
	default:
		return c
	}
}

// withoutOption removes a connection option (RFC 9110 §7.6.1). A client that names
// our field there would have the proxy remove it again. Values without the option
// are returned as they are.
func withoutOption(values []string, name string) []string {
	found := false
	for _, value := range values {
		found = found || mentions(value, name)
	}
	if !found {
		return values
	}
	var kept []string
	for _, value := range values {
		for option := range strings.SplitSeq(value, ",") {
			if option = trim(option); option != "" && !isField(option, name) {
				kept = append(kept, option)
			}
		}
	}
	return kept
}

func mentions(value, name string) bool {
	for option := range strings.SplitSeq(value, ",") {
		if isField(trim(option), name) {
			return true
		}
	}
	return false
}

func isField(option, name string) bool {
	return len(option) == len(name) && sameField(option, name)
}
