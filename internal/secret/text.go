package secret

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"
)

// Text masks a text of which nothing is known: what follows a telling name, as
// configurations, logs, forms, XML and scripts write it, and tokens.
func Text(text []byte) (shown []byte, names []string) {
	var out []byte
	last := 0
	for i := 0; i < len(text); {
		if !letter(text[i]) {
			i++
			continue
		}
		end := wordEnd(text, i)
		word := text[i:end]
		i = end
		value := assigned(text, end)
		if value < 0 || !Member(string(word)) {
			continue
		}
		from, to := valueSpan(text, value)
		if from == to {
			continue
		}
		out = append(append(out, text[last:from]...), Cover...)
		last, i, names = to, to, append(names, string(word))
	}
	if last > 0 {
		text = append(out, text[last:]...)
	}
	return []byte(Tokens(string(text))), names
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// wordEnd returns where the word that begins at i has ended.
func wordEnd(text []byte, i int) int {
	for i < len(text) && inWord(text[i]) {
		i++
	}
	return i
}

func inWord(c byte) bool {
	return letter(c) || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

// assigned returns where the value of a name that has ended at i begins, -1 if there is
// none.
func assigned(text []byte, i int) int {
	if i < len(text) && (text[i] == '"' || text[i] == '\'') {
		i++
	}
	i = skipSpace(text, i)
	if i == len(text) || text[i] != '=' && text[i] != ':' && text[i] != '>' {
		return -1
	}
	return skipSpace(text, i+1)
}

// valueSpan returns the value that begins at i, without its quotes.
func valueSpan(text []byte, i int) (from, to int) {
	if i == len(text) {
		return i, i
	}
	if quote := text[i]; quote == '"' || quote == '\'' {
		if length := bytes.IndexByte(text[i+1:], quote); length >= 0 {
			return i + 1, i + 1 + length
		}
		return i + 1, len(text)
	}
	if length := bytes.IndexAny(text[i:], " \t\r\n\"'<>&;,"); length >= 0 {
		return i, i + length
	}
	return i, len(text)
}

// JSON masks the values of members that hold secrets, at any depth, and tokens in any
// string. It takes the beginning of a document, and what only resembles one. Numbers,
// booleans and null are masked only where nothing else would be expected.
func JSON(text []byte) (shown []byte, names []string) {
	out := make([]byte, 0, len(text)+16)
	last := 0
	for i := 0; i < len(text); {
		if text[i] != '"' {
			i++
			continue
		}
		end := stringEnd(text, i)
		colon := skipSpace(text, end)
		if colon == len(text) || text[colon] != ':' {
			i = end
			continue
		}
		name := unquote(text[i:end])
		value := skipSpace(text, colon+1)
		i = value
		if !Member(name) || value == len(text) || !maskable(name, text[value:]) {
			continue
		}
		i = valueEnd(text, value)
		out = append(append(append(append(out, text[last:value]...), '"'), Cover...), '"')
		last, names = i, append(names, name)
	}
	out = append(out, text[last:]...)
	if masked := Tokens(string(out)); len(masked) != len(out) {
		return []byte(masked), names
	}
	return out, names
}

// maskable tells whether a value can be a secret: "max_tokens": 100 is none, and
// "pin": 1234 is.
func maskable(name string, value []byte) bool {
	switch value[0] {
	case '"':
		return len(value) < 2 || value[1] != '"'
	case '[', '{':
		return true
	case 't', 'f', 'n':
		return false
	}
	folded := fold(name)
	return whole[folded] || strings.Contains(folded, "pass") || named.has(folded)
}

func unquote(text []byte) string {
	var s string
	if bytes.IndexByte(text, '\\') < 0 || json.Unmarshal(text, &s) != nil {
		return strings.Trim(string(text), `"`)
	}
	return s
}

// stringEnd returns where the string that begins at i has ended.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// valueEnd returns where the value that begins at i has ended.
func valueEnd(text []byte, i int) int {
	depth := 0
	for i < len(text) {
		switch text[i] {
		case '"':
			if i = stringEnd(text, i); depth == 0 {
				return i
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth <= 0 {
				return i + max(depth+1, 0)
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(text)
}

// Multipart masks the parts of a form that hold secrets. What is not text is left out.
func Multipart(text []byte, boundary string) (shown []byte, names []string) {
	if boundary == "" {
		return Text(text)
	}
	parts := bytes.Split(text, []byte("--"+boundary))
	for i, part := range parts {
		head, content, has := bytes.Cut(part, []byte("\r\n\r\n"))
		name := partName(string(head))
		switch {
		case !has || len(bytes.TrimSpace(content)) == 0:
		case name == Cover || Member(name):
			parts[i], names = append(append(bytes.Clone(head), "\r\n\r\n"...), Cover+"\r\n"...), append(names, name)
		default:
			masked, more := Text(content)
			parts[i], names = append(append(bytes.Clone(head), "\r\n\r\n"...), masked...), append(names, more...)
		}
	}
	return bytes.Join(parts, []byte("--"+boundary)), names
}

// partName returns the parameter name of Content-Disposition.
func partName(head string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(strings.TrimSpace(name), "Content-Disposition") {
			continue
		}
		if _, parameters, err := mime.ParseMediaType(value); err == nil {
			return parameters["name"]
		}
		return Cover // whatever it is called, it is no ordinary part
	}
	return ""
}
