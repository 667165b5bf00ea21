package validate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gateway/internal/testfile"
)

// suiteGroup is one schema of the JSON Schema Test Suite with its cases.
type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

// refusedSchemas are the groups of the suite whose schema is refused at load, by
// what the finding says. All their cases count as not passed on.
var refusedSchemas = map[string]string{
	"is not a dialect":  "custom meta-schemas are not supported",
	"an empty enum":     "the library lets everything pass",
	"dynamic reference": "the library resolves some of them wrongly",
	"looks ahead":       "patterns run in linear time",
	"cannot be read: invalid character class": "RE2 has other names for Unicode classes",
}

// deviations are the cases of required tests in which the verdict differs from the
// suite's, by the beginning of their name, with the reason.
var deviations = map[string]string{
	"format.json/": "the suite has format as an annotation; here it is asserted",
}

// refusedGroups counts the groups of each file that are refused, by reason.
type refusedGroups struct {
	mu    sync.Mutex
	count map[string]int
}

func (r *refusedGroups) of(file string) func(reason string) {
	return func(reason string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.count[file+": "+reason]++
	}
}

func (r *refusedGroups) list() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.count)) {
		fmt.Fprintf(&b, "%s: %d\n", name, r.count[name])
	}
	return b.String()
}

func TestJSONSchemaSuite(t *testing.T) {
	t.Parallel()
	folder := testfile.Shared(t, "json-schema-test-suite")
	remotes := suiteRemotes(t, filepath.Join(folder, "remotes"))
	dialects := map[string]string{
		"draft4": "http://json-schema.org/draft-04/schema#", "draft7": "http://json-schema.org/draft-07/schema#",
		"draft2020-12": "https://json-schema.org/draft/2020-12/schema",
	}
	refused := &refusedGroups{count: make(map[string]int)}
	t.Cleanup(func() { golden(t, "suite.golden", refused.list()) })
	for draft, dialect := range dialects {
		paths, err := filepath.Glob(filepath.Join(folder, "tests", draft, "*.json"))
		if err != nil || len(paths) < 20 {
			t.Fatalf("%s: %d files, %v", draft, len(paths), err)
		}
		for _, path := range paths {
			t.Run(draft+"/"+filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				for _, group := range readSuite(t, path) {
					runGroup(t, filepath.Base(path), group, dialect, remotes, refused.of(draft+"/"+filepath.Base(path)))
				}
			})
		}
	}
}

func readSuite(t *testing.T, path string) (groups []suiteGroup) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	return groups
}

func suiteRemotes(t *testing.T, folder string) func(string) (string, bool) {
	texts := make(map[string]string)
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		texts["http://localhost:1234/"+filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(url string) (string, bool) { text, ok := texts[url]; return text, ok }
}

// compileText compiles a schema as a file of that content would be.
func compileText(t testing.TB, text, dialect string, remotes func(string) (string, bool)) (*schema, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "schema.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	f := newFiles(root, folder)
	f.remotes, f.assumed = remotes, dialect
	return f.compile("schema.json")
}

// verdict runs a document through the scanner, the checker and the engine and fails
// the test where the last two disagree.
func verdict(t testing.TB, s *schema, text string) bool {
	t.Helper()
	d := newDocument(text)
	defer d.release()
	if err := d.scan(&testBounds); err != nil {
		return false
	}
	failed, err := s.ask(d.decode(0))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if s.covered && d.accepted(s.node) != (failed == nil) {
		t.Errorf("checker and engine disagree about %.200s: the engine says valid = %v", text, failed == nil)
	}
	if failed != nil {
		compareExplanations(t, s, d, failed)
	}
	return failed == nil
}

// compareExplanations compares what the checker says about an invalid document with
// what the engine says. Only where one body breaks a great many rules, the checker
// stops earlier.
func compareExplanations(t testing.TB, s *schema, d *document, failed *failure) {
	t.Helper()
	root := d.decode(0)
	want := violations(failed, root)
	if len(want) == 0 {
		t.Errorf("no violation for %s", d.text)
	}
	if !s.covered || len(want) > 100 || hasEmptyName(d) { // whose pointers the engine shortens
		return
	}
	explained, err := s.explain(d)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, violations(explained, root), cmp.AllowUnexported(violation{})); diff != "" {
		t.Errorf("engine and checker explain %.200s differently (-engine +checker):\n%s", d.text, diff)
	}
}

var testBounds = bounds{maxDepth: 64, maxValues: 100_000, maxNumber: 512}

func runGroup(t *testing.T, file string, group suiteGroup, dialect string, remotes func(string) (string, bool), refused func(reason string)) {
	s, err := compileText(t, string(group.Schema), dialect, remotes)
	if err != nil {
		for part, reason := range refusedSchemas {
			if strings.Contains(err.Error(), part) {
				refused(reason)
				return
			}
		}
		t.Errorf("%s: %v", group.Description, err)
		return
	}
	for _, test := range group.Tests {
		name := file + "/" + group.Description + "/" + test.Description
		got := verdict(t, s, string(test.Data))
		deviates := slices.ContainsFunc(slices.Collect(maps.Keys(deviations)), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if got != test.Valid && !deviates {
			t.Errorf("%s: got valid = %v, want %v", name, got, test.Valid)
		}
	}
}

// TestFormatSuite runs the optional format cases; what differs is listed with its
// reason in testdata/formats.golden.
func TestFormatSuite(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob(filepath.Join(testfile.Shared(t, "json-schema-test-suite"), "tests", "draft2020-12", "optional", "format", "*.json"))
	if len(paths) < 15 {
		t.Fatalf("%d files", len(paths))
	}
	var gaps strings.Builder
	for _, path := range paths {
		for _, group := range readSuite(t, path) {
			s, err := compileText(t, string(group.Schema), "", nil)
			if err != nil {
				t.Errorf("%s: %v", group.Description, err)
				continue
			}
			for _, test := range group.Tests {
				if got := verdict(t, s, string(test.Data)); got != test.Valid {
					gaps.WriteString(strings.TrimSuffix(filepath.Base(path), ".json") + ": " + test.Description + ": " + map[bool]string{true: "accepted", false: "refused"}[got] + "\n")
				}
			}
		}
	}
	golden(t, "formats.golden", gaps.String())
}

func hasEmptyName(d *document) bool {
	return slices.ContainsFunc(d.values, func(v value) bool { return v.kind == kindString && v.start == v.end })
}
