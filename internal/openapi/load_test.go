package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gateway/internal/testfile"
)

// TestRefused keeps what people read when a contract is refused. Each file breaks
// one rule, named by the file.
func TestRefused(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/refused/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if ext := filepath.Ext(file); ext != ".yaml" && ext != ".json" {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			_, err := Load(file)
			if err == nil {
				t.Fatal("the contract was accepted")
			}
			testfile.Golden(t, file+".golden", strings.TrimRight(err.Error(), "\n")+"\n")
		})
	}
}

// TestAccepted keeps what becomes of whole contracts: the model, and the document
// with its schemas in one dialect.
func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"testdata/accepted/v30.yaml", "testdata/accepted/v31.json", "testdata/accepted/v32.yaml", "testdata/accepted/v32_plain.yaml", "testdata/accepted/shop/openapi.yaml", "testdata/accepted/warnings.yaml", "testdata/accepted/headers.yaml", "testdata/accepted/servers.yaml", "testdata/accepted/doubts.yaml"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			c, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			compileAll(t, c)
			testfile.Golden(t, file+".golden", describe(t, c))
		})
	}
}

// describe renders a contract.
func describe(t *testing.T, c *Contract) string {
	t.Helper()
	var document bytes.Buffer
	if err := json.Indent(&document, c.Document, "", "  "); err != nil {
		t.Fatal(err)
	}
	model := *c
	model.Document, model.Hash, model.Warnings = nil, "", nil
	text, err := json.MarshalIndent(model, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%s\n\n%s\n", text, document.Bytes())
	for _, w := range c.Warnings {
		out += fmt.Sprintf("\n%s: %s", w.At, w.Message)
	}
	return out + "\n"
}
