package gatewaytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Refused loads every Caddyfile that a pattern such as "testdata/refused/*.caddyfile"
// matches. Each is named after the mistake in it, and has to be refused with the
// message in the golden file beside it.
func Refused(t *testing.T, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s: %v", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfile"), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = LoadFile(t, file, string(content)); err == nil {
				t.Fatal("the configuration is accepted")
			}
			Golden(t, file+".golden", []byte(err.Error()+"\n"))
		})
	}
}
