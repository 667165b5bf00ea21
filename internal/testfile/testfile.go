// Package testfile is about the files of tests: golden files, and test data beside the
// checkout. It imports nothing of the gateway, so that every package can use it from inside.
package testfile

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Update tells whether the tests write their golden files.
func Update() bool { return *update }

// Golden compares got with the contents of the file at path, relative to the package's
// folder. With -update it writes the file.
func Golden(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if the change is meant:\n%s", path, diff)
	}
}

// Root returns the repository's folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Shared returns the folder of a set of official vectors or real-world inputs that stands
// beside the checkout, and skips the test where it is absent.
func Shared(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(Root(), "..", "shared", "testdata", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the vectors %q are not beside this checkout (%s)", name, dir)
	}
	return dir
}
