package versioning

import "strings"

// media is one media type or media range, as far as versions need it.
type media struct {
	kind, subtype string
	// version is the value of the parameter "version", "" if there is none.
	version string
	// quality is the weight in thousandths (RFC 9110 §12.4.2), 1000 if not given.
	quality int16
	params  uint8
}

// specificity orders media ranges (RFC 9110 §12.5.1): the more parameters the more
// specific, but any subtype beats a wildcard.
func (m *media) specificity() uint8 {
	switch {
	case m.kind == "*":
		return 0
	case m.subtype == "*":
		return 1
	default:
		return 2 + min(m.params, 16)
	}
}

// cutMember cuts the first member off a list, not within a quoted string (RFC 9110
// §5.6.1, §5.6.4).
func cutMember(list string) (member, rest string) {
	if i := indexOutside(list, ','); i >= 0 {
		return list[:i], list[i+1:]
	}
	return list, ""
}

// indexOutside returns the place of c outside of quoted strings, or -1.
func indexOutside(s string, c byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && s[i] == c:
			return i
		}
	}
	return -1
}

// parseMedia reads a media type with parameters (RFC 9110 §8.3.1, §12.5.1). It is
// false for whatever is not one. Values keep their case.
func parseMedia(s string) (media, bool) {
	m := media{quality: 1000}
	head, params := s, ""
	if i := strings.IndexByte(s, ';'); i >= 0 {
		head, params = s[:i], s[i+1:]
	}
	var ok bool
	m.kind, m.subtype, ok = strings.Cut(trim(head), "/")
	if !ok || !isToken(m.kind) || !isToken(m.subtype) || m.kind == "*" && m.subtype != "*" {
		return m, false
	}
	for params != "" {
		param := params
		if i := indexOutside(params, ';'); i >= 0 {
			param, params = params[:i], params[i+1:]
		} else {
			params = ""
		}
		if !m.parameter(trim(param)) {
			return m, false
		}
	}
	return m, true
}

// parameter takes one parameter. Empty ones are allowed (RFC 9110 §5.6.6). The same
// parameter twice is malformed where it matters here.
func (m *media) parameter(param string) bool {
	if param == "" {
		return true
	}
	name, value, ok := strings.Cut(param, "=")
	if !ok || !isToken(name) {
		return false
	}
	if value, ok = unquote(value); !ok {
		return false
	}
	switch {
	case strings.EqualFold(name, "q"):
		m.quality, ok = parseQuality(value)
		return ok
	case strings.EqualFold(name, versionParameter):
		if m.version != "" || value == "" {
			return false
		}
		m.version = value
	}
	if m.params < 255 {
		m.params++
	}
	return true
}

// parseQuality reads a qvalue: 0 to 1 with at most three decimals (RFC 9110 §12.4.2).
func parseQuality(s string) (int16, bool) {
	if s == "" || len(s) > 5 || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return 0, false
	}
	quality, unit := int16(s[0]-'0')*1000, int16(100)
	for i := 2; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		quality += int16(s[i]-'0') * unit
		unit /= 10
	}
	return quality, quality <= 1000
}

// unquote returns the value of a token or a quoted string. Escapes stay as they are:
// no version's name has them.
func unquote(s string) (string, bool) {
	if s == "" || s[0] != '"' {
		return s, isToken(s)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[1:i], i == len(s)-1
		}
	}
	return "", false
}

func trim(s string) string { return strings.Trim(s, " \t") }

// isToken tells whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' {
			continue
		}
		if strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
