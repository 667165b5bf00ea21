package auth_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

// TestWhatHasNoDateIsOlder holds that a deny list with a time hits every credential that
// does not say when it was issued, API keys and introspected tokens like others.
func TestWhatHasNoDateIsOlder(t *testing.T) {
	t.Parallel()
	idp := authtest.NewIntrospection(t)
	idp.Activate("undated-token", granted(authtest.Claims{"iat": nil}))
	idp.Activate("dated-token", granted(nil))
	dated := func(id, issued string) string {
		return fmt.Sprintf(`{"id": %q, "keys": [%q], "issued": %q}`, id, hashed(id), issued)
	}
	file := keyFile(t, entry("undated", "undated"), dated("old", "2026-10-31T23:59:59Z"), dated("fresh", "2026-11-01T00:00:00Z"))
	for _, test := range []struct {
		denied string
		want   map[string]int
	}{
		{"before 2026-11-01", map[string]int{"undated": 401, "old": 401, "fresh": 200, "undated-token": 401, "dated-token": 200}},
		{"sub undated before 2026-11-01\nsub fresh before 2026-11-01", map[string]int{"undated": 401, "old": 200, "fresh": 200, "undated-token": 200}},
	} {
		list := filepath.Join(t.TempDir(), "denied")
		if err := os.WriteFile(list, []byte(test.denied), 0o600); err != nil {
			t.Fatal(err)
		}
		gw := gatewaytest.New(t, guarded(t, introspected(t, idp, "", "api_key "+file+"\ndeny_list "+list)))
		for name, want := range test.want {
			fields := []string{"X-Api-Key", name}
			if name == "undated-token" || name == "dated-token" {
				fields = []string{"Authorization", bearer(name)}
			}
			res := gw.Do("GET", "/", fields...)
			if res.Code != want || want == 401 && res.Problem().Code != "auth.rejected" {
				t.Errorf("%s, %s: got %d %s, want %d", test.denied, name, res.Code, res.Problem().Code, want)
			}
		}
	}
}
