package instance

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// formats are examples of formats. %d tells the items of a set apart.
var formats = map[string]string{
	"date": "2026-01-%02d", "date-time": "2026-01-31T09:30:%02dZ", "time": "09:30:%02dZ", "duration": "P%dD",
	"email": "someone%d@example.com", "idn-email": "someone%d@example.com",
	"hostname": "host%d.example.com", "idn-hostname": "host%d.example.com",
	"ipv4": "192.0.2.%d", "ipv6": "2001:db8::%d",
	"uri": "https://example.com/%d", "iri": "https://example.com/%d", "url": "https://example.com/%d",
	"uri-reference": "/items/%d", "iri-reference": "/items/%d", "uri-template": "/items/%d/{id}",
	"uuid":         "123e4567-e89b-12d3-a456-4266141740%02d",
	"json-pointer": "/items/%d", "relative-json-pointer": "%d/items", "regex": "^[a-z]{%d}$",
}

// bytes are base64 of three bytes each.
var base64Texts = []string{"aGVsbG8h", "Z29vZGJ5", "d2VsY29t", "dGhhbmtz"}

// text makes a string that fits format, patterns and length.
func (v *view) text(salt int) (any, error) {
	if v.minLength > v.maxLength || v.minLength > maxText {
		return nil, errNone
	}
	if len(v.patterns) > 0 {
		return v.matching(salt)
	}
	s := v.formatted(salt)
	if v.maxLength < utf8.RuneCountInString(s) {
		if v.bound() {
			return nil, errNone
		}
		s = s[len(s)-v.maxLength:] // the end tells texts apart
	}
	for short := v.minLength - utf8.RuneCountInString(s); short > 0; short = v.minLength - utf8.RuneCountInString(s) {
		if s = v.lengthen(s, short); s == "" {
			return nil, errNone
		}
	}
	return s, nil
}

// bound tells that the text has a form that cutting would break.
func (v *view) bound() bool { return formats[v.format] != "" || v.base64() }

func (v *view) base64() bool { return v.format == "byte" || v.encoding == "base64" }

func (v *view) formatted(salt int) string {
	if v.base64() {
		return base64Texts[salt%len(base64Texts)]
	}
	if form := formats[v.format]; form != "" {
		return fmt.Sprintf(form, 1+salt%28)
	}
	if salt == 0 {
		return "text"
	}
	return fmt.Sprintf("text%d", salt)
}

// lengthen makes a text longer by about so many characters, or returns "" if it knows
// no way.
func (v *view) lengthen(s string, by int) string {
	switch {
	case v.base64():
		return strings.Repeat(base64Texts[0], (by+7)/8) + s
	case strings.HasSuffix(v.format, "email"):
		return strings.Repeat("a", by) + s
	case strings.HasPrefix(v.format, "uri"), strings.HasPrefix(v.format, "iri"), v.format == "url", v.format == "json-pointer", !v.bound():
		return s + strings.Repeat("a", by)
	case strings.HasSuffix(v.format, "hostname"):
		return strings.Repeat("a.", (by+1)/2) + s
	}
	return ""
}
