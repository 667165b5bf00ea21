package ratelimit

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// requestFrom makes a request as Caddy hands it to handlers.
func requestFrom(clientIP string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	replacer := caddy.NewEmptyReplacer()
	replacer.Set("tenant", "{http.request.header.Secret}")
	ctx := context.WithValue(r.Context(), caddyhttp.VarsCtxKey, map[string]any{caddyhttp.ClientIPVarKey: clientIP})
	ctx = context.WithValue(ctx, caddy.ReplacerCtxKey, replacer)
	return r.WithContext(ctx)
}

// caller is a verified caller with an id.
type caller string

func (c caller) Subject() string { return string(c) }

func (caller) Claim(string) (any, bool) { return nil, false }

func (c caller) Placeholder(name string) (any, bool) {
	if name != "id" {
		return nil, false
	}
	return string(c), true
}

func TestWhoSharesAQuota(t *testing.T) {
	t.Parallel()
	type request struct {
		ip     string
		user   exchange.Identity
		header []string
	}
	for _, tt := range []struct {
		name   string
		policy Policy
		a, b   request
		same   bool
	}{
		{"one address", Policy{}, request{ip: "192.0.2.1"}, request{ip: "192.0.2.1"}, true},
		{"two addresses", Policy{}, request{ip: "192.0.2.1"}, request{ip: "192.0.2.2"}, false},
		{"no address, so the peer's", Policy{}, request{ip: "nonsense"}, request{ip: ""}, true},
		{"one user, two addresses", Policy{Key: []string{"{http.auth.user.id}"}},
			request{ip: "192.0.2.1", user: caller("ann")}, request{ip: "192.0.2.2", user: caller("ann")}, true},
		{"two users, one address", Policy{Key: []string{"{http.auth.user.id}"}},
			request{ip: "192.0.2.1", user: caller("ann")}, request{ip: "192.0.2.1", user: caller("bob")}, false},
		{"nobody, one address", Policy{Key: []string{"{http.auth.user.id}"}},
			request{ip: "192.0.2.1"}, request{ip: "192.0.2.1", user: caller("")}, true},
		{"nobody, two addresses", Policy{Key: []string{"{http.auth.user.id}"}},
			request{ip: "192.0.2.1"}, request{ip: "192.0.2.2"}, false},
		{"a user called like nobody's address", Policy{Key: []string{"{http.auth.user.id}"}},
			request{ip: "192.0.2.1"}, request{ip: "192.0.2.1", user: caller("192.0.2.1")}, false},
		{"header, spelled differently", Policy{Key: []string{"{http.request.header.x-tenant}"}},
			request{header: []string{"X-Tenant", "a"}}, request{header: []string{"x-tenant", "a"}}, true},
		{"header, another value", Policy{Key: []string{"{http.request.header.X-Tenant}"}},
			request{header: []string{"X-Tenant", "a"}}, request{header: []string{"X-Tenant", "b"}}, false},
		{"no header, so the address", Policy{Key: []string{"{http.request.header.X-Tenant}"}},
			request{ip: "192.0.2.1"}, request{ip: "192.0.2.1", header: []string{"X-Tenant", ""}}, true},
		{"placeholders are looked up, not expanded", Policy{Key: []string{"{tenant}"}},
			request{header: []string{"Secret", "a"}}, request{header: []string{"Secret", "b"}}, true},
		{"global", Policy{Key: []string{"global"}}, request{ip: "192.0.2.1"}, request{ip: "192.0.2.2"}, true},
		{"user and header", Policy{Key: []string{"{http.auth.user.id}", "{http.request.header.X-Tenant}"}},
			request{user: caller("ann"), header: []string{"X-Tenant", "a"}}, request{user: caller("ann"), header: []string{"X-Tenant", "b"}}, false},
	} {
		tt.policy.Quota = "1/1h"
		h := handlerOf(t, tt.policy)
		decide := func(q request) *problem.Refusal {
			return h.Decide(&exchange.Exchange{Identity: q.user}, nil, requestFrom(q.ip, q.header...))
		}
		if decide(tt.a) != nil {
			t.Fatalf("%s: the first request was refused", tt.name)
		}
		if same := decide(tt.b) != nil; same != tt.same {
			t.Errorf("%s: shared %t, want %t", tt.name, same, tt.same)
		}
	}
}

func TestMissingKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		missing Missing
		want    []*problem.Reason // of three requests without the key
	}{
		{"", []*problem.Reason{nil, problem.LimitExceeded, problem.LimitExceeded}},
		{MissingIP, []*problem.Reason{nil, problem.LimitExceeded, problem.LimitExceeded}},
		{MissingSkip, []*problem.Reason{nil, nil, nil}},
		{MissingDeny, []*problem.Reason{problem.LimitKeyMissing, problem.LimitKeyMissing, problem.LimitKeyMissing}},
	} {
		h := handlerOf(t, Policy{Quota: "1/1h", Key: []string{"{http.request.header.X-Tenant}"}, Missing: tt.missing})
		for i, want := range tt.want {
			var got *problem.Reason
			if f := h.Decide(&exchange.Exchange{}, nil, requestFrom("192.0.2.1")); f != nil {
				got = f.Reason
			}
			if got != want {
				t.Errorf("missing %q, request %d: got %v, want %v", tt.missing, i, got, want)
			}
		}
	}
}

func TestNoAddressIsNoFreePass(t *testing.T) {
	t.Parallel()
	h := handlerOf(t, Policy{Quota: "1/1h"})
	for i := range 2 {
		r := requestFrom("")
		r.RemoteAddr = "@" // a Unix socket
		if f := h.Decide(&exchange.Exchange{}, nil, r); (f != nil) != (i == 1) {
			t.Errorf("request %d: got %v", i, f)
		}
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	h := handlerOf(t, Policy{Name: "p", Quota: "10/1h"})
	h.smallestBurst = 10
	operation := func(cost any) *openapi.Operation {
		return &openapi.Operation{ID: "export", Extensions: map[string]any{costExtension: cost}, Source: openapi.Position{File: "openapi.yaml", Line: 7}}
	}
	for _, tt := range []struct {
		op   *openapi.Operation
		want any
		err  string
	}{
		{nil, nil, ""},
		{&openapi.Operation{}, nil, ""},
		{operation(1), nil, ""},
		{operation(3.0), int64(3), ""},
		{operation(json.Number("10")), int64(10), ""},
		{operation(uint64(0)), int64(0), ""},
		{operation(11), nil, "openapi.yaml:7: x-ratelimit-cost 11 is more than the burst 10 of policy \"p\", so export would always be refused"},
		{operation(-1), nil, "openapi.yaml:7: x-ratelimit-cost of export must be a whole number of quota units, at least 0"},
		{operation(1.5), nil, "openapi.yaml:7: x-ratelimit-cost of export must be a whole number of quota units, at least 0"},
		{operation("2"), nil, "openapi.yaml:7: x-ratelimit-cost of export must be a whole number of quota units, at least 0"},
	} {
		got, err := h.Bind(tt.op, nil)
		if got != tt.want || (err == nil) != (tt.err == "") || (err != nil && err.Error() != tt.err) {
			t.Errorf("%+v: got %v, %v, want %v, %q", tt.op, got, err, tt.want, tt.err)
		}
	}
	for _, tt := range []struct {
		prepared any
		allowed  int // requests out of ten
	}{{int64(4), 2}, {int64(0), 10}, {int64(99), 1}, {nil, 10}} {
		h := handlerOf(t, Policy{Quota: "10/1h"})
		h.smallestBurst = 10
		x := &exchange.Exchange{Route: &exchange.Route{}}
		x.Route.Prepared[exchange.RateLimit] = tt.prepared
		allowed := 0
		for range 10 {
			if h.Decide(x, nil, requestFrom("192.0.2.1")) == nil {
				allowed++
			}
		}
		if allowed != tt.allowed {
			t.Errorf("cost %v: %d requests passed, want %d", tt.prepared, allowed, tt.allowed)
		}
	}
}

func TestUnnamedPoliciesAreNumbered(t *testing.T) {
	t.Parallel()
	h := handlerOf(t, Policy{Quota: "1/1s"}, Policy{Quota: "2/1s"}, Policy{Name: "mine", Quota: "3/1s"}, Policy{Quota: "4/1s"})
	if err := h.tellApart(h.policies); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`"default";q=1;w=1`, `"default-2";q=2;w=1`, `"mine";q=3;w=1`, `"default-3";q=4;w=1`} {
		if got := h.policies[i].item; got != want {
			t.Errorf("policy %d: %s, want %s", i, got, want)
		}
	}
	twice := handlerOf(t, Policy{Name: "a", Quota: "1/1s"}, Policy{Name: "a", Quota: "2/1s"})
	if err := twice.tellApart(twice.policies); err == nil {
		t.Error("two policies of one name passed")
	}
	shared := handlerOf(t, Policy{Quota: "1/1s"}, Policy{Quota: "2/1s"})
	shared.policies[1].store = shared.policies[0].store
	if err := shared.tellApart(shared.policies); err == nil {
		t.Error("two policies with one store passed, and would lock it twice")
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	id := func(scope, source string, p Policy) identity {
		return (&Handler{Scope: scope, Source: source, Policies: []Policy{p}}).identity(0)
	}
	base := id("", "Caddyfile:3", Policy{Name: "a", Quota: "1/1s"})
	for name, tt := range map[string]struct {
		got  identity
		same bool
	}{
		"other numbers":      {id("", "Caddyfile:3", Policy{Name: "a", Quota: "9/1h", Burst: 3, MaxKeys: 9, Missing: MissingDeny}), true},
		"another place":      {id("x", "Caddyfile:9", Policy{Name: "a", Quota: "1/1s"}), true},
		"defaults spelt out": {id("", "", Policy{Name: "a", Key: []string{"{http.vars.client_ip}"}, IPv4Prefix: 32, IPv6Prefix: 64}), true},
		"another name":       {id("", "Caddyfile:3", Policy{Name: "b"}), false},
		"another key":        {id("", "Caddyfile:3", Policy{Name: "a", Key: []string{"global"}}), false},
		"another prefix":     {id("", "Caddyfile:3", Policy{Name: "a", IPv6Prefix: 48}), false},
		"no name":            {id("", "Caddyfile:3", Policy{}), false},
	} {
		if same := tt.got == base; same != tt.same {
			t.Errorf("%s: shared %t, want %t", name, same, tt.same)
		}
	}
	if id("directive 1", "Caddyfile:3", Policy{}) != id("directive 1", "Caddyfile:9", Policy{}) {
		t.Error("moving a line loses the state of a policy without a name")
	}
	if id("directive 1", "Caddyfile:3", Policy{}) == id("directive 2", "Caddyfile:3", Policy{}) {
		t.Error("two directives share a policy without a name")
	}
}

// TestAllocations is the gate for what a limit may cost a request.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	user := []string{"{http.auth.user.id}"}
	for _, tt := range []struct {
		name   string
		policy Policy
		most   float64
	}{
		{"by address", Policy{Quota: "1000000/1s"}, 2},
		{"by user", Policy{Quota: "1000000/1s", Key: user}, 3}, // one is the identity's
		{"by header", Policy{Quota: "1000000/1s", Key: []string{"{http.request.header.X-Tenant}"}}, 2},
		{"refused", Policy{Quota: "1/1h", Key: []string{"global"}}, 3},
	} {
		h := handlerOf(t, tt.policy)
		h.tellLimits = true
		x := &exchange.Exchange{Identity: caller("somebody with a name that is long enough")}
		r := requestFrom("2001:db8::1", "X-Tenant", "a")
		h.Decide(x, nil, r)
		got := testing.AllocsPerRun(1000, func() {
			*x = exchange.Exchange{Identity: x.Identity}
			h.Decide(x, nil, r)
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, at most %v", tt.name, got, tt.most)
		}
	}
}
