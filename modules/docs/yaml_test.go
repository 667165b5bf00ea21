package docs

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"gateway/internal/openapi"
)

// readBack reads YAML the way it would be read by somebody else.
func readBack(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v\n%.500s", err, text)
	}
	again, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, again)
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestYAML(t *testing.T) {
	t.Parallel()
	text, err := toYAML([]byte(`{"z":{"openapi":"3.1.0","a":[1,2.50,true,null,{"x":{}},[]]},"status":{"200":"yes","default":"No such thing: # at all"},"lines":"one\ntwo\n"}`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `z:
  openapi: 3.1.0
  a:
    - 1
    - 2.50
    - true
    - null
    - x: {}
    - []
status:
  "200": "yes"
  default: 'No such thing: # at all'
lines: |
  one
  two
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestYAMLMeansTheSame: for texts that look like something else, and for real contracts.
func TestYAMLMeansTheSame(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", " ", "null", "~", "true", "no", "On", "1", "1.0", "0x1f", "0o17", "1_000", "1e3", ".inf", ".NaN", "2026-01-31", "2026-01-31T00:00:00Z",
		"12:30:45", "a: b", "- a", "# a", "a # b", "&a", "*a", "!a", "|", ">", "%", "@a", "`a", "'a'", `"a"`, "[a]", "{a}", "a,b", "?", "? a", ":", "<<", "=",
		"a\nb", "a\n", "\na", "a\r\nb", "\ta", "a\t", "a\u0000b", "\u0085", "\u2028", "\ufeffa", "é", "😀", "---", "...", strings.Repeat("long ", 100),
	}
	for _, s := range texts {
		document, err := json.Marshal(map[string]any{"value": s, "list": []string{s, s}, "k" + s: 1})
		if err != nil {
			t.Fatal(err)
		}
		text, err := toYAML(document)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if diff := cmp.Diff(decoded(t, document), readBack(t, text)); diff != "" {
			t.Errorf("%q (-JSON +YAML):\n%s\n%s", s, diff, text)
		}
	}
	for _, file := range corpus(t) {
		contract, err := openapi.Load(file)
		if err != nil {
			continue // the contract's own room has a test for each of these
		}
		text, err := toYAML(contract.Document)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if want, got := decoded(t, contract.Document), readBack(t, text); !reflect.DeepEqual(want, got) {
			t.Errorf("%s (-JSON +YAML):\n%s", file, cmp.Diff(want, got))
		}
	}
}

func FuzzYAML(f *testing.F) {
	f.Add(`{"a":["1e3","<<",null,-0.0,{"":"\u2028"}]}`)
	f.Fuzz(func(t *testing.T, document string) {
		var v any
		if json.Unmarshal([]byte(document), &v) != nil {
			return
		}
		document = string(mustMarshal(t, v)) // each member once, valid UTF-8
		text, err := toYAML([]byte(document))
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		if diff := cmp.Diff(decoded(t, []byte(document)), readBack(t, text)); diff != "" {
			t.Errorf("%s (-JSON +YAML):\n%s\n%s", document, diff, text)
		}
	})
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
