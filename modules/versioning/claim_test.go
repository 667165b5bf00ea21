package versioning_test

import (
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestClaimByHand: behind auth in a route block, the claim of a verified token chooses.
func TestClaimByHand(t *testing.T) {
	t.Parallel()
	issuer := gatewaytest.NewIssuer(t)
	gw := gatewaytest.New(t, `:8080 {
	route {
		auth `+issuer.URL+` {
			audience orders
			token_from cookie session
			token_from header
			optional
		}
		versioning {
			header
			claim tenant.api_version
			default 2026-01-01
			version 2025-01-01
			version 2026-01-01
		}
		respond "{http.versioning.version}"
	}
	handle_errors {
		problem
	}
}
`)
	token := func(pin any) string {
		return issuer.Token(t, map[string]any{"sub": "alice", "aud": "orders", "tenant": map[string]any{"api_version": pin}})
	}
	for _, tt := range []struct {
		header []string
		want   string
	}{
		{nil, "2026-01-01"},
		{[]string{"Authorization", "Bearer " + token("2025-06-01")}, "2025-01-01"},
		{[]string{"Cookie", "session=" + token("2025-06-01")}, "2025-01-01"},
		{[]string{"Authorization", "Bearer " + token("2025-06-01"), "API-Version", "2026-01-01"}, "2026-01-01"},
		{[]string{"Authorization", "Bearer " + token("2024-06-01")}, "version.unknown"},
		{[]string{"Authorization", "Bearer " + token("2025-06-01") + "x"}, "auth.malformed"},
	} {
		res := gw.Do("GET", "/", tt.header...)
		got := res.Body.String()
		if res.Code >= 400 {
			got = res.Problem().Code
		}
		if got != tt.want {
			t.Errorf("%v: got %d %s, want %s", tt.header, res.Code, res.Body, tt.want)
		}
		if vary := strings.Join(res.Header().Values("Vary"), ", "); res.Code != 401 && vary != "Api-Version, Cookie, Authorization" {
			t.Errorf("%v: Vary is %q", tt.header, vary)
		}
	}
}
