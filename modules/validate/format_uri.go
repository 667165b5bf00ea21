package validate

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// isReference checks the characters of RFC 3986 (RFC 3987 if international), then
// the structure.
func isReference(s string, international bool) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) || !isHexDigit(s[i+1]) || !isHexDigit(s[i+2]) {
				return false
			}
		case c >= utf8.RuneSelf:
			if !international {
				return false
			}
		case isAlphanumeric(c), strings.IndexByte("-._~:/?#[]@!$&'()*+,;=", c) >= 0:
		default:
			return false
		}
	}
	return utf8.ValidString(s) && hasParts(s)
}

func isHexDigit(c byte) bool {
	_, ok := unhex(c)
	return ok
}

// hasParts checks the parts of a reference whose characters are valid.
func hasParts(s string) bool {
	u, err := url.Parse(s)
	if err != nil || strings.Count(s, "#") > 1 {
		return false
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(s, u.Scheme+":"), "#")
	path, query, _ := strings.Cut(path, "?")
	if strings.ContainsAny(query, "[]") || strings.ContainsAny(u.Fragment, "[]") && strings.ContainsAny(u.RawFragment+u.Fragment, "[]") {
		return false
	}
	authority, hasAuthority := strings.CutPrefix(path, "//")
	if hasAuthority {
		authority, path, _ = strings.Cut(authority, "/")
		if !isAuthority(authority) {
			return false
		}
	}
	return !strings.ContainsAny(path, "[]")
}

func isAuthority(authority string) bool {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	if user := strings.TrimSuffix(authority, host); strings.ContainsAny(user, "[]") || strings.Count(user, "@") > 1 {
		return false
	}
	if literal, ok := strings.CutPrefix(host, "["); ok {
		ip, port, closed := strings.Cut(literal, "]")
		return closed && (isIPv6(ip) || strings.HasPrefix(strings.ToLower(ip), "v")) && (port == "" || port[0] == ':' && isDigits(port[1:]))
	}
	name, port, _ := strings.Cut(host, ":")
	return !strings.ContainsAny(name, "[]") && isDigits(port)
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isAbsolute(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || !isAlphanumeric(scheme[0]) || scheme[0] <= '9' {
		return false
	}
	return strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// isTemplate checks a URI template (RFC 6570 §2).
func isTemplate(s string) bool {
	for s != "" {
		literal, rest, open := strings.Cut(s, "{")
		if strings.ContainsAny(literal, "}\"'<>\\^`| ") {
			return false
		}
		if !open {
			return true
		}
		expression, after, closed := strings.Cut(rest, "}")
		if !closed || !isExpression(expression) {
			return false
		}
		s = after
	}
	return true
}

func isExpression(expression string) bool {
	if expression != "" && strings.IndexByte("+#./;?&", expression[0]) >= 0 {
		expression = expression[1:]
	}
	for variable := range strings.SplitSeq(expression, ",") {
		name, length, prefixed := strings.Cut(strings.TrimSuffix(variable, "*"), ":")
		if prefixed && (length == "" || length[0] == '0' || len(length) > 4 || !isDigits(length) || strings.HasSuffix(variable, "*")) {
			return false
		}
		if name == "" || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
			return false
		}
		for i := 0; i < len(name); i++ {
			if c := name[i]; !isAlphanumeric(c) && c != '_' && c != '.' && c != '%' {
				return false
			}
		}
	}
	return true
}
