package validate

import "strings"

// mistakes are what people write that is nearly JSON, by how it begins, and what to
// tell them. Nothing of the text itself is ever repeated.
var mistakes = []struct{ start, what string }{
	{"'", "strings and member names stand in double quotes"},
	{"`", "strings and member names stand in double quotes"},
	{"“", "strings and member names stand in straight double quotes"},
	{"//", "comments are no JSON"},
	{"/*", "comments are no JSON"},
	{"#", "comments are no JSON"},
	{"NaN", "NaN and Infinity are no JSON: send null, or leave the member out"},
	{"Infinity", "NaN and Infinity are no JSON: send null, or leave the member out"},
	{"-Infinity", "NaN and Infinity are no JSON: send null, or leave the member out"},
	{"undefined", "undefined is no JSON: send null, or leave the member out"},
	{"True", "true, false and null have lower case"},
	{"False", "true, false and null have lower case"},
	{"None", "nothing is null in JSON"},
	{"TRUE", "true, false and null have lower case"},
	{"FALSE", "true, false and null have lower case"},
	{"NULL", "true, false and null have lower case"},
	{"Null", "true, false and null have lower case"},
	{"+", "a number has no plus sign"},
	{".", "a number has a digit before its point"},
	{"-.", "a number has a digit before its point"},
	{"<", "this looks like XML or HTML, not like JSON"},
	{"\x1f\x8b", "this is gzip: name it in Content-Encoding"},
	{"\xff\xfe", "the text is UTF-16: JSON is UTF-8"},
	{"\xfe\xff", "the text is UTF-16: JSON is UTF-8"},
}

// mistake says what is wrong here, where something else is expected.
func (s *scanner) mistake(expected string) string {
	rest := s.text[s.at:]
	if before := strings.TrimRight(s.text[:s.at], " \t\r\n"); strings.HasSuffix(before, ",") && rest != "" && (rest[0] == ']' || rest[0] == '}') {
		return "a comma may not stand before the closing " + rest[:1]
	}
	for _, m := range mistakes {
		if strings.HasPrefix(rest, m.start) {
			return m.what
		}
	}
	return expected
}

// wrongNumber says what is wrong with the number here.
func (s *scanner) wrongNumber() string {
	digits := strings.TrimPrefix(s.text[s.at:], "-")
	whole := strings.TrimLeft(digits, "0123456789")
	switch {
	case len(digits)-len(whole) > 1 && digits[0] == '0':
		return "a number does not begin with 0, unless that is all of it"
	case len(digits) > len(whole) && strings.HasPrefix(whole, "."):
		if after := strings.TrimLeft(whole[1:], "0123456789"); len(after) == len(whole)-1 {
			return "a number has a digit after its point"
		}
		return "the exponent of the number has no digits"
	case len(digits) > len(whole) && whole != "" && whole[0]|0x20 == 'e':
		return "the exponent of the number has no digits"
	}
	return s.mistake("the number is not valid")
}

// wrongEscape says what is wrong with the escape sequence here.
func (s *scanner) wrongEscape() string {
	if _, ok := unicodeEscape(s.text[s.at:]); ok {
		return "the escape sequence is half of a surrogate pair"
	}
	return "there is no such escape sequence"
}
