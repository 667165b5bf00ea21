package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"
)

const minimal = `{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}}`

// withSchema is a contract with one schema in it, on a line of its own.
func withSchema(schema string) string {
	return `{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/": {"post": {"requestBody": {"content": {"application/json": {"schema":
` + schema + `}}}}}}}`
}

// TestConfinement keeps a contract from reading outside of its directory: by name,
// and by symbolic link, which os.Root does not follow out.
func TestConfinement(t *testing.T) {
	t.Parallel()
	dir := tree(t, "secret.yaml=type: string", "api/inside.yaml=type: string")
	for link, target := range map[string]string{
		"up.yaml": "../secret.yaml", "absolute.yaml": filepath.Join(dir, "secret.yaml"), "folder": "..", "near.yaml": "inside.yaml",
	} {
		if err := os.Symlink(target, filepath.Join(dir, "api", link)); err != nil {
			t.Skip(err)
		}
	}
	file := filepath.Join(dir, "api", "openapi.json")
	for ref, want := range map[string]string{
		"inside.yaml": "", "near.yaml": "", "./x/../inside.yaml": "",
		"../secret.yaml": "outside", "%2e%2e/secret.yaml": "outside", "..%2Fsecret.yaml": "outside", "x/../../secret.yaml": "outside",
		"up.yaml": "outside", "absolute.yaml": "outside", "folder/secret.yaml": "outside",
		"/etc/hostname": "outside", "file:///etc/hostname": "another host", "//host/x.yaml": "another host",
		"http://127.0.0.1:1/x.yaml": "another host", "inside.yaml\x00": "not valid JSON", "": "contains itself",
	} {
		if err := os.WriteFile(file, []byte(withSchema(fmt.Sprintf(`{"$ref": %q}`, ref))), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Load(file)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", ref, err)
			}
			continue
		}
		if want == "not valid JSON" || want == "contains itself" {
			if err == nil {
				t.Errorf("%q: no error", ref)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", ref, err, want)
		}
	}
}

// TestContractMayBeLinked lets the contract itself be a link, as mounted ones are.
func TestContractMayBeLinked(t *testing.T) {
	t.Parallel()
	dir := tree(t, "elsewhere/contract.json="+minimal, "api/x")
	link := filepath.Join(dir, "api", "openapi.json")
	if err := os.Symlink(filepath.Join(dir, "elsewhere", "contract.json"), link); err != nil {
		t.Skip(err)
	}
	if _, err := Load(link); err != nil {
		t.Error(err)
	}
}

func TestLoadMissing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"testdata/nowhere.yaml", "nowhere/openapi.yaml", "testdata"} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestBounds keeps the bounds on documents.
func TestBounds(t *testing.T) {
	t.Parallel()
	laughs := "openapi: 3.1.0\na: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		laughs += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	for name, tt := range map[string]struct{ file, text, says string }{
		"too deep in JSON": {"a.json", strings.Repeat("[", 10_000), "more than 200 levels"},
		"too deep in YAML": {"a.yaml", strings.Repeat("[", 250) + strings.Repeat("]", 250), "more than 200 levels"},
		"too large":        {"a.json", strings.Repeat(" ", maxDocumentBytes+1), "larger than 32 MiB"},
		"billion laughs":   {"a.yaml", laughs, "copies"},
		"alias of itself":  {"a.yaml", "openapi: 3.1.0\nx: &x [*x]\n", "levels"},
		"merge of itself":  {"a.yaml", "openapi: 3.1.0\nx: &x {<<: *x}\n", "levels"},
		"huge exponent":    {"a.json", withSchema(`{"minimum": 1e1000000000}`), "too large"},
		"tiny exponent":    {"a.yaml", "openapi: 3.1.0\nx-y: 1e-1000000000\n", "too small"},
		"not UTF-8":        {"a.json", "{\"openapi\": \"3.1.0\xff\"}", "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(tt.file, []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %.300v, want %q", err, tt.says)
			}
		})
	}
}

// TestManyValues starts the readers close to their bound.
func TestManyValues(t *testing.T) {
	t.Parallel()
	text := []byte("[0, 0, 0]")
	decoder := json.NewDecoder(bytes.NewReader(text))
	r := &jsonReader{decoder: decoder, data: text, file: &file{}, report: &report{}, nodes: maxNodes - 3}
	if _, err := r.value(0); err == nil || !strings.Contains(err.Error(), "values") {
		t.Errorf("JSON: got %v", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	y := &yamlReader{file: &file{}, report: &report{}, nodes: maxNodes - 3}
	if _, err := y.value(document.Content[0], 0); err == nil || !strings.Contains(err.Error(), "values") {
		t.Errorf("YAML: got %v", err)
	}
}

// TestManyFindings bounds how much is said about one contract.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	var properties []string
	for i := range 300 {
		properties = append(properties, fmt.Sprintf("\n%q: {\"type\": \"strng\"}", fmt.Sprint(i)))
	}
	_, err := Parse("a.json", []byte(withSchema(`{"properties": {`+strings.Join(properties, ",")+`}}`)))
	if n := strings.Count(err.Error(), `"strng" is not`); n != maxFindings || !strings.Contains(err.Error(), "200 more findings are not shown") {
		t.Errorf("got %d findings: %.200v", n, err)
	}
}

// TestParseReadsNoFiles keeps contracts that were fetched from reading local files.
func TestParseReadsNoFiles(t *testing.T) {
	t.Parallel()
	if _, err := Parse("testdata/a.json", []byte(withSchema(`{"$ref": "lint.yaml"}`))); err == nil {
		t.Error("no error")
	}
}

// TestHash changes with any file, and with nothing else.
func TestHash(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"a.json": {Data: []byte(withSchema(`{"$ref": "b.yaml"}`))}, "b.yaml": {Data: []byte("type: string")}}
	load := func() string {
		c, err := LoadFS(files, "a.json")
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash
	}
	first := load()
	if load() != first {
		t.Error("the same files have two hashes")
	}
	files["b.yaml"] = &fstest.MapFile{Data: []byte("type: number")}
	if load() == first {
		t.Error("other files have the same hash")
	}
}

// FuzzParse holds whatever is accepted to be a JSON document whose schemas are where
// the model says, and whatever is refused to have a place.
func FuzzParse(f *testing.F) {
	f.Add("a.json", withSchema(`{"$ref": "#/paths/~1/post/requestBody"}`))
	f.Add("a.yaml", "openapi: 3.0.0\ninfo: {title: t, version: v}\npaths: {/a: {get: {responses: {default: {description: d}}}}}\n")
	f.Add("a.json", `{"openapi": "3.1.0", "info": {}, "paths": {"/": {"get": {"parameters": [{"name": "x"}]}}}}`)
	for _, file := range []string{"testdata/accepted/v30.yaml", "testdata/accepted/v31.json", "testdata/accepted/v32.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file, string(data))
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		c, err := Parse(name, []byte(text))
		if err != nil {
			if first := firstFinding(err); first == nil || first.Message == "" {
				t.Fatalf("not a finding: %v", err)
			}
			return
		}
		var document any
		if err := json.Unmarshal(c.Document, &document); err != nil {
			t.Fatal(err)
		}
		for _, schema := range schemas(c) {
			if _, ok := find(document, string(schema)); !ok {
				t.Fatalf("there is nothing at %q in %s", schema, c.Document)
			}
		}
		checkRefs(t, document)
		compileAll(t, c)
	})
}

// find follows a JSON Pointer.
func find(v any, pointer string) (any, bool) {
	if pointer == "" {
		return v, true
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		switch parent := v.(type) {
		case map[string]any:
			child, ok := parent[unescape(token)]
			if !ok {
				return nil, false
			}
			v = child
		case []any:
			i := 0
			if _, err := fmt.Sscanf(token, "%d", &i); err != nil || i >= len(parent) {
				return nil, false
			}
			v = parent[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// checkRefs checks that references among schemas lead somewhere.
func checkRefs(t *testing.T, root any) {
	document, _ := root.(map[string]any)
	components, _ := document["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	for name, schema := range schemas {
		schema, _ := schema.(map[string]any)
		if ref, ok := schema["$ref"].(string); ok {
			pointer, err := unfragment(ref)
			if _, found := find(root, pointer); err != nil || !found {
				t.Fatalf("%s: %q leads nowhere (%v)", name, ref, err)
			}
		}
	}
}

func unfragment(ref string) (string, error) {
	return url.PathUnescape(strings.TrimPrefix(ref, "#"))
}

// TestSight: what another reading would see as well, and what not.
func TestSight(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const main = "openapi: 3.1.0\ninfo: {}\npaths: {/a: {$ref: part.yaml}, /b: {$ref: absent.yaml}, /c: {$ref: ../outside.yaml}}\n"
	put("openapi.yaml", main)
	put("part.yaml", "get: {}\n")
	put("other.yaml", "get: {}\n")
	_, sight, err := Read(filepath.Join(dir, "openapi.yaml"))
	if err == nil || !sight.Same() {
		t.Fatalf("%v, same %v", err, sight.Same())
	}
	for i, change := range []struct{ name, content, before string }{
		{"openapi.yaml", main + "# more\n", main},
		{"part.yaml", "put: {}\n", "get: {}\n"}, // of the same size
	} {
		put(change.name, change.content)
		if sight.Same() {
			t.Errorf("change %d goes unseen", i)
		}
		put(change.name, change.before)
		if !sight.Same() {
			t.Errorf("change %d taken back is a change still", i)
		}
	}
	put("other.yaml", "put: {}\n")
	if !sight.Same() {
		t.Error("a file that has nothing to do with it is a change")
	}
	put("absent.yaml", "get: {}\n")
	if sight.Same() {
		t.Error("a file that was missing goes unseen")
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if sight.Same() {
		t.Error("the end of the folder goes unseen")
	}
	if _, sight, _ = Read(filepath.Join(dir, "openapi.yaml")); !sight.Same() {
		t.Error("a folder that is not there is a change")
	}
}
