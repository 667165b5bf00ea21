package validate

import (
	"path/filepath"
	"testing"

	"gateway/internal/testfile"
)

// golden compares got with a file under testdata.
func golden(t *testing.T, name string, got string) {
	t.Helper()
	testfile.Golden(t, filepath.Join("testdata", name), got)
}
