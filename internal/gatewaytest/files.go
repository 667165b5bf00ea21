package gatewaytest

import (
	"testing"

	"gateway/internal/testfile"
)

// Golden is testfile.Golden.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	testfile.Golden(t, path, string(got))
}

// Root is testfile.Root.
func Root() string { return testfile.Root() }

// Testdata is testfile.Shared.
func Testdata(t testing.TB, name string) string {
	t.Helper()
	return testfile.Shared(t, name)
}
