package ratelimit

import (
	"net/http"
	"net/netip"

	"gateway/internal/exchange"
)

// keyCapacity is the room for a key on the stack; longer ones cost an allocation.
const keyCapacity = 128

// partition finds the partition that a request counts towards. It is false if the
// request lacks the key; the partition is then that of its address.
func (p *policy) partition(c *claim, x *exchange.Exchange, r *http.Request) bool {
	var buffer [keyCapacity]byte
	key, found := p.appendKey(buffer[:0], x, r)
	c.key = p.hash(key)
	if p.shared == nil && p.store != nil {
		p.store.expect(c.key)
	}
	if p.shared != nil && p.leases == nil {
		c.digest = digestOf(key)
	}
	return found
}

// visitor is a request as the policies know it.
type visitor struct {
	x *exchange.Exchange
	r *http.Request
}

// digest computes the name of the visitor's partition in the shared store.
func (p *policy) digest(v visitor) digest {
	var buffer [keyCapacity]byte
	key, _ := p.appendKey(buffer[:0], v.x, v.r)
	return digestOf(key)
}

// appendKey appends the key of a request, or that of its address if it lacks the key.
func (p *policy) appendKey(key []byte, x *exchange.Exchange, r *http.Request) ([]byte, bool) {
	whole, found := append(key, keyed), true
	for i := range p.key {
		if whole, found = p.appendPart(whole, &p.key[i], x, r); !found {
			return p.fallback(key, r), false
		}
	}
	return whole, true
}

// fallback returns the key of the client's address. Requests without one share a
// partition: not knowing the client is no free pass.
func (p *policy) fallback(key []byte, r *http.Request) []byte {
	if addr, ok := clientIPOf(r); ok {
		return p.network.append(append(key, byAddress), addr)
	}
	return append(key, byNothing)
}

// appendPart appends the value of one part of the key, and tells whether the request
// has it. An empty value is none.
func (p *policy) appendPart(key []byte, part *part, x *exchange.Exchange, r *http.Request) ([]byte, bool) {
	switch part.kind {
	case partGlobal:
		return key, true
	case partClientIP:
		addr, ok := clientIPOf(r)
		return p.network.append(key, addr), ok
	case partRemoteIP:
		addr, ok := peerOf(r)
		return p.network.append(key, addr), ok
	case partHeader:
		return appendField(key, r.Header[part.name])
	case partUser:
		value := userOf(x, r, part.name)
		return appendText(key, value), value != ""
	default:
		value := placeholder(r, part.name)
		return appendText(key, value), value != ""
	}
}

// appendField appends all values of a field. None, or empty ones, are no key.
func appendField(key []byte, values []string) ([]byte, bool) {
	found := false
	for _, value := range values {
		key, found = appendText(key, value), found || value != ""
	}
	return key, found
}

// clientIPOf returns the client's address, and the peer's if that is unreadable.
func clientIPOf(r *http.Request) (netip.Addr, bool) {
	if addr, ok := parseAddress(clientAddress(r)); ok {
		return addr, true
	}
	return peerOf(r)
}

func peerOf(r *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr(), err == nil
}

// userOf returns a property of the verified caller: what auth found, or else what one
// of Caddy's own authentication handlers did.
func userOf(x *exchange.Exchange, r *http.Request, name string) string {
	if x.Identity != nil {
		if name == "id" {
			return x.Identity.Subject() // the commonest key, without boxing it
		}
		value, _ := x.Identity.Placeholder(name)
		if text, ok := value.(string); ok {
			return text
		}
	}
	return placeholder(r, "http.auth.user."+name)
}
