package generate

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gateway/internal/compat"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// nextVersion writes the folder of the next version of an API: a copy of its newest
// contract with a name of its own. name is "" for the next one.
func nextVersion(api, place, name string, today time.Time) (file string, err error) {
	found, err := openapi.Discover(place)
	if err != nil {
		return "", err
	}
	newest := found[len(found)-1]
	if newest.Version == "" {
		return "", &finding.Error{
			Message: fmt.Sprintf("the contract of %s belongs to no version", api), At: finding.Position{File: newest.File},
			Hint: fmt.Sprintf("move it to %s; its operations are served under /v1 then, unless versioning says otherwise", filepath.Join(place, "v1", filepath.Base(newest.File))),
		}
	}
	if name == "" {
		name = after(newest.Version, today)
	}
	if err := fits(name, newest); err != nil {
		return "", err
	}
	return write(api, place, name, newest)
}

// after names the version behind another one: the next number, or today.
func after(version string, today time.Time) string {
	if version[0] != 'v' {
		return today.UTC().Format(time.DateOnly)
	}
	major, _, _ := strings.Cut(version[1:], ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		return version
	}
	return "v" + strconv.Itoa(n+1)
}

// fits refuses names that would not be the newest version.
func fits(name string, newest openapi.Found) error {
	flaw := func(hint, format string, args ...any) error {
		return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.Position{File: filepath.Dir(newest.File)}, Hint: hint}
	}
	switch {
	case !openapi.IsVersion(name):
		return flaw("such as v2, v2.1 or 2027-06-01", "%q is not the name of a version", name)
	case (name[0] == 'v') != (newest.Version[0] == 'v'):
		return flaw("name it like the others", "%s is %s, but %s is %s: their order would be a guess", name, kind(name), newest.Version, kind(newest.Version))
	case !openapi.Newer(name, newest.Version):
		return flaw("name a later one", "%s is not newer than %s", name, newest.Version)
	}
	return nil
}

func kind(name string) string {
	if name[0] == 'v' {
		return "a number"
	}
	return "a date"
}

// write copies the contract with its files. The folder appears complete, or not at all:
// a gateway may be watching.
func write(api, place, name string, newest openapi.Found) (string, error) {
	contract, err := openapi.Trace(newest.File)
	if err != nil {
		return "", err
	}
	draft, err := os.MkdirTemp(place, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(draft)
	for _, source := range contract.Files {
		relative, err := filepath.Rel(filepath.Dir(newest.File), source)
		if err != nil {
			return "", err
		}
		data, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}
		text := string(data)
		if source == contract.File {
			if text, err = rewrite(contract, data, newest.Version, name, release(name)); err != nil {
				return "", err
			}
			text = commented(text, source, api, newest.Version, name, place)
		}
		target := filepath.Join(draft, relative)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	if err := same(contract, newest, filepath.Join(draft, filepath.Base(newest.File)), name); err != nil {
		return "", err
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return "", err
	}
	folder := filepath.Join(place, name)
	return filepath.Join(folder, filepath.Base(newest.File)), os.Rename(draft, folder)
}

// same makes sure that the copy says what the contract says.
func same(contract *openapi.Traced, newest openapi.Found, copied, name string) error {
	draft, err := openapi.Trace(copied)
	if err != nil {
		return err
	}
	report, err := compat.Compare(compat.Side{Traced: contract, Version: newest.Version}, compat.Side{Traced: draft, Version: name})
	if err != nil {
		return err
	}
	if breaks := report.Breaks(); len(breaks) > 0 {
		return &finding.Error{
			Message: fmt.Sprintf("a copy of the contract would not say the same: %s%s", breaks[0].Where(), breaks[0].Message),
			At:      finding.Position(breaks[0].Old), Hint: "copy the folder by hand",
		}
	}
	return nil
}

// release is what info.version says at first.
func release(name string) string {
	number, ok := strings.CutPrefix(name, "v")
	if !ok {
		return name
	}
	for strings.Count(number, ".") < 2 {
		number += ".0"
	}
	return number
}

// commented puts the way from here above the contract, in place of what the newest one
// has there of its own beginnings.
func commented(text, file, api, from, to, place string) string {
	if filepath.Ext(file) == ".json" {
		return text
	}
	if strings.HasPrefix(text, "# Version "+from+" of ") {
		for strings.HasPrefix(text, "#") {
			_, text, _ = strings.Cut(text, "\n")
		}
	}
	return fmt.Sprintf(`# Version %[3]s of %[1]s, begun as a copy of %[2]s.
#
# - Edit what is to be different. "gateway diff" tells which edits break clients of %[2]s.
# - Once clients rely on it: "gateway diff --lock %[4]s" lets no edit through that breaks them.
# - Then let %[2]s end. Its contract may say so, at the top level, or the Caddyfile:
#     x-deprecated: 2027-01-01
#     x-sunset: 2027-12-31
`, api, from, to, filepath.Join(place, to)) + text
}
