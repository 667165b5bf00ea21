package canonical

import (
	"net/http"
	"strings"
)

// fieldKind is what a request field can do to what the service sees.
type fieldKind uint8

const (
	ordinary fieldKind = iota
	// forwarding fields are those in which proxies tell about the client. Coming from
	// anybody else they are fiction. X-Forwarded-For, -Proto and -Host are missing
	// because the reverse proxy itself replaces them.
	forwarding
	// override fields let a request mean another method or path than its first line
	// says, in some frameworks. The gateway decided about the first line.
	override
)

func kindOf(key string) fieldKind {
	switch key {
	case "Forwarded", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "X-Cluster-Client-Ip",
		"X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Scheme":
		return forwarding
	case "X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url":
		return override
	}
	return ordinary
}

// Fields removes from a request what would make the service see another request
// than the gateway: forwarding fields unless the peer is a trusted proxy, method and
// path overrides, and upgrades to anything but WebSocket (an h2c connection would
// carry further requests past the policies).
//
// Looking at each field that is there costs less than looking for each that may not be.
func Fields(header http.Header, trusted bool) {
	for key := range header {
		if kind := kindOf(key); kind == override || kind == forwarding && !trusted {
			delete(header, key)
		}
	}
	if upgrades := header["Upgrade"]; upgrades != nil && (len(upgrades) != 1 || !strings.EqualFold(upgrades[0], "websocket")) {
		delete(header, "Upgrade")
		delete(header, "Http2-Settings")
		dropOption(header, "upgrade", "http2-settings")
	}
}

// dropOption removes options from Connection (RFC 9110 §7.6.1).
func dropOption(header http.Header, options ...string) {
	var kept []string
	for _, value := range header["Connection"] {
	next:
		for option := range strings.SplitSeq(value, ",") {
			option = strings.TrimSpace(option)
			for _, unwanted := range options {
				if strings.EqualFold(option, unwanted) {
					continue next
				}
			}
			if option != "" {
				kept = append(kept, option)
			}
		}
	}
	if kept == nil {
		delete(header, "Connection")
		return
	}
	header["Connection"] = []string{strings.Join(kept, ", ")}
}

// Method tells whether the gateway forwards requests with the method at all. CONNECT
// would make a tunnel and TRACE echoes what proxies added (RFC 9110 §9.3.6, §9.3.8).
func Method(method string) bool {
	return method != http.MethodConnect && method != http.MethodTrace
}

// Methods is the Allow field for the methods that are refused everywhere.
const Methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
