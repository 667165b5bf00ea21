package laws

import (
	"bytes"
	"go/ast"
	"slices"
	"strings"
)

// PackageComments is the law that every package says once what it is for.
func PackageComments(root string) ([]Breach, error) {
	list, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	documented := map[string][]*goFile{} // the files with a comment, by package
	var breaches []Breach
	for _, f := range list {
		if f.test() {
			continue
		}
		folder := f.folder()
		commented := documented[folder]
		if f.tree.Doc != nil {
			commented = append(commented, f)
		}
		documented[folder] = commented
	}
	for folder, files := range documented {
		switch {
		case len(files) == 0:
			breaches = append(breaches, Breach{File: folder, Text: "the package has no comment"})
		case len(files) > 1:
			for _, f := range files[1:] {
				breaches = append(breaches, f.breach(f.tree.Package, "the package has another comment in %s", files[0].path))
			}
		}
	}
	return sorted(breaches), nil
}

func sorted(breaches []Breach) []Breach {
	slices.SortFunc(breaches, func(a, b Breach) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return breaches
}

// Sizes of what one can read at once.
const (
	maxFileLines     = 300
	maxFunctionLines = 60
)

// large are files over the limit.
var large = []Exception{
	{"internal/problem/catalogue.go", "a table that is read by searching"},
}

// Sizes is the law of sizes, of all but tests.
func Sizes(root string) ([]Breach, error) {
	var breaches []Breach
	err := files(root, ".go", func(path string, content []byte) error {
		lines := bytes.Count(content, []byte("\n"))
		if lines > maxFileLines && !strings.HasSuffix(path, "_test.go") && !excepted(large, path) {
			breaches = append(breaches, Breach{path, lines, "the file is longer than 300 lines"})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		if f.test() {
			continue
		}
		for _, declaration := range f.tree.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			if n := f.line(function.End()) - f.line(function.Pos()) + 1; n > maxFunctionLines {
				breaches = append(breaches, f.breach(function.Pos(), "%s has %d lines, more than %d", function.Name.Name, n, maxFunctionLines))
			}
		}
	}
	return sorted(breaches), nil
}

// loose are names that let work run on without a bound, by the package they belong to.
var loose = map[string]string{
	"context.Background":      "work that nobody can cancel",
	"context.TODO":            "work that nobody can cancel",
	"time.Sleep":              "a wait that nobody can end",
	"time.Tick":               "a ticker that nobody can stop",
	"http.DefaultClient":      "a client without timeout",
	"http.Get":                "a client without timeout",
	"http.Post":               "a client without timeout",
	"prometheus.MustRegister": "a panic at the second load",
	"promauto.With":           "a panic at the second load",
}

// bounded are files that may use a loose name after all.
var bounded = []Exception{
	{"modules/auth/apikeywatch.go", "watched files outlive the config that asked for them; Destruct cancels"},
	{"modules/auth/denypool.go", "what is shared outlives the config that asked for it; Destruct cancels"},
	{"modules/auth/denyfile.go", "watched files outlive the config that asked for them; Destruct cancels"},
	{"modules/auth/pool.go", "fetched keys outlive the config that asked for them; Destruct cancels"},
	{"modules/api/remote.go", "fetched contracts outlive the config that asked for them; Destruct cancels"},
	{"modules/auth/watch.go", "watched files outlive the config that asked for them; Destruct cancels"},
	{"modules/ratelimit/persist.go", "state outlives the config that asked for it; reads and writes have a budget, and Destruct ends them"},
	{"internal/redis/*.go", "a store outlives the config that asked for it, Destruct cancels; a call has its own budget, whoever hangs up"},
	{"internal/openapi/findings.go", "the library asks for a context to judge a document that is in memory"},
	{"examples/*.go", "programs of their own"},
	{"examples/*/*.go", "programs of their own"},
	{"examples/*/*/*.go", "programs of their own"},
	{"deploy/*/*.go", "programs of their own"},
}

// Bounds is the law that no work runs without a bound.
func Bounds(root string) ([]Breach, error) {
	list, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	var breaches []Breach
	for _, f := range list {
		if f.test() || excepted(bounded, f.path) {
			continue
		}
		ast.Inspect(f.tree, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if left, ok := selector.X.(*ast.Ident); ok && left.Obj == nil {
				name := left.Name + "." + selector.Sel.Name
				if why := loose[name]; why != "" {
					breaches = append(breaches, f.breach(selector.Pos(), "%s is %s", name, why))
				}
			}
			return true
		})
	}
	return breaches, nil
}
