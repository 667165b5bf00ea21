package api_test

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// pinned is an API whose consumers are pinned to versions by the claim api_version.
func pinned(t *testing.T, issuers, selectors string) *gatewaytest.Gateway {
	t.Helper()
	return gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract testdata/orders\n\t\tauth {\n"+issuers+"\t\t}\n\t\tversioning {\n"+selectors+"\t\t}\n"+
		"\t\trespond \"{http.versioning.version} {http.auth.user.id} {path}\"\n\t}\n}\n")
}

// TestVersionByClaim: a verified claim chooses the version of requests that name none,
// and nothing that is not verified chooses anything.
func TestVersionByClaim(t *testing.T) {
	t.Parallel()
	one, other := gatewaytest.NewIssuer(t), gatewaytest.NewIssuer(t)
	issuers := "\t\t\tissuer " + one.URL + " {\n\t\t\t\taudience orders\n\t\t\t}\n\t\t\tissuer " + other.URL + " {\n\t\t\t\taudience orders\n\t\t\t}\n"
	good := func(i *gatewaytest.Issuer, pin any) string {
		return "Bearer " + i.Token(t, map[string]any{"sub": "alice", "aud": "orders", "scope": "orders:read", "api_version": pin})
	}
	stranger := gatewaytest.NewIssuer(t)
	forged := good(one, "v1")
	forged = forged[:len(forged)-4] + "AAAA"
	noScope := "Bearer " + one.Token(t, map[string]any{"sub": "alice", "aud": "orders", "api_version": "v1"})
	expired := "Bearer " + one.Token(t, map[string]any{"sub": "alice", "aud": "orders", "scope": "orders:read", "api_version": "v1", "exp": time.Now().Unix() - 3600})

	plain := pinned(t, issuers, "\t\t\tpath\n\t\t\theader\n\t\t\tclaim api_version\n\t\t\tdefault v2\n")
	strict := pinned(t, issuers, "\t\t\theader\n\t\t\tclaim api_version strict\n")
	for _, tt := range []struct {
		name   string
		gw     *gatewaytest.Gateway
		path   string
		header []string
		want   string // the answer, or the code of the refusal
	}{
		{"pinned", plain, "/orders/1", []string{"Authorization", good(one, "v1")}, "v1 alice /v1/orders/1"},
		{"pinned by the other issuer", plain, "/orders/1", []string{"Authorization", good(other, "1")}, "v1 alice /v1/orders/1"},
		{"a number", plain, "/orders/1", []string{"Authorization", good(one, 1)}, "v1 alice /v1/orders/1"},
		{"no pin", plain, "/orders/1", []string{"Authorization", good(one, nil)}, "v2 alice /v2/orders/1"},
		{"the request goes first", plain, "/orders/1", []string{"Authorization", good(one, "v1"), "API-Version", "v2"}, "v2 alice /v2/orders/1"},
		{"so does its path", plain, "/v2/orders/1", []string{"Authorization", good(one, "v1")}, "v2 alice /v2/orders/1"},
		{"a pin that nobody looks at", plain, "/v2/orders/1", []string{"Authorization", good(one, "v9")}, "v2 alice /v2/orders/1"},
		{"unknown pin", plain, "/orders/1", []string{"Authorization", good(one, "v9")}, "version.unknown"},
		{"empty pin", plain, "/orders/1", []string{"Authorization", good(one, "")}, "version.unknown"},
		{"pin that is a list", plain, "/orders/1", []string{"Authorization", good(one, []string{"v1"})}, "version.unknown"},
		{"anonymous, for everybody", plain, "/health", nil, "v2 {http.auth.user.id} /v2/health"},
		{"anonymous", plain, "/orders/1", nil, "auth.missing"},
		{"pinned, for everybody", plain, "/health", []string{"Authorization", good(one, "v1")}, "v1 alice /v1/health"},
		{"forged", plain, "/orders/1", []string{"Authorization", forged}, "auth.rejected"},
		{"forged, for everybody", plain, "/health", []string{"Authorization", forged}, "auth.rejected"},
		{"forged, no such path", plain, "/nothing", []string{"Authorization", forged}, "auth.rejected"},
		{"forged, no such version", plain, "/v9/orders", []string{"Authorization", forged}, "auth.rejected"},
		{"another issuer", plain, "/orders/1", []string{"Authorization", good(stranger, "v1")}, "auth.rejected"},
		{"expired", plain, "/orders/1", []string{"Authorization", expired}, "auth.expired"},
		{"two tokens", plain, "/orders/1", []string{"Authorization", good(one, "v1"), "Authorization", good(one, "v2")}, "auth.malformed"},
		{"no scope", plain, "/orders/1", []string{"Authorization", noScope}, "auth.scope"},
		{"no scope, no such path", plain, "/nothing", []string{"Authorization", noScope}, "route.not_found"},

		{"strict", strict, "/orders/1", []string{"Authorization", good(one, "v1")}, "v1 alice /orders/1"},
		{"strict, agreed", strict, "/orders/1", []string{"Authorization", good(one, "v1"), "API-Version", "1"}, "v1 alice /orders/1"},
		{"strict, not agreed", strict, "/orders/1", []string{"Authorization", good(one, "v1"), "API-Version", "v2"}, "version.conflict"},
		{"strict, no pin", strict, "/orders/1", []string{"Authorization", good(one, nil), "API-Version", "v2"}, "v2 alice /orders/1"},
		{"strict, neither", strict, "/orders/1", []string{"Authorization", good(one, nil)}, "version.missing"},
		{"strict, anonymous", strict, "/orders/1", nil, "version.missing"},
	} {
		res := tt.gw.Do("GET", tt.path, tt.header...)
		got := res.Body.String()
		if res.Code >= 400 {
			got = res.Problem().Code
			if strings.HasPrefix(got, "auth.") && res.Code == 401 && res.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no challenge", tt.name)
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %d %q, want %q", tt.name, res.Code, got, tt.want)
		}
		if vary := strings.Join(res.Header().Values("Vary"), ", "); !strings.Contains(vary, "Authorization") {
			t.Errorf("%s: Vary is %q; a cache would mix versions", tt.name, vary)
		}
	}
}

// TestAClaimIsVerifiedOnce: a DPoP proof is good for one verification, so a request whose
// token was verified again for its operation would be refused as a replay.
func TestAClaimIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	signing, key := authtest.New("ES256", "issuer"), authtest.New("ES256", "wallet")
	issuer := authtest.NewIssuer(t, signing)
	public := key.JWK(authtest.Claims{"kid": nil, "alg": nil, "use": nil})
	text, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	thumb := sha256.Sum256(text)
	token := signing.Token(issuer.Claims("orders", authtest.Claims{"scope": "orders:read", "api_version": "v1", "cnf": authtest.Claims{"jkt": authtest.Base64(thumb[:])}}), nil)
	hash := sha256.Sum256([]byte(token))
	proof := func(id string) string {
		return key.Token(authtest.Claims{"jti": id, "htm": "GET", "htu": "http://api.example/orders/1", "iat": time.Now().Unix(), "ath": authtest.Base64(hash[:])},
			authtest.Claims{"typ": "dpop+jwt", "kid": nil, "jwk": public})
	}
	gw := pinned(t, "\t\t\tissuer "+issuer.URL+" {\n\t\t\t\taudience orders\n\t\t\t}\n\t\t\tdpop\n", "\t\t\theader\n\t\t\tclaim api_version\n")
	for _, step := range []struct {
		proof, want string
		status      int
	}{{proof("1"), "v1 alice /orders/1", 200}, {proof("2"), "v1 alice /orders/1", 200}} {
		r := httptest.NewRequest(http.MethodGet, "/orders/1", nil)
		r.Host = "api.example"
		r.Header.Set("Authorization", "DPoP "+token)
		r.Header.Set("DPoP", step.proof)
		if res := gw.Serve(r); res.Code != step.status || res.Body.String() != step.want {
			t.Errorf("got %d %s", res.Code, res.Body)
		}
	}
}

// TestCostOfAClaim: a version by a claim costs no more than two allocations over one by
// a header field.
func TestCostOfAClaim(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	issuer := gatewaytest.NewIssuer(t)
	issuers := "\t\t\tissuer " + issuer.URL + " {\n\t\t\t\taudience orders\n\t\t\t}\n"
	header := http.Header{"Authorization": {"Bearer " + issuer.Token(t, map[string]any{"sub": "alice", "aud": "orders", "scope": "orders:read", "api_version": "v1"})}}
	cost := func(selector string) float64 {
		one := serve(pinned(t, issuers, selector), "GET", "/orders/1", header)
		one()
		return testing.AllocsPerRun(200, one)
	}
	byHeader, byClaim := cost("\t\t\theader\n\t\t\tdefault v1\n"), cost("\t\t\theader\n\t\t\tclaim api_version\n")
	t.Logf("by header %.0f, by claim %.0f allocations", byHeader, byClaim)
	if byClaim > byHeader+2 {
		t.Errorf("a version by a claim costs %.0f allocations, by a header %.0f", byClaim, byHeader)
	}
}

// TestRefusedVersionsAreCounted: a request that is refused for its version counts for its
// API, and for the version if there is one.
func TestRefusedVersionsAreCounted(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, ":8080 {\n\tapi orders {\n\t\tcontract testdata/orders\n\t\tauth off\n\t\tversioning {\n\t\t\theader\n\t\t\tversion v1 {\n\t\t\t\tsunset 2020-01-01\n\t\t\t}\n\t\t}\n\t\trespond ok\n\t}\n}\n")
	for version, label := range map[string]string{"v1": "v1", "v9": "_other"} {
		count := func() float64 {
			return gw.Metric("gateway_requests_total", "api", "orders", "version", label, "route", "_other")
		}
		before := count()
		if res := gw.Do("GET", "/orders/1", "API-Version", version); res.Code < 400 {
			t.Fatalf("%s: got %d", version, res.Code)
		}
		if got := count() - before; got < 1 {
			t.Errorf("a request for %s is not counted for version %q", version, label)
		}
	}
}

// TestClaimsOfReportedTokens: where auth only reports, a bad token is let through, and still
// chooses nothing.
func TestClaimsOfReportedTokens(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	gw := pinned(t, "\t\t\tissuer "+issuer.URL+" {\n\t\t\t\taudience orders\n\t\t\t}\n\t\t\tmode report\n", "\t\t\theader\n\t\t\tclaim api_version\n\t\t\tdefault v2\n")
	good := "Bearer " + issuer.Token(t, map[string]any{"sub": "alice", "aud": "orders", "scope": "orders:read", "api_version": "v1"})
	for token, want := range map[string]string{good: "v1 alice", good[:len(good)-4] + "AAAA": "v2 "} {
		if res := gw.Do("GET", "/orders/1", "Authorization", token); res.Code != 200 || !strings.HasPrefix(res.Body.String(), want) {
			t.Errorf("got %d %s, want %s", res.Code, res.Body, want)
		}
	}
}
