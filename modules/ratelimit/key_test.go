package ratelimit

import (
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]part{
		"{http.vars.client_ip}":                          {{kind: partClientIP}},
		"{client_ip}":                                    {{kind: partClientIP}},
		"{http.request.remote.host}":                     {{kind: partRemoteIP}},
		"{http.auth.user.id}":                            {{partUser, "id"}},
		"{http.auth.user.claims.org}":                    {{partUser, "claims.org"}},
		"{http.request.header.x-tenant-id}":              {{partHeader, "X-Tenant-Id"}},
		"{http.gateway.operation} {http.vars.client_ip}": {{partPlaceholder, "http.gateway.operation"}, {kind: partClientIP}},
		"{http.versioning.version}":                      {{partPlaceholder, "http.versioning.version"}},
		"{tenant}":                                       {{partPlaceholder, "tenant"}},
		"{http.request.uri.query.key}":                   {{partPlaceholder, "http.request.uri.query.key"}},
		"global":                                         {{kind: partGlobal}},
	} {
		if got, err := parseKey(strings.Fields(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"tenant":                                 "must be a placeholder",
		"{}":                                     "must be a placeholder",
		"{a}{b}":                                 "must be a placeholder",
		"x{a}":                                   "must be a placeholder",
		"{a":                                     "must be a placeholder",
		"global {http.auth.user.id}":             "stands alone",
		"{tenant} {tenant}":                      "named twice",
		"{http.request.header.X-Forwarded-For}":  "whatever the client says",
		"{http.request.header.forwarded}":        "whatever the client says",
		"{http.request.header.X-REAL-IP}":        "whatever the client says",
		"{http.request.header.CF-Connecting-IP}": "whatever the client says",
		"{env.TENANT}":                           "same for every request",
		"{time.now.unix}":                        "changes with time",
		"{http.request.uuid}":                    "differs from request to request",
		"{http.request.remote.port}":             "differs from request to request",
		"{http.gateway.request_id}":              "differs from request to request",
		"{http.gateway.rote}":                    "does not exist",
		"{http.versioning.id}":                   "does not exist",
		"{http.auth.id}":                         "does not exist",
		"{http.auth.user.}":                      "does not exist",
		"{http.reverse_proxy.status_code}":       "not known yet",
	} {
		if _, err := parseKey(strings.Fields(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestAddressesOfOneClient(t *testing.T) {
	t.Parallel()
	usual := network{32, 64}
	for _, tt := range []struct {
		name    string
		network network
		a, b    string
		same    bool
	}{
		{"one address", usual, "192.0.2.1", "192.0.2.1", true},
		{"two addresses", usual, "192.0.2.1", "192.0.2.2", false},
		{"mapped into IPv6", usual, "192.0.2.1", "::ffff:192.0.2.1", true},
		{"mapped, in hex", usual, "192.0.2.1", "::FFFF:c000:201", true},
		{"mapped, another address", usual, "192.0.2.1", "::ffff:192.0.2.2", false},
		{"compatible is not mapped", usual, "192.0.2.1", "::192.0.2.1", false},
		{"one /64", usual, "2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
		{"one /64, long spelling", usual, "2001:db8::1", "2001:0DB8:0000:0000:0000:0000:0000:0001", true},
		{"two /64", usual, "2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"zone", usual, "fe80::1%eth0", "fe80::1%eth1", true},
		{"by /48", network{32, 48}, "2001:db8:1:2::1", "2001:db8:1:3::1", true},
		{"by /128", network{32, 128}, "2001:db8::1", "2001:db8::2", false},
		{"IPv4 by /24", network{24, 64}, "192.0.2.1", "192.0.2.200", true},
		{"IPv4 by /24, another", network{24, 64}, "192.0.2.1", "192.0.3.1", false},
		{"mapped counts as IPv4", network{24, 64}, "::ffff:192.0.2.1", "::ffff:192.0.3.1", false},
		{"zero network", network{1, 1}, "0.0.0.1", "::1", false},
	} {
		a, okA := parseAddress(tt.a)
		b, okB := parseAddress(tt.b)
		if !okA || !okB {
			t.Fatalf("%s: unreadable", tt.name)
		}
		got := hashKey(tt.network.append(nil, a)) == hashKey(tt.network.append(nil, b))
		if got != tt.same {
			t.Errorf("%s: %s and %s share: %t, want %t", tt.name, tt.a, tt.b, got, tt.same)
		}
	}
}

func TestPartsDoNotRunTogether(t *testing.T) {
	t.Parallel()
	seen := make(map[partition]string)
	add := func(name string, key []byte) {
		if other, ok := seen[hashKey(key)]; ok {
			t.Errorf("%s and %s share", name, other)
		}
		seen[hashKey(key)] = name
	}
	two := func(a, b string) []byte { return appendText(appendText([]byte{keyed}, a), b) }
	add("ab c", two("ab", "c"))
	add("a bc", two("a", "bc"))
	add("abc and nothing", two("abc", ""))
	add("nothing and abc", two("", "abc"))
	add("abc alone", appendText([]byte{keyed}, "abc"))
	address := netip.MustParseAddr("192.0.2.1")
	add("address as key", network{32, 64}.append([]byte{keyed}, address))
	add("address as fallback", network{32, 64}.append([]byte{byAddress}, address))
	add("text of an address", appendText([]byte{keyed}, "192.0.2.1"))
	one, _ := appendField([]byte{keyed}, []string{"a, b"})
	several, _ := appendField([]byte{keyed}, []string{"a", "b"})
	add("one field line", one)
	add("two field lines", several)
}

func TestEmptyFieldIsNoKey(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{nil, {""}, {"", ""}} {
		if _, found := appendField(nil, values); found {
			t.Errorf("%q counts as a key", values)
		}
	}
	if _, found := appendField(nil, []string{"", "x"}); !found {
		t.Error("a value behind an empty one was not found")
	}
}

func TestForwardingFieldsAreCanonical(t *testing.T) {
	t.Parallel()
	for _, field := range forwardingFields {
		if http.CanonicalHeaderKey(field) != field {
			t.Errorf("%s would never match", field)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"{client_ip}", "global", "{http.auth.user.id} {a}", "{", "{http.request.header.}", "{a\x00}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Fields(text)
		parts, err := parseKey(words)
		if err == nil && len(parts) != len(words) {
			t.Fatalf("%q became %d parts", text, len(parts))
		}
	})
}
