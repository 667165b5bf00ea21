package gatewaytest

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Golden compares got with the contents of the file at path, relative to the
// package's folder. With -update it writes the file.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if the change is meant:\n%s", path, diff)
	}
}

// Root returns the repository's folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Testdata returns the folder of a set of official vectors or real-world inputs
// that stands beside the checkout, and skips the test where it is absent.
func Testdata(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(Root(), "..", "shared", "testdata", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the vectors %q are not beside this checkout (%s)", name, dir)
	}
	return dir
}
