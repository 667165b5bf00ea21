package canonical

import (
	"net/http"
	"strings"
)

// forwarding are the fields in which proxies tell about the client. Coming from
// anybody else they are fiction. X-Forwarded-For, -Proto and -Host are missing here
// because the reverse proxy itself replaces them.
var forwarding = []string{
	"Forwarded", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "X-Cluster-Client-Ip",
	"X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Scheme",
}

// overrides are the fields with which frameworks let a request mean another method
// or path than its first line says. The gateway decided about the first line.
var overrides = []string{
	"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url",
}

// Fields removes from a request what would make the service see another request
// than the gateway: forwarding fields unless the peer is a trusted proxy, method and
// path overrides, and upgrades to anything but WebSocket (an h2c connection would
// carry further requests past the policies).
func Fields(header http.Header, trusted bool) {
	if !trusted {
		for _, key := range forwarding {
			delete(header, key)
		}
	}
	for _, key := range overrides {
		delete(header, key)
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
