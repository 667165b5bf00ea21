package diff

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gateway/internal/compat"
	"gateway/internal/configured"
	"gateway/internal/openapi"
)

// api is one API whose contracts are compared.
type api struct {
	name  string
	place string // of its contracts: a file or a folder
	found []openapi.Found
}

// side reads a contract as it is now.
func side(f openapi.Found) (compat.Side, error) {
	traced, err := openapi.Trace(f.File)
	return compat.Side{Traced: traced, Label: f.File, Version: f.Version}, err
}

// twoFiles compares two places that are named.
func twoFiles(older, newer string) ([]Comparison, error) {
	var pair [2]openapi.Found
	for i, place := range []string{older, newer} {
		found, err := configured.Contracts(place)
		if err != nil {
			return nil, err
		}
		if len(found) > 1 {
			return nil, fmt.Errorf("%s holds %d versions; name one of them, such as %s", place, len(found), found[0].File)
		}
		if found[0].Version == "" {
			found[0].Version = versionOf(found[0].File)
		}
		pair[i] = found[0]
	}
	if follows(pair[0], pair[1]) {
		report, _, err := compat.Between(pair[0], pair[1])
		return []Comparison{{Report: report}}, err
	}
	var sides [2]compat.Side
	for i := range pair {
		var err error
		if sides[i], err = side(pair[i]); err != nil {
			return nil, err
		}
	}
	report, err := compat.Compare(sides[0], sides[1])
	return []Comparison{{Report: report}}, err
}

// follows tells whether a version comes right after another one in the same folder, so
// that its change files speak of the two.
func follows(older, newer openapi.Found) bool {
	parent := filepath.Dir(filepath.Dir(newer.File))
	if older.Version == "" || newer.Version == "" || filepath.Dir(filepath.Dir(older.File)) != parent {
		return false
	}
	found, err := openapi.Discover(parent)
	if err != nil {
		return false
	}
	i := slices.IndexFunc(found, func(f openapi.Found) bool { return f.Version == newer.Version })
	return i > 0 && found[i-1].Version == older.Version
}

// versionOf is the name of the folder of a contract, if it is one of a version.
func versionOf(file string) string {
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return ""
	}
	if name := filepath.Base(folder); openapi.IsVersion(name) {
		return name
	}
	return ""
}

// predecessors compares every version of an API with the one before.
func (a *api) predecessors() ([]Comparison, error) {
	var list []Comparison
	for i := 1; i < len(a.found); i++ {
		report, _, err := compat.Between(a.found[i-1], a.found[i])
		if err != nil {
			return nil, err
		}
		list = append(list, Comparison{API: a.name, Report: report})
	}
	if len(list) == 0 {
		list = append(list, Comparison{API: a.name, Note: "one contract: there is no version before it; --against git:<rev> compares it with itself"})
	}
	return list, nil
}

// frozen compares every locked contract with what was published.
func (a *api) frozen() ([]Comparison, error) {
	var list []Comparison
	for _, f := range a.found {
		report, err := compat.Unlocked(f.File)
		if err != nil {
			return nil, err
		}
		if report != nil {
			list = append(list, Comparison{API: a.name, Report: report})
		}
	}
	return list, nil
}

// against compares every contract of an API with the same file in a commit.
func (a *api) against(rev string) ([]Comparison, error) {
	var list []Comparison
	for _, f := range a.found {
		dir, name := filepath.Split(f.File)
		then, err := newCommit(filepath.Clean(dir), rev)
		if err != nil {
			return nil, err
		}
		if _, err := fs.Stat(then, name); errors.Is(err, fs.ErrNotExist) {
			list = append(list, Comparison{API: a.name, Note: f.File + " is not in " + rev})
			continue
		}
		was, err := openapi.TraceFS(then, rev+":"+filepath.Clean(dir), name)
		if err != nil {
			return nil, err
		}
		now, err := side(f)
		if err != nil {
			return nil, err
		}
		report, err := compat.Compare(compat.Side{Traced: was, Label: rev + ":" + f.File, Version: f.Version}, now)
		if err != nil {
			return nil, err
		}
		list = append(list, Comparison{API: a.name, Report: report})
	}
	removed, err := a.removed(rev)
	return append(list, removed...), err
}

// removed reports versions that a commit has and the folder has not any more.
func (a *api) removed(rev string) ([]Comparison, error) {
	if info, err := os.Stat(a.place); err != nil || !info.IsDir() {
		return nil, err
	}
	then, err := newCommit(a.place, rev)
	if err != nil {
		return nil, err
	}
	entries, err := then.list("./")
	if err != nil {
		return nil, err
	}
	var list []Comparison
	for _, e := range entries {
		name := filepath.Base(e.name)
		if e.kind != "tree" || !openapi.IsVersion(name) || slices.ContainsFunc(a.found, func(f openapi.Found) bool { return f.Version == name }) {
			continue
		}
		folder := filepath.Join(a.place, name)
		list = append(list, Comparison{API: a.name, Report: &compat.Report{
			Old: rev + ":" + folder, New: a.place,
			Changes: []compat.Change{{
				Severity: compat.Warning, Rule: compat.RuleVersion, Message: fmt.Sprintf("version %s is not there any more", name),
				Old: openapi.Position{File: rev + ":" + folder}, New: openapi.Position{File: a.place},
				Advice: "remove a version after its sunset only; until then its clients get 404 instead of 410",
			}},
		}})
	}
	return list, nil
}

// find makes APIs of places that are named, or of those of a configuration.
func find(places []string, config string) (apis []*api, notes []string, err error) {
	add := func(name, place string) error {
		found, err := configured.Contracts(place)
		if err != nil {
			return err
		}
		for i := range found {
			if found[i].Version == "" {
				found[i].Version = versionOf(found[i].File)
			}
		}
		apis = append(apis, &api{name: name, place: place, found: found})
		return nil
	}
	for _, place := range places {
		if err := add(filepath.Base(place), place); err != nil {
			return nil, nil, err
		}
	}
	if len(places) > 0 {
		return apis, nil, nil
	}
	configuredAPIs, err := configured.Read(config)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range configuredAPIs {
		if c.Remote() {
			notes = append(notes, fmt.Sprintf("api %s has its contract from %s, which nothing is kept of to compare with", c.Name, c.Contract))
			continue
		}
		if slices.ContainsFunc(apis, func(a *api) bool { return a.place == c.Contract }) {
			continue
		}
		if err := add(c.Name, c.Contract); err != nil {
			return nil, nil, err
		}
	}
	if len(apis) == 0 && len(notes) == 0 {
		return nil, nil, fmt.Errorf("%s has no api with contracts", config)
	}
	return apis, notes, nil
}

// revision reads the value of --against.
func revision(value string) (string, error) {
	rev, ok := strings.CutPrefix(value, "git:")
	if !ok || rev == "" {
		return "", fmt.Errorf("--against is git:<rev>, such as git:main, not %q", value)
	}
	return rev, nil
}
