package laws

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gateway/internal/problem"
)

// PagesFolder is where the pages about the reasons stand.
const PagesFolder = "docs/errors"

// indexPage is the page that lists the others.
const indexPage = "README.md"

// Pages returns the pages about reasons by file name.
func Pages(reasons []*problem.Reason) map[string]string {
	pages := map[string]string{indexPage: problem.Index()}
	for _, reason := range reasons {
		pages[reason.Code+".md"] = problem.Page(reason)
	}
	return pages
}

// ahead are reasons that the vocabulary has before the gateway can give them. They
// need no test yet, but then nothing may raise them either.
var ahead = []string{"change.failed"}

// Reasons is the law of the catalogue: every reason has a hint, a test outside of the
// catalogue's own, and its page; and there is no page without reason.
func Reasons(root string, reasons []*problem.Reason) ([]Breach, error) {
	tests, code, err := goText(root)
	if err != nil {
		return nil, err
	}
	variables, err := reasonVariables(root)
	if err != nil {
		return nil, err
	}
	var breaches []Breach
	for _, reason := range reasons {
		if strings.TrimSpace(reason.Hint) == "" {
			breaches = append(breaches, Breach{File: reason.Code, Text: "the reason has no hint"})
		}
		name := "problem." + variables[reason.Code]
		known := strings.Contains(tests, reason.Code) || mentions(tests, name)
		switch {
		case known:
		case !slices.Contains(ahead, reason.Code):
			breaches = append(breaches, Breach{File: reason.Code, Text: "no test outside of internal/problem knows the reason"})
		case mentions(code, "Reason: "+name) || mentions(code, "problem.New("+name):
			breaches = append(breaches, Breach{File: reason.Code, Text: "the reason is raised by now, and no test outside of internal/problem knows it"})
		}
	}
	pages, err := pageBreaches(root, Pages(reasons))
	return append(breaches, pages...), err
}

func pageBreaches(root string, pages map[string]string) ([]Breach, error) {
	var breaches []Breach
	folder := filepath.Join(root, PagesFolder)
	for name, want := range pages {
		file := filepath.ToSlash(filepath.Join(PagesFolder, name))
		switch got, err := os.ReadFile(filepath.Join(folder, name)); {
		case os.IsNotExist(err):
			breaches = append(breaches, Breach{File: file, Text: "the page is missing"})
		case err != nil:
			return nil, err
		case string(got) != want:
			breaches = append(breaches, Breach{File: file, Text: "the page differs from the catalogue"})
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for _, entry := range entries {
		if _, ok := pages[entry.Name()]; !ok {
			breaches = append(breaches, Breach{File: PagesFolder + "/" + entry.Name(), Text: "the page belongs to no reason"})
		}
	}
	return sorted(breaches), nil
}

// mentions tells whether text contains a name that does not go on.
func mentions(text, name string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(name) + `\b`).MatchString(text)
}

// goText returns the text of all tests and of all other code, without the
// catalogue's own.
func goText(root string) (tests, code string, err error) {
	var testText, codeText strings.Builder
	err = files(root, ".go", func(path string, content []byte) error {
		switch {
		case below(path, "internal/problem"), below(path, "internal/laws"):
		case strings.HasSuffix(path, "_test.go"):
			testText.Write(content)
		default:
			codeText.Write(content)
		}
		return nil
	})
	return testText.String(), codeText.String(), err
}

// reasonDeclaration matches a variable of the catalogue with its code.
var reasonDeclaration = regexp.MustCompile(`(?m)^(?:var )?\s*(\w+)\s*= &Reason\{\s*Code:\s*"([^"]+)"`)

// reasonVariables returns the names of the catalogue's variables by code.
func reasonVariables(root string) (map[string]string, error) {
	names := map[string]string{}
	content, err := os.ReadFile(filepath.Join(root, "internal/problem/catalogue.go"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for _, match := range reasonDeclaration.FindAllSubmatch(content, -1) {
		names[string(match[2])] = string(match[1])
	}
	return names, nil
}
