package mock

import (
	"strings"
	"testing"
)

func TestPreferences(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]preferred{
		"":                                   {},
		"code=404":                           {code: "404"},
		"code=404, example=none":             {"404", "none"},
		"code=404; example=none":             {"404", "none"},
		"code=404\nexample=none":             {"404", "none"},
		"code=404,code=200":                  {code: "404"},
		"respond-async, wait=10, CODE = 201": {code: "201"},
		`example="a, b; c=\"d\"" , code=404`: {"404", `a, b; c="d"`},
		`example="never ends, code=404`:      {example: "never ends, code=404"},
		`example="a"junk, code=404`:          {"404", "a"},
		"=, ;;, code":                        {},
		"return=minimal; foo=bar, example=x": {example: "x"},
		strings.Repeat("a,", 100) + "code=1": {},
	} {
		if got := preferences(strings.Split(lines, "\n")); got != want {
			t.Errorf("%q: got %+v, want %+v", lines, got, want)
		}
	}
}

func FuzzPreferences(f *testing.F) {
	for _, seed := range []string{"code=404, example=none", `example="a, b; c=\"d\"" , code=404`, "=;,=", `example="\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		asked := preferences([]string{line})
		if strings.ContainsAny(asked.code, "\x00") && !strings.Contains(line, "\x00") {
			t.Errorf("%q: what was never written is asked for: %+v", line, asked)
		}
		again := preferences([]string{asked.applied()})
		if asked.code != "" && !strings.ContainsAny(asked.code, ",;\"\\ \t") && again != asked {
			t.Errorf("%q: applied reads %+v, want %+v", asked.applied(), again, asked)
		}
	})
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	offered := []content{{mediaType: "application/json"}, {mediaType: "text/csv"}, {mediaType: "text/html"}}
	for accept, want := range map[string]string{
		"":                                    "application/json",
		"*/*":                                 "application/json",
		"text/*":                              "text/csv",
		"TEXT/HTML":                           "text/html",
		"text/html;level=1":                   "text/html",
		"text/*;q=0.5, text/html;q=0.6":       "text/html",
		"text/csv;q=0.2, */*;q=0.1":           "text/csv",
		"application/json;q=0, */*":           "text/csv",
		"application/*;q=0, text/html;q=.001": "text/html",
		"image/png":                           "",
		"*/*;q=0":                             "",
		"text/csv;q=2":                        "application/json", // malformed is not there
		"nonsense, ,;":                        "application/json",
	} {
		got := ""
		if c := negotiate([]string{accept}, offered); c != nil {
			got = c.mediaType
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
}

func FuzzNegotiate(f *testing.F) {
	f.Add("text/*;q=0.5, text/html;q=0.6", "*/*;q=0")
	f.Fuzz(func(t *testing.T, first, second string) {
		c := negotiate([]string{first, second}, []content{{mediaType: "application/json"}, {mediaType: "text/csv"}})
		if c == nil && len(mediaRanges([]string{first, second})) == 0 {
			t.Error("nothing is taken by a client that says nothing")
		}
	})
}

func TestSimple(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value   any
		explode bool
		want    string
	}{
		{nil, false, ""}, {true, false, "true"}, {"a b", true, "a b"}, {[]any{"a", "b"}, true, "a,b"},
		{map[string]any{"b": "2", "a": "1"}, false, "a,1,b,2"}, {map[string]any{"b": "2", "a": "1"}, true, "a=1,b=2"},
	} {
		if got := simple(test.value, test.explode); got != test.want {
			t.Errorf("%v: got %q, want %q", test.value, got, test.want)
		}
	}
}
