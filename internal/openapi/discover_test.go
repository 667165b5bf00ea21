package openapi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gateway/internal/testfile"
)

// tree makes files, empty unless "=" gives them contents.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files {
		name, contents, _ := strings.Cut(file, "=")
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(contents), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files []string
		want  []Found
	}{
		"one contract":       {[]string{"openapi.yml", "README.md"}, []Found{{"", "openapi.yml"}}},
		"versions by number": {[]string{"v10/openapi.json", "v2/openapi.yaml", "v2.1/openapi.yaml"}, []Found{{"v2", "v2/openapi.yaml"}, {"v2.1", "v2.1/openapi.yaml"}, {"v10", "v10/openapi.json"}}},
		"versions by date":   {[]string{"2026-06-01/openapi.yaml", "2025-12-31/openapi.yaml", "drafts/openapi.yaml"}, []Found{{"2025-12-31", "2025-12-31/openapi.yaml"}, {"2026-06-01", "2026-06-01/openapi.yaml"}}},
		"other names":        {[]string{"v1/openapi.yaml", "v2beta/openapi.yaml", "v3", "vendor/x.yaml"}, []Found{{"v1", "v1/openapi.yaml"}}},
	} {
		dir := tree(t, tt.files...)
		for i := range tt.want {
			tt.want[i].File = filepath.Join(dir, tt.want[i].File)
		}
		got, err := Discover(dir)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestDiscoverFollowsLinks(t *testing.T) {
	t.Parallel()
	dir := tree(t, "..data/openapi.yaml")
	if err := os.Symlink("..data", filepath.Join(dir, "v1")); err != nil {
		t.Skip(err)
	}
	if got, err := Discover(dir); err != nil || len(got) != 1 || got[0].Version != "v1" {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestDiscoverRefuses keeps what people read; DIR stands for the folder.
func TestDiscoverRefuses(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, files := range [][]string{
		nil, {"spec.yaml"}, {"openapi.yaml", "openapi.json"}, {"v1/openapi.yaml", "v1/openapi.yml"}, {"openapi.yaml", "v1/openapi.yaml"},
		{"v1/openapi.yaml", "v2/api.yaml"},
	} {
		dir := tree(t, files...)
		_, err := Discover(dir)
		if err == nil {
			t.Errorf("%q: no error", files)
			continue
		}
		out.WriteString(strings.Join(files, " ") + "\n" + strings.ReplaceAll(err.Error(), dir, "DIR") + "\n\n")
	}
	_, err := Discover("nowhere")
	out.WriteString("nowhere\n" + err.Error() + "\n")
	testfile.Golden(t, "testdata/discover.golden", out.String())
}
