package laws

import (
	"go/ast"
	"path"
	"regexp"
	"strings"
)

// Block is one fenced block of a Markdown file.
type Block struct {
	File     string
	Line     int // of its first line of code
	Language string
	Code     string
	Section  string // the nearest heading of level 2
}

// fence matches the line that opens or closes a fenced block.
var fence = regexp.MustCompile("^\\s*```\\s*([\\w-]*)\\s*$")

// Blocks returns the fenced blocks of the Markdown files below root.
func Blocks(root string) ([]Block, error) {
	var list []Block
	err := files(root, ".md", func(name string, content []byte) error {
		list = append(list, blocks(name, string(content))...)
		return nil
	})
	return list, err
}

func blocks(name, content string) []Block {
	var list []Block
	var section string
	var open *Block
	number := 0
	for line := range strings.Lines(content) {
		number++
		match := fence.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		switch {
		case match != nil && open == nil:
			open = &Block{File: name, Line: number + 1, Language: match[1], Section: section}
		case match != nil:
			list = append(list, *open)
			open = nil
		case open != nil:
			open.Code += line
		case strings.HasPrefix(line, "## "):
			section = strings.TrimSpace(strings.TrimPrefix(line, "## "))
		}
	}
	return list
}

// Caddyfiles is the law that every Caddyfile in the documentation loads. load adapts
// and provisions one without warnings.
func Caddyfiles(root string, load func(block Block) error) ([]Breach, error) {
	list, err := Blocks(root)
	if err != nil {
		return nil, err
	}
	var breaches []Breach
	for _, block := range list {
		if block.Language != "caddyfile" {
			continue
		}
		if err := load(block); err != nil {
			breaches = append(breaches, Breach{block.File, block.Line, "the Caddyfile does not load: " + err.Error()})
		}
	}
	return breaches, nil
}

// Syntax is the law that the grammar in the comment of UnmarshalCaddyfile is the one
// that the module's README shows under "Syntax".
func Syntax(root string) ([]Breach, error) {
	list, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	all, err := Blocks(root)
	if err != nil {
		return nil, err
	}
	shown := map[string][]string{}
	for _, block := range all {
		if folder := path.Dir(block.File); block.Section == "Syntax" && path.Base(block.File) == "README.md" {
			shown[folder] = append(shown[folder], strings.TrimSpace(block.Code))
		}
	}
	var breaches []Breach
	for _, f := range list {
		if f.test() || !below(f.path, "modules") {
			continue
		}
		for _, declaration := range f.tree.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Name.Name != "UnmarshalCaddyfile" {
				continue
			}
			if text := f.syntax(function, shown[f.folder()]); text != "" {
				breaches = append(breaches, f.breach(function.Pos(), "%s", text))
			}
		}
	}
	return breaches, nil
}

// syntax judges one function; it returns "" if its grammar is among those shown.
func (f *goFile) syntax(function *ast.FuncDecl, shown []string) string {
	grammar := Grammar(function.Doc)
	if grammar == "" {
		return "the comment of UnmarshalCaddyfile has no grammar: indented lines after \"Syntax:\""
	}
	for _, text := range shown {
		if text == grammar {
			return ""
		}
	}
	return "the README's section Syntax does not show this grammar:\n" + grammar
}

// Grammar returns the indented lines of a comment after "Syntax:".
func Grammar(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	_, rest, _ := strings.Cut(doc.Text(), "Syntax:\n")
	var grammar []string
	for line := range strings.Lines(strings.TrimLeft(rest, "\n")) {
		line = strings.TrimRight(line, "\n")
		if line != "" && !strings.HasPrefix(line, "\t") {
			break
		}
		grammar = append(grammar, strings.TrimPrefix(line, "\t"))
	}
	return strings.TrimSpace(strings.Join(grammar, "\n"))
}
