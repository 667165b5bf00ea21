package validate

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gateway/internal/openapi"
	"gateway/internal/problem"
	"gateway/internal/testfile"
)

// wrongExamples are request examples of real contracts that break their own schema,
// by file and operation, with what is wrong with them.
var wrongExamples = map[string]string{}

// TestRealContracts compiles every operation of every real contract that loads, and
// sends the examples of the contracts: as they are they pass, broken they do not.
func TestRealContracts(t *testing.T) {
	t.Parallel()
	contracts, examples := 0, 0
	realContracts(t, func(name string, c *openapi.Contract) {
		contracts++
		compiler, err := newContract(c, true, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for _, op := range c.Operations {
			compiled, err := compiler.operation(op, &testSettings)
			if err != nil {
				t.Errorf("%s: %s: %v", name, op.ID, err)
				continue
			}
			examples += sendExamples(t, name, op, compiled)
		}
	})
	if contracts < 40 || examples < 50 {
		t.Errorf("only %d contracts with %d examples were tried", contracts, examples)
	}
}

// realContracts visits every real contract that loads.
func realContracts(t *testing.T, visit func(name string, c *openapi.Contract)) {
	folder := testfile.Shared(t, "openapi-specs")
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(path)) {
			return err
		}
		if c, err := openapi.Load(path); err == nil { // the contract's own room has a test for each of the others
			visit(strings.TrimPrefix(path, folder+"/"), c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sendExamples(t *testing.T, file string, op *openapi.Operation, compiled *operation) (sent int) {
	if op.Body == nil {
		return 0
	}
	for i := range op.Body.Content {
		media := &op.Body.Content[i]
		if kindOfContent(media.Type) != contentJSON || media.Schema == "" {
			continue
		}
		for _, example := range media.Examples {
			if _, isText := example.Value.(string); isText {
				continue // some write the JSON text instead of the value
			}
			sent++
			refusal := sendJSON(t, compiled, media.Type, example.Value)
			if wrongExamples[file+" "+op.ID] == "" && refusal != nil {
				t.Errorf("%s: %s: the example %q is refused: %s %+v", file, op.ID, example.Name, refusal.Reason.Code, texts(refusal))
			}
			if refusal == nil {
				breakExample(t, file, op, compiled, media.Type, example.Value)
			}
		}
	}
	return sent
}

// texts returns the violations as lines.
func texts(refusal *problem.Refusal) (lines []string) {
	for _, v := range refusal.Violations {
		where := v.In + " " + v.Parameter
		if v.Pointer != nil {
			where = *v.Pointer
		}
		lines = append(lines, where+": "+v.Rule+": "+v.Message)
	}
	return lines
}

func sendJSON(t *testing.T, compiled *operation, mediaType string, v any) *problem.Refusal {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(string(text)))
	r.Header.Set("Content-Type", mediaType)
	return compiled.checkBody(r, "")
}

// breakExample removes each required member and changes the type of each declared
// one in turn; the refusal has to point at the member.
func breakExample(t *testing.T, file string, op *openapi.Operation, compiled *operation, mediaType string, example any) {
	object, ok := example.(map[string]any)
	s := compiled.body.find(mediaType).schema
	for depth := 0; ok && s != nil && s.node.ref != nil && depth < maxReferences; depth++ {
		s = &schema{node: s.node.ref}
	}
	if !ok || s == nil || s.node.oneOf != nil || s.node.anyOf != nil {
		return
	}
	for _, name := range s.node.required {
		broken := maps.Clone(object)
		delete(broken, name)
		expectPointer(t, file, op, sendJSON(t, compiled, mediaType, broken), join("", name))
	}
	for name, property := range s.node.properties {
		if _, present := object[name]; !present || property.kinds() == anyType || property.kinds()&typeBoolean != 0 {
			continue
		}
		broken := maps.Clone(object)
		broken[name] = true
		expectPointer(t, file, op, sendJSON(t, compiled, mediaType, broken), join("", name))
	}
	if extra := s.node.additionalProperties; extra != nil && extra.never {
		broken := maps.Clone(object)
		broken["surely-not-declared"] = 1
		expectPointer(t, file, op, sendJSON(t, compiled, mediaType, broken), "/surely-not-declared")
	}
}

func expectPointer(t *testing.T, file string, op *openapi.Operation, refusal *problem.Refusal, pointer string) {
	t.Helper()
	if refusal == nil {
		t.Errorf("%s: %s: accepted with a broken %s", file, op.ID, pointer)
		return
	}
	for _, v := range refusal.Violations {
		if v.Pointer != nil && *v.Pointer == pointer {
			return
		}
	}
	t.Errorf("%s: %s: broken %s, but the refusal points at %v", file, op.ID, pointer, texts(refusal))
}
