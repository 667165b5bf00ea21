package exchange

import (
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/google/uuid"
)

// varKey is the request variable that holds the exchange.
const varKey = "gateway"

// RequestIDHeader carries the request id, in and out.
const RequestIDHeader = "X-Request-Id"

// maxRequestID bounds an id taken over from a trusted proxy, in bytes.
const maxRequestID = 128

// From returns the exchange of a request, or nil if no gateway handler has seen it.
func From(r *http.Request) *Exchange {
	x, _ := Look(r)
	return x
}

// Vars are the variables that Caddy keeps of a request.
type Vars map[string]any

// Look is From for the handlers that may be the first: it also returns the variables of
// the request, which Run would have to look for again.
func Look(r *http.Request) (*Exchange, Vars) {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	x, _ := vars[varKey].(*Exchange)
	return x, vars
}

// RequestIDOf returns the id of a request, or "" if no gateway handler has seen it.
func RequestIDOf(r *http.Request) string {
	if x := From(r); x != nil {
		return x.RequestID
	}
	return ""
}

// requestID returns the id of the request. An id from outside is taken over only
// from a trusted proxy and only if it is short and plain: it ends up in logs.
func requestID(r *http.Request, trusted bool, now time.Time) string {
	if trusted {
		if ids := r.Header[RequestIDHeader]; len(ids) == 1 && plain(ids[0]) {
			return ids[0]
		}
	}
	return newID(now).String()
}

// newID returns a UUIDv7 (RFC 9562 §5.7): it sorts by time, to the millisecond. The
// rest is random, but need not be secret.
func newID(now time.Time) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|rand.Uint64()&0xffff)
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

func plain(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}

// placeholders gives the values of
//
//	{http.gateway.request_id}  {http.gateway.api}  {http.gateway.route}  {http.gateway.operation}
//	{http.gateway.reason}      the reason of the refusal
//	{http.versioning.version}
//	{http.canary.group}
//	{http.auth.user.*}         of the verified caller only
func (x *Exchange) placeholders(key string) (any, bool) {
	name, ok := strings.CutPrefix(key, "http.")
	if !ok {
		return nil, false
	}
	if user, ok := strings.CutPrefix(name, "auth.user."); ok {
		if x.Identity == nil {
			return nil, false
		}
		return x.Identity.Placeholder(user)
	}
	if name == "versioning.version" {
		return x.Version, x.Version != ""
	}
	if name == "canary.group" {
		return x.Group.String(), x.Group != NoGroup
	}
	field, ok := strings.CutPrefix(name, "gateway.")
	if !ok {
		return nil, false
	}
	return x.placeholder(field)
}

func (x *Exchange) placeholder(field string) (any, bool) {
	switch field {
	case "request_id":
		return x.RequestID, true
	case "reason":
		if x.Refusal == nil {
			return "", true
		}
		return x.Refusal.Reason.Code, true
	}
	if x.Route == nil {
		return nil, false
	}
	switch field {
	case "api":
		return x.Route.API, true
	case "route":
		return x.Route.Template, true
	case "operation":
		return x.Route.Operation, true
	}
	return nil, false
}

// Expose makes the exchange's placeholders known to the request's replacer, once. It
// is called where somebody may ask for one: requests that are refused before that are
// spared the cost.
func (x *Exchange) Expose(r *http.Request) {
	if x.exposed {
		return
	}
	x.exposed = true
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(x.placeholders)
	}
}

// logged tells whether the server writes an access log, which asks for {http.auth.user.id}.
func logged(r *http.Request) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return ok && server.Logs != nil
}

// varies tells whether the values of a Vary field already name field, or everything.
func varies(values []string, field string) bool {
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name == "*" || strings.EqualFold(name, field) {
				return true
			}
		}
	}
	return false
}
