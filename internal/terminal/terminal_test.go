package terminal

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
)

// hostile are texts that a terminal would obey, or that deceive who reads them.
var hostile = []string{
	"\x1b[2J\x1b[H", "\x1b]0;title\a", "\x9b31m", "\u009b31m", "a\rb", "a\x08b", "\u202Egnp.exe", "a\u200bb", "\x00", "\xff\xfe", "\x7f", "\x1b]8;;http://evil\x1b\\link", "\U000E0001", "a\tb\nc",
}

func clean(t *testing.T, what, text string) {
	t.Helper()
	for _, r := range text {
		if !unicode.IsPrint(r) {
			t.Errorf("%s: %q has %U", what, text, r)
		}
	}
}

func TestNothingIsObeyed(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		clean(t, "Printable", Printable(text))
		clean(t, "Line", Line(text))
		clean(t, "Cut", Cut(Line(text), 3))
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		escaped := Escape(encoded)
		clean(t, "Escape", string(escaped))
		var before, after string
		if json.Unmarshal(encoded, &before) != nil || json.Unmarshal(escaped, &after) != nil || before != after {
			t.Errorf("Escape changes %q to %q", before, after)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var encoded bytes.Buffer
		encoder := json.NewEncoder(&encoded)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(text); err != nil {
			t.Fatal(err)
		}
		line := bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))
		escaped := Escape(line)
		clean(t, "Escape", string(escaped))
		var before, after string
		if json.Unmarshal(line, &before) != nil || json.Unmarshal(escaped, &after) != nil || before != after {
			t.Errorf("%q became %q", before, after)
		}
	})
}

func TestColours(t *testing.T) {
	if Coloured(new(bytes.Buffer)) {
		t.Error("a buffer has colours")
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	t.Setenv("NO_COLOR", "1")
	if Coloured(null) {
		t.Error("NO_COLOR is not heeded")
	}
	if got := Paint(false, Red, "x"); got != "x" || !strings.Contains(Paint(true, Red, "x"), "\x1b[31mx") {
		t.Errorf("got %q", got)
	}
}
