package auth_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gateway/internal/gatewaytest"
	"gateway/modules/auth/authtest"
)

func TestDenyFile(t *testing.T) {
	t.Parallel()
	iss := authtest.NewIssuer(t, signing)
	name := filepath.Join(t.TempDir(), "denied")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
	}
	write("# nobody yet\n")
	gw := gatewaytest.New(t, guarded(t, "auth "+iss.URL+" {\n\taudience orders\n\tdeny_list "+name+"\n}"))
	token := bearer(signing.Token(iss.Claims("orders", nil), nil))
	code := func() int { return gw.Do("GET", "/", "Authorization", token).Code }
	if got := code(); got != 200 {
		t.Fatalf("got %d", got)
	}
	write("sub alice\n")
	eventually(t, func() bool { return code() == 401 })
	failures := gw.Metric("gateway_auth_deny_file_failures_total")
	write("sub alice\nnonsense\n")
	eventually(t, func() bool { return gw.Metric("gateway_auth_deny_file_failures_total") > failures })
	if got := code(); got != 401 {
		t.Errorf("with a file that cannot be used: got %d, want the list before", got)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(600 * time.Millisecond)
	if got := code(); got != 401 {
		t.Errorf("without file: got %d, want the list before", got)
	}
	if gw.Metric("gateway_auth_deny_entries", "list", "file") < 1 {
		t.Error("gateway_auth_deny_entries does not count the entry")
	}
	write("")
	eventually(t, func() bool { return code() == 200 })
}

func TestDenyMistakes(t *testing.T) {
	t.Parallel()
	in := func(line string) string { return "auth https://idp.example {\n\taudience orders\n\t" + line + "\n}" }
	tellMistakes(t, []struct{ name, lines string }{
		{"deny_list without file", in("deny_list")},
		{"deny_list missing", in("deny_list absent.txt")},
		{"deny_list that is none", in("deny_list short")},
		{"deny_list with two files", in("deny_list short short")},
		{"deny_list with an unknown option", in("deny_list {\n\t\ton_eror open\n\t}")},
		{"deny_list with an unknown value", in("deny_list {\n\t\ton_error opne\n\t}")},
		{"deny_list with an option twice", in("deny_list {\n\t\ton_error open\n\t\ton_error open\n\t}")},
		{"deny_list with an empty block", in("deny_list {\n\t}")},
		{"deny_list that nobody shares", in("deny_list {\n\t\ton_error open\n\t}")},
		{"deny_list twice", in("deny_list short\n\tdeny_list short")},
	}, "testdata/mistakes_deny.golden")
}
