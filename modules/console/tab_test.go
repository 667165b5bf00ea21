package console_test

import (
	"testing"

	"gateway/internal/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// What a person does on the page, and looks for.
var (
	has, hasNot, until  = browsertest.Has, browsertest.HasNot, browsertest.Until
	press, keys, script = browsertest.Press, browsertest.Keys, browsertest.Script
	shot                = browsertest.Shot
)

// newTab opens a tab for the console at an address.
func newTab(t *testing.T, address string) *browsertest.Tab {
	t.Helper()
	return browsertest.Open(t, "http://"+address)
}
