package auth

import (
	"net/url"
	"strings"
)

// isTarget compares htu with the target of a request, without query and fragment, and
// with both normalised (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3).
func (d *dpop) isTarget(htu, scheme, host, target string) bool {
	claimed, err := url.Parse(htu)
	if err != nil || claimed.Host == "" || claimed.User != nil || claimed.Opaque != "" {
		return false
	}
	origin := d.origin
	if origin == "" {
		origin = originOf(scheme, host)
	}
	return originOf(claimed.Scheme, claimed.Host) == origin && normalPath(claimed.EscapedPath()) == normalPath(pathOf(target))
}

// originOf joins scheme and host, lower case and without the default port.
func originOf(scheme, host string) string {
	scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// pathOf is the path of a request target, which is a path or, to a proxy, a URL.
func pathOf(target string) string {
	if !strings.HasPrefix(target, "/") {
		if u, err := url.Parse(target); err == nil {
			return u.EscapedPath()
		}
	}
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		return target[:i]
	}
	return target
}

// normalPath decodes what need not be encoded, and writes the other escapes in
// capitals. Dot segments are left alone: a path that has some is never forwarded.
func normalPath(path string) string {
	if path == "" {
		return "/"
	}
	if strings.IndexByte(path, '%') < 0 {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		high, low := unhex(path[i+1]), unhex(path[i+2])
		if high > 15 || low > 15 {
			b.WriteByte(path[i])
			continue
		}
		if c := high<<4 | low; unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// unreserved characters mean the same encoded or not (RFC 3986 §2.3).
func unreserved(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '.' || c == '_' || c == '~'
}
