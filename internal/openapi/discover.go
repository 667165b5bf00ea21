package openapi

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/finding"
)

// Found is a contract in an API's folder.
type Found struct {
	// Version is the name of the contract's own folder, "" if it has none.
	Version string
	File    string
}

// contractFiles are the names that a contract may have.
var contractFiles = []string{"openapi.yaml", "openapi.yml", "openapi.json"}

// versionFolder are the names of folders that hold one version each: "v1", "v2.1",
// "2026-06-01".
var versionFolder = regexp.MustCompile(`^(v[0-9]+(\.[0-9]+)*|[0-9]{4}-[0-9]{2}-[0-9]{2})$`)

// Discover finds the contracts in an API's folder: dir/v1/openapi.yaml and its like,
// oldest version first, or dir/openapi.yaml if the API has no versions.
func Discover(dir string) ([]Found, error) {
	fail := func(at, format string, args ...any) error {
		return &finding.Error{
			Message: fmt.Sprintf(format, args...), At: finding.Position{File: at},
			Hint: "put the contract at " + filepath.Join(dir, "openapi.yaml") + ", or each version at " + filepath.Join(dir, "v1", "openapi.yaml"),
		}
	}
	folders, err := os.ReadDir(dir)
	if err != nil {
		return nil, fail(dir, "there is no folder with contracts: %v", plain(err))
	}
	single, err := contractIn(dir)
	if err != nil {
		return nil, err
	}
	var found []Found
	for _, f := range folders {
		if !versionFolder.MatchString(f.Name()) || !isFolder(dir, f) {
			continue
		}
		file, err := contractIn(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		if file == "" {
			return nil, fail(filepath.Join(dir, f.Name()), "the folder of version %s has no contract: none of %s", f.Name(), strings.Join(contractFiles, ", "))
		}
		found = append(found, Found{Version: f.Name(), File: file})
	}
	switch {
	case single != "" && len(found) > 0:
		return nil, fail(single, "the API has a contract of its own besides the one in %s", found[0].File)
	case single != "":
		return []Found{{File: single}}, nil
	case len(found) == 0:
		return nil, fail(dir, "there is no contract: neither %s, nor folders such as v1 with one", strings.Join(contractFiles, ", "))
	}
	slices.SortFunc(found, func(a, b Found) int { return compareVersions(a.Version, b.Version) })
	return found, nil
}

// isFolder follows links, by which folders are often mounted.
func isFolder(dir string, f os.DirEntry) bool {
	info, err := os.Stat(filepath.Join(dir, f.Name()))
	return err == nil && info.IsDir()
}

// contractIn returns the contract in a folder, or "". Two are an error.
func contractIn(dir string) (string, error) {
	var file string
	for _, name := range contractFiles {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if file != "" {
			return "", &finding.Error{
				Message: fmt.Sprintf("there are two contracts in one folder: %s and %s", filepath.Base(file), name),
				At:      finding.Position{File: path}, Hint: "remove one of them",
			}
		}
		file = path
	}
	return file, nil
}

// versionNumber are the parts by which versions are ordered.
var versionNumber = regexp.MustCompile(`[0-9]+`)

// compareVersions orders by number, so that v2 comes before v10.
func compareVersions(a, b string) int {
	x, y := versionNumber.FindAllString(a, -1), versionNumber.FindAllString(b, -1)
	for i := 0; i < min(len(x), len(y)); i++ {
		m, _ := strconv.ParseUint(x[i], 10, 64)
		n, _ := strconv.ParseUint(y[i], 10, 64)
		if m != n {
			if m < n {
				return -1
			}
			return 1
		}
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b)
}

// IsVersion tells whether a folder of that name holds a version.
func IsVersion(name string) bool { return versionFolder.MatchString(name) }

// Newer tells whether version a comes after version b.
func Newer(a, b string) bool { return compareVersions(a, b) > 0 }
