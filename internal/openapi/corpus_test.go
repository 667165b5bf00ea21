package openapi

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

func compileAll(t *testing.T, c *Contract) {
	comp := jsonschema.NewCompiler()
	comp.Draft = jsonschema.Draft2020
	comp.AssertFormat = true
	if err := comp.AddResource("file:///contract.json", bytes.NewReader(c.Document)); err != nil {
		t.Error(err)
		return
	}
	do := func(s Schema) {
		if s == "" {
			return
		}
		if _, err := comp.Compile("file:///contract.json" + s.Fragment()); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, op := range c.Operations {
		for _, p := range op.Parameters {
			do(p.Schema)
		}
		if op.Body != nil {
			for _, m := range op.Body.Content {
				do(m.Schema)
			}
		}
		for _, r := range op.Responses {
			for _, m := range r.Content {
				do(m.Schema)
			}
		}
	}
}

func TestDev(t *testing.T) {
	files, _ := filepath.Glob("/work/shared/testdata/openapi-specs/*/*.json")
	y, _ := filepath.Glob("/work/shared/testdata/openapi-specs/*/*.yaml")
	files = append(files, y...)
	for _, f := range files {
		t0 := time.Now()
		c, err := Load(f)
		d := time.Since(t0)
		if err != nil {
			t.Logf("%s %v REFUSED\n%v", filepath.Base(f), d, err)
			continue
		}
		if !json.Valid(c.Document) {
			t.Errorf("%s: not json", f)
		}
		t0 = time.Now()
		compileAll(t, c)
		t.Logf("%s ops=%d load=%v compile=%v doc=%d warnings=%d", filepath.Base(f), len(c.Operations), d, time.Since(t0), len(c.Document), len(c.Warnings))
		if len(c.Warnings) > 0 && os.Getenv("W") != "" {
			for _, w := range c.Warnings {
				t.Logf("    %s: %s", w.At, w.Message)
			}
		}
	}
}

func TestDevVectors(t *testing.T) {
	data, _ := os.ReadFile("/work/shared/testdata/openapi-vectors/vectors.json")
	var v struct {
		Specs map[string]json.RawMessage
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for id, s := range v.Specs {
		c, err := Parse(id+".json", s)
		if err != nil {
			t.Logf("%s REFUSED\n%v", id, err)
			continue
		}
		compileAll(t, c)
	}
}
