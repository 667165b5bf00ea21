package strict_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	_ "gateway/modules/standard"
)

// delimiters returns where the braces and quotes of a Caddyfile stand that enclose
// blocks and tokens. It is told by experiment, apart from the code under test: one
// that does not is missing from a single token when it is deleted, and all is well.
func delimiters(t *testing.T, body []byte) []int {
	t.Helper()
	whole := texts(t, body)
	var at []int
	for i, c := range body {
		if bytes.ContainsRune([]byte("{}\"`"), rune(c)) && !within(whole, texts(t, without(body, i))) {
			at = append(at, i)
		}
	}
	return at
}

func without(body []byte, i int) []byte {
	return append(bytes.Clone(body[:i]), body[i+1:]...)
}

// word is a token as Caddy sees it.
type word struct {
	text   string
	quoted bool
}

// texts returns the tokens as Caddy sees them; nil if it sees none.
func texts(t *testing.T, body []byte) []word {
	t.Helper()
	tokens, err := caddyfile.Tokenize(body, "Caddyfile")
	if err != nil {
		return nil
	}
	list := make([]word, len(tokens))
	for i := range tokens {
		d := caddyfile.NewDispenser(tokens[i : i+1])
		d.Next()
		list[i] = word{d.Val(), d.ValRaw() != d.Val()}
	}
	return list
}

// within tells whether two lists of tokens differ in at most one token, and there
// neither in its quotes nor by being a brace.
func within(whole, less []word) bool {
	if len(whole) != len(less) {
		return false
	}
	changed := 0
	for i, w := range whole {
		if w == less[i] {
			continue
		}
		changed++
		if !w.quoted && (w.text == "{" || w.text == "}") || w.quoted != less[i].quoted {
			return false
		}
	}
	return changed <= 1
}

// harmless tells whether deleting one delimiter of body, whose adapted form is want,
// is an error or changes nothing.
func harmless(t *testing.T, file string, body, want []byte) {
	t.Helper()
	for _, i := range delimiters(t, body) {
		changed := without(body, i)
		got, _, err := adapt("gateway", file, string(changed))
		if err == nil && !bytes.Equal(got, want) {
			t.Errorf("without the %q at %d another meaning is accepted:\n%s", body[i], i, changed)
		}
	}
}

func TestNoDelimiterIsLostSilently(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/accepted/*.caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("../../examples/*/Caddyfile")
	if err != nil || len(files) == 0 || len(examples) == 0 {
		t.Fatalf("%d cases, %d examples, %v", len(files), len(examples), err)
	}
	for _, file := range append(append(files, examples...), "../../Caddyfile.example") {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, _, err := adapt("gateway", file, string(body))
			if err != nil {
				t.Fatal(err)
			}
			harmless(t, file, body, want)
		})
	}
}

func FuzzDelimiters(f *testing.F) {
	files, err := filepath.Glob("testdata/accepted/*.caddyfile")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(":80 {\n\theader A \"b # \\\"\" # say \"x\"\n\tvars x `y`\n}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.Contains(body, []byte("import")) || len(body) > 1000 {
			t.Skip()
		}
		if want, _, err := adapt("gateway", "Caddyfile", string(body)); err == nil {
			harmless(t, "Caddyfile", body, want)
		}
	})
}
