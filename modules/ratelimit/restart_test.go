package ratelimit_test

import (
	"fmt"
	"net/http"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestRestart: a gateway that starts after another one has stopped knows what was spent,
// unless it was not told to.
func TestRestart(t *testing.T) {
	t.Parallel()
	for persist, want := range map[string]int{"on": http.StatusTooManyRequests, "off": http.StatusOK} {
		for _, quota := range []string{"2/1h", "2/month"} {
			config := fmt.Sprintf("{\n\tstorage file_system %q\n}\n", t.TempDir()) +
				site(named("ratelimit "+quota+" {\n\t\tpolicy NAME\n\t\tpersist "+persist+"\n\t}"))
			client := address()
			gw := gatewaytest.New(t, config)
			for range 2 {
				if code := get(gw, client).Code; code != http.StatusOK {
					t.Fatalf("got %d", code)
				}
			}
			gw.Close()
			again := gatewaytest.New(t, config)
			if code := get(again, client).Code; code != want {
				t.Errorf("persist %s, %s: got %d after the restart, want %d", persist, quota, code, want)
			}
			if code := get(again, address()).Code; code != http.StatusOK {
				t.Errorf("another client got %d", code)
			}
			again.Close()
		}
	}
}

// TestPersistIsForLocalPolicies: what the shared store counts it also remembers.
func TestPersistIsForLocalPolicies(t *testing.T) {
	t.Parallel()
	const nobody = "127.0.0.1:1"
	_, err := gatewaytest.Load(t, sharing(nobody, "", "ratelimit 100/1m {\n\t\tpersist on\n\t}"))
	if err == nil || !contains(err, "the shared store remembers by itself") || !contains(err, "store local") {
		t.Errorf("got %v", err)
	}
	if _, err := gatewaytest.Load(t, sharing(nobody, "", "ratelimit 100/1m {\n\t\tstore local\n\t\tpersist on\n\t}")); err != nil {
		t.Error(err)
	}
}
