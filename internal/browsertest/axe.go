package browsertest

import (
	"os"
	"path/filepath"
	"testing"

	"gateway/internal/testfile"
)

// axeFile is where scripts/setup puts axe-core, below the repository's folder.
const axeFile = ".cache/axe-core.js"

// Axe returns the script of axe-core, which looks for what keeps people from using a page,
// and skips the test where it is absent. It stays in a page until the next navigation.
func Axe(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testfile.Root(), axeFile))
	if err != nil {
		t.Skip("there is no axe-core; scripts/setup fetches it where there is npm")
	}
	return string(text)
}

// Barriers returns what axe-core finds on the page as it is: a line for each element and
// rule.
func (p *Tab) Barriers() []string {
	p.t.Helper()
	return Value[[]string](p, `axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations.flatMap((one) => one.nodes.map((node) => one.id + ": " + node.target + " " + node.failureSummary)))`)
}
