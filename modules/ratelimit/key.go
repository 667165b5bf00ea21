package ratelimit

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
)

// partKind says where a part of the partition key comes from.
type partKind uint8

const (
	partClientIP    partKind = iota // the client's address, after trusted proxies
	partRemoteIP                    // the peer's address
	partUser                        // a property of the verified caller
	partHeader                      // a request field
	partPlaceholder                 // anything else that Caddy knows
	partGlobal                      // one partition for everybody
)

// part is one part of a partition key, resolved at load.
type part struct {
	kind partKind
	// name is the property, the canonical field name or the placeholder.
	name string
}

// global is the key of a policy that all clients share.
const global = "global"

// clientIP is the key of a policy that names none.
var clientIP = []string{"{http.vars.client_ip}"}

// parseKey resolves the words of a key.
func parseKey(words []string) ([]part, error) {
	if slices.Contains(words, global) && len(words) > 1 {
		return nil, &fault{fmt.Sprintf("key %q stands alone: it is one partition for everybody", global), ""}
	}
	parts := make([]part, 0, len(words))
	for _, word := range words {
		p, err := parsePart(word)
		if err != nil {
			return nil, err
		}
		if slices.Contains(parts, p) {
			return nil, &fault{fmt.Sprintf("key %q is named twice", word), "remove one of them"}
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func parsePart(word string) (part, error) {
	if word == global {
		return part{kind: partGlobal}, nil
	}
	name, ok := strings.CutPrefix(word, "{")
	if name, ok = strings.CutSuffix(name, "}"); !ok || word[0] != '{' || name == "" || strings.ContainsAny(name, "{} \t\r\n") {
		return part{}, &fault{fmt.Sprintf("key %q must be a placeholder, or the word %s", word, global), "such as: key {http.auth.user.id}"}
	}
	if reason, hint := useless(name); reason != "" {
		return part{}, &fault{fmt.Sprintf("key %q %s", word, reason), hint}
	}
	switch name {
	case "http.vars.client_ip", "client_ip":
		return part{kind: partClientIP}, nil
	case "http.request.remote.host", "remote_host":
		return part{kind: partRemoteIP}, nil
	}
	if user, ok := strings.CutPrefix(name, "http.auth.user."); ok {
		return part{partUser, user}, nil
	}
	if field, ok := strings.CutPrefix(name, "http.request.header."); ok {
		return headerPart(word, field)
	}
	return part{partPlaceholder, name}, nil
}

// forwardingFields are the request fields in which proxies name the client. Anyone
// may send them; only Caddy knows which proxies to believe.
var forwardingFields = []string{
	"X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip",
	"True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip",
}

func headerPart(word, field string) (part, error) {
	field = textproto.CanonicalMIMEHeaderKey(field)
	if slices.Contains(forwardingFields, field) {
		return part{}, &fault{fmt.Sprintf("key %q is whatever the client says it is, so nobody would ever be refused", word),
			"use {client_ip}, and tell Caddy whom to believe: servers { trusted_proxies static 10.0.0.0/8 }"}
	}
	return part{partHeader, field}, nil
}

// gatewayNames are the placeholders that the gateway itself provides, besides
// those of the verified caller.
var gatewayNames = []string{
	"http.gateway.api", "http.gateway.route", "http.gateway.operation", "http.versioning.version",
}

// perRequest are placeholders that are new with each request.
var perRequest = []string{
	"http.request.uuid", "http.gateway.request_id", "http.gateway.reason", "http.request.remote", "http.request.remote.port",
	"http.request.duration", "http.request.duration_ms", "http.request.body", "http.request.body_base64",
}

// useless tells why a placeholder cannot be a key, or "": because it does not exist,
// is the same for everybody, or is never the same.
func useless(name string) (reason, hint string) {
	root, rest, _ := strings.Cut(name, ".")
	family, member, _ := strings.Cut(rest, ".")
	switch {
	case root == "env" || root == "file" || root == "system":
		return "is the same for every request", "for one quota that everybody shares: key " + global
	case root == "time":
		return "changes with time, which would give everybody a new quota", ""
	case slices.Contains(perRequest, name):
		return "differs from request to request, so nobody would ever be refused", ""
	case root != "http":
		return "", "" // may be set by directives such as map
	}
	switch family {
	case "error", "reverse_proxy", "response", "intercept":
		return "is not known yet when the limit is checked", ""
	case "gateway", "versioning":
		if !slices.Contains(gatewayNames, name) {
			return "does not exist", "there are {" + strings.Join(gatewayNames, "}, {") + "}"
		}
	case "auth":
		if user, ok := strings.CutPrefix(member, "user."); !ok || user == "" {
			return "does not exist", "such as {http.auth.user.id} or {http.auth.user.claims.plan}"
		}
	}
	return "", ""
}

// early checks that a key, or what tells tiers apart, is known before auth.
func early(config Policy) error {
	words := append(append([]string(nil), config.Key...), config.TierBy)
	for _, word := range words {
		if strings.Contains(word, "http.auth.") {
			return &fault{fmt.Sprintf("%s is not known before auth", word), "count by {client_ip} there, and by the caller in a second ratelimit"}
		}
	}
	return nil
}

// seeds are those of this process. Two make the hash 96 bits wide: among a million
// partitions, that two share one quota by accident has a chance below 1 in 10^16.
// Nobody outside knows the seeds, so nobody can look for a key that spends the quota
// of another, or for keys that crowd one shard.
var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func hashKey(key []byte) partition {
	return partition{maphash.Bytes(seeds[0], key), uint32(maphash.Bytes(seeds[1], key))}
}

// The first byte of a key says what it was made of, so that a caller named
// "192.0.2.1" never meets the address of that name.
const (
	keyed     = 'k' // by the policy's key
	byAddress = 'a' // by the address, for want of a key
	byNothing = 'n' // for want of an address, too: all such requests share
)

// appendText appends one part of a key. The length in front keeps "ab", "c" apart
// from "a", "bc".
func appendText(key []byte, text string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(text))), text...)
}

// network is how many bits of an address tell clients apart.
type network struct{ v4, v6 int }

// append appends the network of an address in its canonical form, whatever its
// spelling: an IPv4 address mapped into IPv6 is that IPv4 address (RFC 4291
// §2.5.5.2), and a zone (RFC 4007) does not count.
func (n network) append(key []byte, addr netip.Addr) []byte {
	addr = addr.Unmap()
	bits := n.v6
	if addr.Is4() {
		bits = n.v4
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return key // the bits were checked at load
	}
	octets := prefix.Addr().As16()
	return append(append(key, byte(addr.BitLen())), octets[:]...)
}

// parseAddress reads the text of an address, with or without a zone.
func parseAddress(text string) (netip.Addr, bool) {
	text, _, _ = strings.Cut(text, "%")
	addr, err := netip.ParseAddr(text)
	return addr, err == nil
}
