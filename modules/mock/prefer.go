package mock

import "strings"

// preferred is what a request asks of the mock, in the words of other mock servers.
type preferred struct{ code, example string }

// maxPrefer bounds the preferences that are looked at.
const maxPrefer = 16

// preferences reads Prefer (RFC 7240 §2). Of several preferences of one name the first
// counts; those that nobody here knows are ignored. A semicolon separates as well as a
// comma.
func preferences(lines []string) preferred {
	var asked preferred
	seen := 0
	for _, rest := range lines {
		for rest != "" && seen < maxPrefer {
			var name, value string
			name, value, rest = cutPreference(rest)
			seen++
			switch {
			case strings.EqualFold(name, "code") && asked.code == "":
				asked.code = value
			case strings.EqualFold(name, "example") && asked.example == "":
				asked.example = value
			}
		}
	}
	return asked
}

// cutPreference cuts the first preference off a list.
func cutPreference(list string) (name, value, rest string) {
	end := strings.IndexAny(list, "=,;")
	if end < 0 {
		return trim(list), "", ""
	}
	name, rest = trim(list[:end]), list[end+1:]
	if list[end] != '=' {
		return name, "", rest
	}
	rest = strings.TrimLeft(rest, " \t")
	if strings.HasPrefix(rest, `"`) {
		value, rest = cutQuoted(rest[1:])
		_, rest = cutElement(rest)
		return name, value, rest
	}
	value, rest = cutElement(rest)
	return name, trim(value), rest
}

// cutElement cuts off what stands before the next separator.
func cutElement(list string) (element, rest string) {
	if end := strings.IndexAny(list, ",;"); end >= 0 {
		return list[:end], list[end+1:]
	}
	return list, ""
}

// cutQuoted reads a quoted string behind its opening quote (RFC 9110 §5.6.4).
func cutQuoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

func trim(s string) string { return strings.Trim(s, " \t") }

// applied writes what was followed (RFC 7240 §3). Both are words of the contract by
// then: nothing else is ever followed.
func (p preferred) applied() string {
	var list []string
	if p.code != "" {
		list = append(list, "code="+p.code)
	}
	if p.example != "" {
		list = append(list, "example="+quote(p.example))
	}
	return strings.Join(list, ", ")
}

// quote writes a word as a token if it is one, else as a quoted string.
func quote(word string) string {
	plain := !strings.ContainsFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
	if plain {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
