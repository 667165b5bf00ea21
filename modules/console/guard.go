package console

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// loopback tells whether a host is this machine and nobody else.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// policy lets the page load its own files and nothing else, and be framed by nobody.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses requests that a foreign page has brought about: by a name that leads
// here (DNS rebinding) or from its own origin.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		switch {
		case !loopback(hostOf(r.Host)):
			http.Error(w, "The console answers to localhost only.", http.StatusMisdirectedRequest)
		case foreign(r):
			http.Error(w, "The console answers to its own page only.", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// hostOf takes the port off a Host field.
func hostOf(field string) string {
	if host, _, err := net.SplitHostPort(field); err == nil {
		return host
	}
	return strings.Trim(field, "[]")
}

// foreign tells whether another site's page asks (Fetch Metadata). Typing the address
// and following a link are "none" and a navigation. Browsers that do not say so name at
// least the origin, where a page of another asks.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "":
		return otherOrigin(r)
	case "same-origin", "none":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// otherOrigin tells whether the request names an origin that is not the console's.
func otherOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	from, err := url.Parse(origin)
	return err != nil || from.Host != r.Host
}
