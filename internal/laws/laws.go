// Package laws holds the repository to rules that no compiler checks. Each law is a
// function over a folder, so that its test can also show it failing on a fixture.
//
// What a law does not apply to is listed here with the reason; the tests have no
// exceptions of their own.
package laws

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Breach is one place where a law is broken.
type Breach struct {
	// File is relative to the folder that was looked at.
	File string
	Line int
	Text string
}

// String returns "file:line: text".
func (b Breach) String() string {
	if b.Line == 0 {
		return b.File + ": " + b.Text
	}
	return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Text)
}

// Exception is a file that a law does not apply to, and why.
type Exception struct{ File, Reason string }

func excepted(list []Exception, file string) bool {
	return slices.ContainsFunc(list, func(e Exception) bool {
		matched, err := filepath.Match(e.File, file)
		return err == nil && matched
	})
}

// goFile is one parsed Go file.
type goFile struct {
	path string // relative to the root, with slashes
	set  *token.FileSet
	tree *ast.File
}

func (f *goFile) line(pos token.Pos) int { return f.set.Position(pos).Line }

func (f *goFile) breach(pos token.Pos, format string, args ...any) Breach {
	return Breach{f.path, f.line(pos), fmt.Sprintf(format, args...)}
}

// folder returns the slash-separated folder of the file.
func (f *goFile) folder() string { return filepath.ToSlash(filepath.Dir(f.path)) }

func (f *goFile) test() bool { return strings.HasSuffix(f.path, "_test.go") }

// files calls visit for the files below root that end in suffix, except those of
// fixtures, of version control and of other people.
func files(root, suffix string, visit func(path string, content []byte) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, suffix) {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(relative), content)
	})
}

// goFiles parses the Go files below root.
func goFiles(root string) ([]*goFile, error) {
	var list []*goFile
	err := files(root, ".go", func(path string, content []byte) error {
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, content, parser.ParseComments)
		if err != nil {
			return err
		}
		list = append(list, &goFile{path, set, tree})
		return nil
	})
	return list, err
}
