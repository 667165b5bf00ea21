package auth_test

import (
	"os"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// blocks returns the contents of the fenced blocks of a Markdown text in a language.
func blocks(text, language string) (list []string) {
	for {
		_, rest, ok := strings.Cut(text, "\n```"+language+"\n")
		if !ok {
			return list
		}
		block, rest, _ := strings.Cut(rest, "\n```\n")
		list, text = append(list, block+"\n"), "\n"+rest
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := blocks(string(readme), "caddyfile")
	if len(examples) == 0 {
		t.Fatal("there are no examples")
	}
	for _, example := range examples {
		gatewaytest.New(t, example)
	}
	source, err := os.ReadFile("caddyfile.go")
	if err != nil {
		t.Fatal(err)
	}
	syntax := blocks(string(readme), "")[0]
	_, grammar, _ := strings.Cut(string(source), "Syntax:\n//\n")
	grammar, _, _ = strings.Cut(grammar, "//\n// ")
	if got := strings.ReplaceAll(grammar, "//\t", ""); got != syntax {
		t.Errorf("the grammar in caddyfile.go differs from the README:\n%s\n%s", got, syntax)
	}
}
