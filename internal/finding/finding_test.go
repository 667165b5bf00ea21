package finding_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"gateway/internal/finding"
	"gateway/internal/testfile"
)

func golden(t *testing.T, name, got string) {
	t.Helper()
	testfile.Golden(t, filepath.Join("testdata", name+".golden"), got+"\n")
}

func at(file string, line, column int) finding.Position {
	return finding.Position{File: filepath.Join("testdata", file), Line: line, Column: column}
}

// rendered are the findings of the golden files.
var rendered = map[string]finding.Error{
	"word": {
		Message: `"ratelimt" is not a directive`, At: at("site.caddyfile", 3, 0), Word: "ratelimt",
		Hint: "did you mean ratelimit?",
	},
	"column": {
		Message: "the block opened here is never closed", At: at("site.caddyfile", 5, 19),
		Page: "/docs/guides/strict.md",
	},
	"first_line":        {Message: "the site has no address", At: at("site.caddyfile", 1, 0), Word: "{"},
	"whole_word_first":  {Message: "the option is repeated", At: at("site.caddyfile", 9, 0), Word: "max"},
	"no_column":         {Message: "the block is empty", At: at("site.caddyfile", 5, 0), Hint: "fill it"},
	"word_not_there":    {Message: "the key is unknown", At: at("site.caddyfile", 3, 0), Word: "corp"},
	"no_such_line":      {Message: "the block is empty", At: at("site.caddyfile", 99, 0), Hint: "fill it"},
	"no_such_file":      {Message: "the file cannot be read", At: at("none.yaml", 3, 7), Hint: "check the path"},
	"no_place":          {Message: "nothing is configured", Hint: "add an api block"},
	"secret":            {Message: "the key is too short", At: at("secret.caddyfile", 3, 0), Word: "hmac"},
	"secret_underlined": {Message: "the key is too short", At: at("secret.caddyfile", 3, 0), Word: "c2VjcmV0LXZhbHVl"},
	"secret_values":     {Message: "the password is too short", At: at("secret.caddyfile", 7, 0), Word: "redis"},
	"secret_references": {Message: "the file cannot be read", At: at("secret.caddyfile", 5, 0), Word: "keys/hmac.txt"},
	"jwk":               {Message: "the key has no alg", At: at("key.json", 1, 2), Word: `"kty"`},
	"long_line":         {Message: `"strng" is no type`, At: at("minified.json", 1, 0), Word: "strng", Hint: "did you mean string?"},
	"control":           {Message: "bad\nmessage\x1b[2J", At: at("control.caddyfile", 1, 0), Word: "respond", Hint: "a\tb\x00"},
}

func TestRender(t *testing.T) {
	t.Parallel()
	for name, e := range rendered {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, e.Error())
		})
	}
}

func TestRenderNeverShowsSecrets(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"secret.caddyfile", "key.json"} {
		for line := 1; line <= 12; line++ {
			for _, word := range []string{"", "c2VjcmV0", "hmac", "pa55word"} {
				text := (&finding.Error{Message: "m", At: at(file, line, 0), Word: word}).Error()
				for _, secret := range []string{"c2VjcmV0", "pa55word", "eyJhbGci", "$2a$14", "AyM1SysPpby"} {
					if strings.Contains(text, secret) {
						t.Errorf("%s:%d shows %q:\n%s", file, line, secret, text)
					}
				}
			}
		}
	}
}

func TestRenderColour(t *testing.T) {
	t.Parallel()
	e := rendered["word"]
	text := e.Render(true)
	if !strings.Contains(text, "\x1b[31m") {
		t.Errorf("no colour in %q", text)
	}
	stripped := strings.NewReplacer("\x1b[1m", "", "\x1b[31m", "", "\x1b[2m", "", "\x1b[0m", "").Replace(text)
	var lines []string
	for line := range strings.Lines(stripped) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	if diff := cmp.Diff(e.Error(), strings.Join(lines, "\n")); diff != "" {
		t.Errorf("colour changes the text (-plain +coloured):\n%s", diff)
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	e := rendered["word"]
	if got, want := e.Where(), at("site.caddyfile", 3, 2); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	e := finding.At(token{}, "say hi", "%q is not an option", "hello").In([]byte("a\nb\n\thello you\n"))
	golden(t, "in", e.Error())
	if got := e.Where().Column; got != 2 {
		t.Errorf("column %d, want 2", got)
	}
}

// token is a token of standard input.
type token struct{}

func (token) File() string { return "-" }
func (token) Line() int    { return 3 }
func (token) Val() string  { return "hello" }

func TestParseSource(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]finding.Position{
		"":                       {},
		"Caddyfile":              {File: "Caddyfile"},
		"Caddyfile:12":           {File: "Caddyfile", Line: 12},
		"dir/api.yaml:3:14":      {File: "dir/api.yaml", Line: 3, Column: 14},
		`C:\gateway\Caddyfile:4`: {File: `C:\gateway\Caddyfile`, Line: 4},
		"Caddyfile:0":            {File: "Caddyfile:0"},
		"Caddyfile:-1":           {File: "Caddyfile:-1"},
		"Caddyfile:+1":           {File: "Caddyfile:+1"},
		"Caddyfile:":             {File: "Caddyfile:"},
		":8":                     {File: ":8"},
		"a:1:2:3":                {File: "a:1", Line: 2, Column: 3},
	} {
		if got := finding.ParseSource(source); got != want {
			t.Errorf("%q: got %+v, want %+v", source, got, want)
		}
		if want.Line > 0 {
			if got := want.String(); got != source {
				t.Errorf("%+v prints %q, want %q", want, got, source)
			}
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var list finding.List
	if err := list.Err(); err != nil {
		t.Errorf("an empty list is the error %v", err)
	}
	first, second := rendered["word"], rendered["column"]
	list = finding.List{&first}
	if err := list.Err(); err != error(&first) {
		t.Errorf("got %v, want the finding itself", err)
	}
	list = append(list, &second)
	if e, ok := errors.AsType[*finding.Error](fmt.Errorf("loading: %w", list.Err())); !ok || e != &first {
		t.Errorf("errors.As finds %v", e)
	}
	golden(t, "list", list.Error())
}

func TestExtract(t *testing.T) {
	t.Parallel()
	answer := func(text string) string {
		body, err := json.Marshal(map[string]string{"error": text})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	wraps := map[string]func(string) string{
		"bare":      func(s string) string { return s },
		"provision": func(s string) string { return "loading http app module: provision http.handlers.auth: " + s },
		"parser":    func(s string) string { return "parsing caddyfile tokens for 'auth': " + s + ", at Caddyfile:12" },
		"import": func(s string) string {
			return "adapting: " + s + ", at x.caddy:1 import chain ['Caddyfile:2 (import x)']"
		},
		"admin": func(s string) string {
			return "caddy responded with error: HTTP 400: " + answer("loading config: "+s) + "\n"
		},
		"more_behind": func(s string) string { return s + "\n\nand that is all: 3 errors" },
	}
	for wrap, f := range wraps {
		for name, e := range rendered {
			if name == "no_place" {
				continue
			}
			got := finding.Extract(f(e.Error()))
			if len(got) != 1 {
				t.Errorf("%s/%s: %d findings", wrap, name, len(got))
				continue
			}
			if diff := cmp.Diff(e.Error(), got[0].Error()); diff != "" {
				t.Errorf("%s/%s (-want +got):\n%s", wrap, name, diff)
			}
		}
	}
}

func TestExtractList(t *testing.T) {
	t.Parallel()
	var list finding.List
	for _, name := range []string{"word", "column", "no_such_file", "no_column"} {
		e := rendered[name]
		list = append(list, &e)
	}
	got := finding.Extract("loading config: " + list.Error())
	if diff := cmp.Diff(list.Error(), got.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got[0].Hint != "did you mean ratelimit?" || got[0].Where() != at("site.caddyfile", 3, 2) {
		t.Errorf("got %+v", got[0])
	}
}

func TestExtractNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"dial tcp 127.0.0.1:9001: connect: connection refused",
		"listen tcp :80: bind: permission denied",
		`HTTP 400: {"error":"nothing to see"}`,
		`HTTP 400: {"error":`,
		"hint: a hint of nothing",
	} {
		if got := finding.Extract(text); len(got) != 0 {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	directives := []string{"auth", "ratelimit", "reverse_proxy", "validate", "versioning", "to"}
	for word, want := range map[string]string{
		"ratelimt":      "ratelimit",
		"ratleimit":     "ratelimit",
		"rate_limit":    "ratelimit",
		"RateLimit":     "ratelimit",
		"reverse-proxy": "reverse_proxy",
		"revers_prxy":   "reverse_proxy",
		"validation":    "",
		"at":            "",
		"auht":          "auth",
		"xyz":           "",
		"":              "",
	} {
		if got := finding.Nearest(word, directives); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ word, want string }{
		{"audiance", "did you mean audience?"},
		{"colour", "one of: audience, issuer"},
	} {
		if got := finding.Suggest(test.word, "audience", "issuer"); got != test.want {
			t.Errorf("%q: got %q, want %q", test.word, got, test.want)
		}
	}
	if got := finding.Suggest("x"); got != "" {
		t.Errorf("no candidates: got %q", got)
	}
}

func FuzzNearest(f *testing.F) {
	f.Add("ratelimt", "ratelimit")
	f.Add("ab", "ba")
	f.Fuzz(func(t *testing.T, word, candidate string) {
		near := finding.Nearest(word, []string{candidate})
		if near != "" && near != candidate {
			t.Errorf("invented %q", near)
		}
		if word != "" && finding.Nearest(word, []string{candidate, word}) == "" {
			t.Errorf("%q is not near itself", word)
		}
	})
}

func FuzzRender(f *testing.F) {
	f.Add("site {\n\tkey abc\n}\n", "no key", "key", "hint", 2, 0)
	f.Add("a\x1b[2Jb\r\n\xff", "m: n", "b", "", 1, 3)
	f.Add("x│ y\n", "", "│", "see: ", 1, 0)
	f.Add("0:1: │ ", "a\n > 1 │ b", "", "c\nd", 1, 99)
	f.Fuzz(func(t *testing.T, source, message, word, hint string, line, column int) {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		e := finding.Error{Message: message, At: finding.Position{File: file, Line: line, Column: column}, Word: word, Hint: hint}
		text := e.Error()
		if !utf8.ValidString(text) {
			t.Errorf("not UTF-8: %q", text)
		}
		for i, line := range strings.Split(text, "\n") {
			if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("control characters: %q", line)
			}
			if i > 0 && utf8.RuneCountInString(line) > 200+utf8.RuneCountInString(hint) {
				t.Errorf("line of %d characters", utf8.RuneCountInString(line))
			}
		}
		finding.Extract(text)
	})
}
