package validate

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"gateway/internal/testfile"
)

// TestJSONSuite reads every file of JSONTestSuite: y_ has to pass, n_ must not, i_ is
// free; whatever passes is also JSON for encoding/json.
func TestJSONSuite(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob(filepath.Join(testfile.Shared(t, "jsontestsuite"), "test_parsing", "*.json"))
	if len(paths) < 150 {
		t.Fatalf("only %d files", len(paths))
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := newDocument(string(text))
		failed := d.scan(&testBounds)
		name := filepath.Base(path)
		// Duplicate members are well-formed JSON and refused nevertheless.
		duplicate := strings.Contains(name, "duplicated_key")
		if name[0] == 'y' && (failed != nil) != duplicate {
			t.Errorf("%s: %v", name, failed)
		}
		if name[0] == 'n' && failed == nil {
			t.Errorf("%s was accepted", name)
		}
		if failed == nil && !json.Valid(text) {
			t.Errorf("%s was accepted, but not by encoding/json", name)
		}
		d.release()
	}
}

// TestSchemaStore checks the documents of real-world schemas.
func TestSchemaStore(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob(filepath.Join(testfile.Shared(t, "schemastore"), "*", "schema.json"))
	if len(paths) < 30 {
		t.Fatalf("only %d schemas", len(paths))
	}
	for _, path := range paths {
		name := filepath.Base(filepath.Dir(path))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := compileFile(path)
			if err != nil {
				if refusedStore[name] == "" || !strings.Contains(err.Error(), refusedStore[name]) {
					t.Fatal(err)
				}
				return
			}
			for folder, valid := range map[string]bool{"valid": true, "invalid": false} {
				documents, _ := filepath.Glob(filepath.Join(filepath.Dir(path), folder, "*.json"))
				for _, document := range documents {
					text, err := os.ReadFile(document)
					if err != nil {
						t.Fatal(err)
					}
					if got := verdict(t, s, string(text)); got != valid && storeGaps[name+"/"+filepath.Base(document)] == "" {
						t.Errorf("%s: got valid = %v", document, got)
					}
				}
			}
		})
	}
}

// refusedStore are the schemas that are refused at load, with a part of the finding.
var refusedStore = map[string]string{}

// storeGaps are the documents with another verdict, with the reason.
var storeGaps = map[string]string{}

// TestNaughtyStrings sends each string as a value, a member name and a query value:
// none may panic, and what is refused never comes back.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testfile.Shared(t, "naughty-strings"), "blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var naughty []string
	if err := json.Unmarshal(text, &naughty); err != nil || len(naughty) < 500 {
		t.Fatalf("%d strings, %v", len(naughty), err)
	}
	s := mustSchema(t, `{"type":"object","properties":{"value":{"type":"string","maxLength":0}},"additionalProperties":false}`)
	for _, sent := range naughty {
		for _, document := range []any{map[string]any{"value": sent}, sent, []any{sent}} {
			body, _ := json.Marshal(document)
			verdict(t, s, string(body))
		}
		body, _ := json.Marshal(map[string]any{"value": sent})
		d := newDocument(string(body))
		if err := d.scan(&testBounds); err != nil {
			t.Errorf("%q: %v", sent, err)
			continue
		}
		failed, _ := s.ask(d.decode(0))
		if (failed == nil) != (sent == "") {
			t.Errorf("%q: %v", sent, failed)
		}
		if failed == nil {
			continue
		}
		for _, v := range violations(failed, d.decode(0)) {
			if len(sent) > 8 && strings.Contains(v.message+v.hint, sent) {
				t.Errorf("%q comes back in %+v", sent, v)
			}
		}
	}
}

func mustSchema(t testing.TB, text string) *schema {
	t.Helper()
	s, err := compileText(t, text, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNoAmplification sends few bytes that could cost much.
func TestNoAmplification(t *testing.T) {
	t.Parallel()
	s := mustSchema(t, `{"type":["integer","array","object"],"minimum":1,"multipleOf":3,"enum":[1,2,3],"uniqueItems":true}`)
	for _, text := range []string{"1e9999999", "-1e-9999999", "1E400000000000000000000000", strings.Repeat("9", 600)} {
		if verdict(t, s, text) {
			t.Errorf("%.40s was accepted", text)
		}
	}
	d := newDocument(strings.Repeat("[", 1<<20))
	if err := d.scan(&testBounds); err == nil {
		t.Error("a million arrays were accepted")
	}
	many := "[" + strings.Repeat("0,", 99_000) + "0]"
	if verdict(t, mustSchema(t, `{"uniqueItems":true}`), many) {
		t.Error("equal items were accepted")
	}
	var distinct strings.Builder
	for i := range 30_000 {
		distinct.WriteString(strconv.Itoa(i) + ".0,")
	}
	if !verdict(t, mustSchema(t, `{"uniqueItems":true}`), "["+distinct.String()+"-1]") {
		t.Error("distinct items were refused")
	}
}

// TestExponentialSchema sends a document that a schema with two recursive branches
// would try 2^depth times.
func TestExponentialSchema(t *testing.T) {
	t.Parallel()
	s := mustSchema(t, `{"$ref":"#/$defs/tree","$defs":{"tree":{"anyOf":[
		{"type":"object","properties":{"a":{"$ref":"#/$defs/tree"}},"required":["a","x"]},
		{"type":"object","properties":{"a":{"$ref":"#/$defs/tree"}},"required":["a","y"]},
		{"type":"integer"}]}}}`)
	o := &operation{name: "plant", body: &body{media: []media{{name: "application/json", kind: contentJSON, schema: s}}}, settings: &testSettings}
	r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat(`{"a":`, 40)+`"leaf"`+strings.Repeat("}", 40)))
	r.Header.Set("Content-Type", "application/json")
	refusal := o.checkBody(r, "")
	if refusal != tooComplex {
		t.Errorf("got %+v", refusal)
	}
}

// TestManyMistakes sends bodies of nothing but mistakes: the cost of the refusal is
// bounded by what was sent (100 bytes of memory for each and a mebibyte besides).
func TestManyMistakes(t *testing.T) {
	var extra strings.Builder
	for i := range 30_000 {
		extra.WriteString(`"quantit` + strconv.Itoa(i) + `":1,`)
	}
	for name, c := range map[string][2]string{
		"items":  {`{"items":{"type":"integer"}}`, "[" + strings.Repeat(`"a",`, 90_000) + "1]"},
		"nested": {`{"items":{"items":{"items":{"minimum":5}}}}`, "[" + strings.Repeat("[[1]],", 30_000) + "[]]"},
		"extra":  {`{"properties":{"quantity":{}},"additionalProperties":false}`, "{" + extra.String() + `"x":1}`},
		"anyOf":  {`{"items":{"anyOf":[{"type":"integer"},{"type":"object"},{"maxLength":0}]}}`, "[" + strings.Repeat(`"a",`, 90_000) + "1]"},
	} {
		o := &operation{name: "send", settings: &testSettings,
			body: &body{media: []media{{name: "application/json", kind: contentJSON, schema: mustSchema(t, c[0])}}}}
		r := httptest.NewRequest("POST", "/", strings.NewReader(c[1]))
		r.Header.Set("Content-Type", "application/json")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		refusal := o.checkBody(r, "")
		runtime.ReadMemStats(&after)
		if refusal == nil || len(refusal.Violations) != 20 || refusal.More > maxFailures {
			t.Errorf("%s: got %+v", name, refusal)
		}
		if spent, allowed := after.TotalAlloc-before.TotalAlloc, uint64(100*len(c[1])+1<<20); spent > allowed {
			t.Errorf("%s: %d bytes cost %d bytes of memory", name, len(c[1]), spent)
		}
	}
}
