package openapi

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"gateway/internal/finding"
	"gateway/internal/testfile"
)

// refusedDocuments are the real documents that are not accepted: what the finding
// says, and at which line the first one is.
var refusedDocuments = map[string]struct {
	line int
	says string
}{
	// ECMA-262 look-ahead, which takes more than linear time.
	"notifications_webhooks_v1.json": {1603, "uses look-ahead"},
	// Not an OpenAPI document, but a JSON Schema of such documents.
	"oas-3.0-schema.yaml": {1, "not an OpenAPI document"},
	// One variable twice in a path, of which the specification knows no meaning.
	"3.0-parameters-common.json": {93, "{id} occurs twice"},
	// Paths with a fragment, which no request ever has.
	"3.0-parameters-style.json": {86, `ends before "?" and "#"`},
	"3.1-parameters-style.json": {81, `ends before "?" and "#"`},
	// A keyword of 3.0 in a document of 3.1, where it means nothing.
	"3.1-schema-types.json": {101, `"nullable" does not exist in OpenAPI 3.1`},
	// Schemas in dialects from draft 4 to 2019-09.
	"3.1-schema-validation-local.json": {60, "schemas of this dialect are not supported"},
}

// TestDocuments loads documents of others. All but the listed ones are accepted, and
// every schema in them compiles.
func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			c, err := Load(file)
			want, refused := refusedDocuments[filepath.Base(file)]
			if !refused {
				if err != nil {
					t.Fatal(err)
				}
				compileAll(t, c)
				return
			}
			first := firstFinding(err)
			if first == nil || first.At.Line != want.line || !strings.Contains(first.Message, want.says) {
				t.Errorf("got %v, want line %d to say %q", err, want.line, want.says)
			}
		})
	}
}

func documents(t testing.TB) []string {
	var files []string
	for _, pattern := range []string{"*/*.json", "*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(testfile.Shared(t, "openapi-specs"), pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

func firstFinding(err error) *finding.Error {
	switch err := err.(type) {
	case *finding.Error:
		return err
	case finding.List:
		return err[0]
	}
	return nil
}

// TestVectors loads the documents of the request vectors.
func TestVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(testfile.Shared(t, "openapi-vectors"), "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct{ Specs map[string]json.RawMessage }
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	for id, spec := range vectors.Specs {
		c, err := Parse(id+".json", spec)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		compileAll(t, c)
	}
}

// schemas lists where the schemas of a contract stand.
func schemas(c *Contract) []Schema {
	var list []Schema
	add := func(content []Media) {
		for _, m := range content {
			list = append(list, m.Schema)
		}
	}
	for _, op := range c.Operations {
		for _, p := range op.Parameters {
			list = append(list, p.Schema)
		}
		if op.Body != nil {
			add(op.Body.Content)
		}
		for _, response := range op.Responses {
			add(response.Content)
		}
	}
	return list
}

// compileAll compiles every schema of a contract straight out of its document.
func compileAll(t *testing.T, c *Contract) {
	t.Helper()
	const url = "contract:///openapi.json"
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	if err := compiler.AddResource(url, bytes.NewReader(c.Document)); err != nil {
		t.Fatal(err)
	}
	for _, schema := range schemas(c) {
		if schema == "" {
			continue
		}
		if _, err := compiler.Compile(url + schema.Fragment()); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	}
}

// TestLint checks what only the rules of the specification find.
func TestLint(t *testing.T) {
	t.Parallel()
	list, err := Lint("testdata/lint.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testfile.Golden(t, "testdata/lint.yaml.golden", list.Error()+"\n")
}

// TestLintDocuments runs the rules over real documents: they all can be checked. The
// large ones are left out for time.
func TestLintDocuments(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		if info, err := os.Stat(file); err != nil || info.Size() > 50_000 {
			continue
		}
		list, err := Lint(file)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, e := range list {
			if e.At.Line == 0 || strings.Contains(e.Message, "could not be checked") {
				t.Errorf("%s: %v", file, e)
			}
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, name := range []string{"oai-examples/v3.0-petstore.json", "readme-oas-examples/3.1-train-travel.json", "paypal/checkout_orders_v2.json"} {
		file := filepath.Join(testfile.Shared(b, "openapi-specs"), name)
		b.Run(filepath.Base(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
