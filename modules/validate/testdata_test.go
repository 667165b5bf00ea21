package validate

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The harness in gatewaytest imports this package, so tests from the inside have
// these few lines of their own.

var updateGolden = flag.Bool("update-golden", false, "write the golden files instead of comparing with them")

// vectors returns the folder of a set of official vectors beside the checkout.
func vectors(t testing.TB, name string) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the vectors %q are not beside this checkout (%s)", name, folder)
	}
	return folder
}

// golden compares got with a file under testdata.
func golden(t *testing.T, name string, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *updateGolden {
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
		t.Fatalf("%v (run the test with -update-golden to write it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update-golden if the change is meant:\n%s", path, diff)
	}
}
