package canonical

import (
	"net/http"
	"slices"
	"strings"
)

// DropField removes a field that only the gateway may set from a client's request, in
// every spelling that an upstream could take for it, and from the list of fields that
// the proxy is asked to remove. name is canonical.
func DropField(header http.Header, name string) {
	for key := range header {
		if len(key) == len(name) && sameField(key, name) {
			delete(header, key)
		}
	}
	if values, ok := header["Connection"]; ok {
		header["Connection"] = withoutOption(values, name)
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
			if option = strings.Trim(option, " \t"); option != "" && !isField(option, name) {
				kept = append(kept, option)
			}
		}
	}
	return kept
}

func mentions(value, name string) bool {
	for option := range strings.SplitSeq(value, ",") {
		if isField(strings.Trim(option, " \t"), name) {
			return true
		}
	}
	return false
}

func isField(option, name string) bool {
	return len(option) == len(name) && sameField(option, name)
}

// taken are header fields that the gateway could not overwrite without breaking HTTP.
var taken = []string{
	"Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type",
	"Cookie", "Date", "Deprecation", "Expect", "Host", "Link", "Location", "Set-Cookie", "Sunset", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Vary", "Via", "Www-Authenticate",
}

// Settable tells whether a name is that of a header field that the gateway may set: a
// token (RFC 9110 §5.6.2) without another meaning in HTTP.
func Settable(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return name != "" && !slices.Contains(taken, http.CanonicalHeaderKey(name))
}
