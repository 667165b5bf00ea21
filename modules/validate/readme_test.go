package validate_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// TestREADME loads the examples and compares the syntax with the grammar comment.
func TestREADME(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("caddyfile.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```caddyfile\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) < 2 {
		t.Errorf("only %d examples", len(blocks))
	}
	for _, block := range blocks {
		if _, err := gatewaytest.LoadFile(t, "Caddyfile", string(block[1])); err != nil {
			t.Errorf("%s\n%v", block[1], err)
		}
	}
	syntax := regexp.MustCompile("(?s)## Syntax\n\n```\n(.*?)```").FindSubmatch(readme)
	grammar := regexp.MustCompile(`(?s)Syntax:\n//\n(.*?)\nfunc`).FindSubmatch(source)
	if syntax == nil || grammar == nil {
		t.Fatal("no syntax in the README or the comment")
	}
	want := strings.ReplaceAll(strings.ReplaceAll(string(grammar[1])+"\n", "//\t", ""), "//", "")
	if string(syntax[1]) != want {
		t.Errorf("the README has\n%s\nthe comment\n%s", syntax[1], want)
	}
}
