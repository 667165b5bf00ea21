package strict

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"
)

// sample is a Caddyfile with everything that the lexer knows.
const sample = "\uFEFF{\n\tadmin off # no admin {\n}\n\n" +
	"(snippet) {\n\theader X-{args[0]} \"a \\\"b\\\" \\n\"\n\t{block}\n}\n\n" +
	"a.example, \\\nb.example {\r\n\timport snippet name {\n\t\trespond `{\"a\": 1}` 200\n\t}\n" +
	"\trespond <<HTML\n\t\t<p>{http.request.uri}</p>\n\t\tHTML 200\n" +
	"\trespond \"two\nlines\" \\<<x # a back\\slash\n\theader Y \"\"\n\t<<not a heredoc\n}\n"

// words are the tokens of Caddy's own lexer, one a line.
func words(tokens []caddyfile.Token) []word {
	var list []word
	for _, t := range tokens {
		d := caddyfile.NewDispenser([]caddyfile.Token{t})
		d.Next()
		quoted := len(d.ValRaw()) != len(t.Text)
		list = append(list, word{t.Line, t.Text, quoted})
	}
	return list
}

type word struct {
	Line   int
	Text   string
	Quoted bool
}

// compare fails the test where scan and Caddy's lexer see different tokens.
func compare(t *testing.T, text string) {
	t.Helper()
	theirs, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
	if err != nil {
		return
	}
	want := words(theirs)
	tokens, _ := scan(text)
	var got []word
	for _, token := range tokens {
		switch {
		case token.open && token.text == "":
		case token.quote == '<':
			i := len(got)
			if i < len(want) { // heredocs are unindented elsewhere
				got = append(got, word{token.line, want[i].Text, false})
			}
		default:
			got = append(got, word{token.line, token.text, token.quote != 0 && !token.open})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tokens of %q (-caddy +ours):\n%s", text, diff)
	}
}

func TestScanAgreesWithCaddy(t *testing.T) {
	t.Parallel()
	compare(t, sample)
}

func TestScanPlaces(t *testing.T) {
	t.Parallel()
	tokens, comments := scan(sample)
	for i, token := range tokens {
		raw := sample[token.at:token.end]
		if token.quote == 0 && strings.Trim(raw, "\\\r") != strings.Trim(token.text, "\\") {
			t.Errorf("token %d is %q, its place holds %q", i, token.text, raw)
		}
		if token.quote != 0 && token.quote != '<' && rune(raw[0]) != token.quote {
			t.Errorf("quoted token %d begins with %q", i, raw)
		}
	}
	for _, c := range comments {
		if text := sample[c.at:c.end]; text[0] != '#' || strings.Contains(text, "\n") {
			t.Errorf("comment %q", text)
		}
	}
	if len(comments) != 2 {
		t.Errorf("%d comments, want 2", len(comments))
	}
}

func FuzzScan(f *testing.F) {
	f.Add(sample)
	for _, seed := range []string{"", "\\", "# \\\na", "a\\ \nb", "\"", "a\rb \\\r\nc", "\\\"a\" b", "<<E\na\nE b", "`", "<< a", "a<<B\nx"} {
		f.Add(seed)
	}
	f.Fuzz(compare)
}
