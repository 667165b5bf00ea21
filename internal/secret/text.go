package secret

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// tokens match what is secret wherever it stands: a signed token or one that is
// encrypted, what follows a scheme, the credentials in a URL, a private key.
var tokens = []*regexp.Regexp{
	regexp.MustCompile(`(eyJ[\w-]{8,}[\w.-]*)`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic|dpop)\s+([\w.~+/-]{8,}=*)`),
	regexp.MustCompile(`://([^\s/@"<>]+:[^\s/@"<>]*)@`),
	regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)(?:-----END|$)`),
}

// Tokens masks what is secret by its form.
func Tokens(text string) string {
	if !suspicious(text) {
		return text
	}
	for _, pattern := range tokens {
		text = cover(text, pattern.FindAllStringSubmatchIndex(text, -1))
	}
	return text
}

// suspicious spares most texts the patterns.
func suspicious(text string) bool {
	return strings.Contains(text, "eyJ") || strings.Contains(text, "://") || strings.Contains(text, "PRIVATE KEY") ||
		strings.Contains(text, " ") && (containsFold(text, "bearer") || containsFold(text, "basic") || containsFold(text, "dpop"))
}

func containsFold(text, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0] && strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// cover covers the first group of each match.
func cover(text string, matches [][]int) string {
	if matches == nil {
		return text
	}
	var b strings.Builder
	last := 0
	for _, match := range matches {
		b.WriteString(text[last:match[2]])
		b.WriteString(Cover)
		last = match[3]
	}
	b.WriteString(text[last:])
	return b.String()
}

// pair matches a name with a value, as configurations, logs, forms, XML and scripts
// write them.
var pair = regexp.MustCompile(`([A-Za-z][\w.-]{1,63})["']?\s*(?:=|:|>)\s*(?:"([^"]*)"?|'([^']*)'?|([^\s"'<>&;,]+))`)

// Text masks a text of which nothing is known: what follows a telling name, and tokens.
func Text(text []byte) (shown []byte, names []string) {
	var b bytes.Buffer
	last := 0
	for _, match := range pair.FindAllSubmatchIndex(text, -1) {
		name := string(text[match[2]:match[3]])
		if !Member(name) {
			continue
		}
		for group := 4; group < len(match); group += 2 {
			if match[group] < 0 || match[group] == match[group+1] || match[group] < last {
				continue
			}
			b.Write(text[last:match[group]])
			b.WriteString(Cover)
			last, names = match[group+1], append(names, name)
		}
	}
	b.Write(text[last:])
	return []byte(Tokens(b.String())), names
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
		case Member(name):
			parts[i], names = append(append(bytes.Clone(head), "\r\n\r\n"...), Cover+"\r\n"...), append(names, name)
		default:
			masked, more := Text(content)
			parts[i], names = append(append(bytes.Clone(head), "\r\n\r\n"...), masked...), append(names, more...)
		}
	}
	return bytes.Join(parts, []byte("--"+boundary)), names
}

var partNamePattern = regexp.MustCompile(`(?i)[;\s]name="?([^";\r\n]*)`)

func partName(head string) string {
	if match := partNamePattern.FindStringSubmatch(head); match != nil {
		return match[1]
	}
	return ""
}
