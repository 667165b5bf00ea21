package versioning

import (
	"net/http"

	"gateway/internal/canonical"
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

// drop removes the client's own version field from the request.
func (f *fields) drop(header http.Header) { canonical.DropField(header, f.name) }
