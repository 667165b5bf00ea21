package main_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"gateway/internal/gatewaytest"
	"gateway/internal/laws"
	catalogue "gateway/internal/problem"
)

// law is one law, as it is applied to a folder.
type law struct {
	name  string
	apply func(t *testing.T, root string) ([]laws.Breach, error)
}

// plain is a law that needs nothing but the folder.
func plain(f func(root string) ([]laws.Breach, error)) func(*testing.T, string) ([]laws.Breach, error) {
	return func(_ *testing.T, root string) ([]laws.Breach, error) { return f(root) }
}

// lawBook lists the laws (DESIGN §10). The fixture of each, testdata/laws/<name>,
// breaks it in every way that it knows.
var lawBook = []law{
	{"imports", plain(laws.Imports)},
	{"cores", plain(laws.Cores)},
	{"package_comments", plain(laws.PackageComments)},
	{"sizes", plain(laws.Sizes)},
	{"bounds", plain(laws.Bounds)},
	{"config", plain(laws.Config)},
	{"syntax", plain(laws.Syntax)},
	{"caddyfiles", func(t *testing.T, root string) ([]laws.Breach, error) {
		return laws.Caddyfiles(root, func(block laws.Block) error { return loads(t, block) })
	}},
	{"reasons", func(_ *testing.T, root string) ([]laws.Breach, error) {
		if root != gatewaytest.Root() {
			return laws.Reasons(root, []*catalogue.Reason{
				catalogue.AuthExpired, catalogue.AuthScope, catalogue.LimitConcurrency, catalogue.ChangeFailed, {Code: "made.up", Status: 400, Title: "Made up"},
			})
		}
		return laws.Reasons(root, catalogue.Catalogue())
	}},
}

func TestLaws(t *testing.T) {
	t.Parallel()
	for _, law := range lawBook {
		t.Run(law.name, func(t *testing.T) {
			t.Parallel()
			breaches, err := law.apply(t, gatewaytest.Root())
			if err != nil {
				t.Fatal(err)
			}
			for _, breach := range breaches {
				t.Error(breach)
			}
		})
	}
}

func TestLawsCanFail(t *testing.T) {
	t.Parallel()
	for _, law := range lawBook {
		t.Run(law.name, func(t *testing.T) {
			t.Parallel()
			root := filepath.Join("testdata", "laws", law.name)
			breaches, err := law.apply(t, root)
			if err != nil {
				t.Fatal(err)
			}
			if len(breaches) == 0 {
				t.Error("the fixture breaks no law")
			}
			var got strings.Builder
			for _, breach := range breaches {
				fmt.Fprintln(&got, breach)
			}
			gatewaytest.Golden(t, root+".golden", []byte(got.String()))
		})
	}
}

// loads adapts a Caddyfile of the documentation without warnings and provisions it.
// Relative paths in it are relative to the folder of the page, else to the
// repository, where a reader starts the gateway.
func loads(t *testing.T, block laws.Block) error {
	var err error
	for _, folder := range []string{filepath.Dir(block.File), "."} {
		file := filepath.Join(gatewaytest.Root(), folder, "Caddyfile")
		if err = loadsAs(t, file, block.Code); err == nil {
			return nil
		}
		err = errors.New(strings.ReplaceAll(err.Error(), gatewaytest.Root()+"/", ""))
	}
	return err
}

func loadsAs(t *testing.T, file, code string) error {
	_, warnings, err := caddyconfig.GetAdapter("gateway").Adapt([]byte(code), map[string]any{"filename": file})
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		return errors.New(warning.Message)
	}
	gw, err := gatewaytest.LoadFile(t, file, code)
	if err != nil {
		return err
	}
	gw.Close()
	return nil
}

// TestPages compares the pages about the reasons with the catalogue; with -update it
// writes them.
func TestPages(t *testing.T) {
	t.Parallel()
	for name, page := range laws.Pages(catalogue.Catalogue()) {
		gatewaytest.Golden(t, filepath.Join(gatewaytest.Root(), laws.PagesFolder, name), []byte(page))
	}
}

// TestEveryFixtureHasALaw keeps the fixtures and the laws together.
func TestEveryFixtureHasALaw(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(filepath.Join("testdata", "laws"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, law := range lawBook {
		known[law.name] = true
	}
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), ".golden"); !known[name] {
			t.Errorf("testdata/laws/%s belongs to no law", entry.Name())
		}
	}
}
