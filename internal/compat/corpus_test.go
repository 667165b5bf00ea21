package compat

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/openapi"
	"gateway/internal/testfile"
)

// TestCorpus compares real contracts with themselves, in both forms: nothing differs,
// nothing panics, and every line of their texts has a place.
func TestCorpus(t *testing.T) {
	t.Parallel()
	dir := testfile.Shared(t, "openapi-specs")
	compared := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || entry.IsDir() || ext != ".yaml" && ext != ".json" {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Size() > 32<<10 {
			return err // the race detector would take its time
		}
		traced, err := openapi.Trace(path)
		if err != nil {
			return nil // what is no contract is the business of internal/openapi
		}
		compared++
		for _, plain := range []bool{true, false} {
			text := traced.Text(plain)
			if lines := strings.Count(string(text.Document), "\n") + 1; lines != len(text.Lines) {
				t.Errorf("%s has %d lines and %d places", path, lines, len(text.Lines))
			}
			for i, l := range text.Lines {
				if l.At.Line == 0 {
					t.Errorf("%s: line %d has no place", path, i+1)
				}
			}
			if found, err := compareTexts(text, text, "", ""); err != nil || len(found) > 0 {
				t.Errorf("%s differs from itself: %v, %+v", path, err, found)
			}
		}
		return nil
	})
	if err != nil || compared < 10 {
		t.Errorf("compared %d contracts: %v", compared, err)
	}
}
