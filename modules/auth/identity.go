package auth

import (
	"encoding/json"
	"strings"
)

// Subject implements exchange.Identity: the "sub" claim, or what the issuer has instead.
func (v *verified) Subject() string { return v.user }

// Placeholder implements exchange.Identity. "id" is the subject, "claims.<path>" a
// claim, and every other name is a claim too: {http.auth.user.scope}.
func (v *verified) Placeholder(name string) (any, bool) {
	if name == "id" {
		return v.user, v.user != ""
	}
	claim, ok := v.claim(strings.TrimPrefix(name, "claims."))
	if !ok {
		return nil, false
	}
	return render(claim)
}

// Claim implements exchange.Identity.
func (v *verified) Claim(path string) (any, bool) { return v.claim(path) }

// claim finds a claim by its path, with dots between the names of nested objects.
// Names that have dots themselves, such as URLs, are found as well; the longest
// name comes first.
func (v *verified) claim(path string) (any, bool) { return descend(v.claims, path) }

// claimSet returns all claims. Nobody writes to them.
func (v *verified) claimSet() map[string]any { return v.claims }

func descend(object map[string]any, path string) (any, bool) {
	if value, ok := object[path]; ok {
		return value, value != nil
	}
	for i := len(path) - 1; i > 0; i-- {
		if path[i] != '.' {
			continue
		}
		if inner, ok := object[path[:i]].(map[string]any); ok {
			if value, ok := descend(inner, path[i+1:]); ok {
				return value, true
			}
		}
	}
	return nil, false
}

// render writes a claim as text: a list with commas between its items. An object,
// and a list of anything but plain values, has no text.
func render(claim any) (string, bool) {
	list, ok := claim.([]any)
	if !ok {
		return scalar(claim)
	}
	items := make([]string, len(list))
	for i, item := range list {
		if items[i], ok = scalar(item); !ok {
			return "", false
		}
	}
	return strings.Join(items, ","), true
}

func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return string(value), true
	case bool:
		if value {
			return "true", true
		}
		return "false", true
	}
	return "", false
}

// fieldValue writes a claim as the value of a header field. It refuses what would
// arrive as something else than the issuer signed: objects, control characters,
// white space that recipients trim, and, in a list, empty items and commas, which
// would make one item look like two.
func fieldValue(claim any) (string, bool) {
	list, isList := claim.([]any)
	if isList {
		for _, item := range list {
			text, ok := scalar(item)
			if !ok || text == "" || strings.Contains(text, ",") || !safe(text) {
				return "", false
			}
		}
	}
	text, ok := render(claim)
	return text, ok && safe(text)
}

func safe(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c == 0x7f {
			return false
		}
	}
	return text == "" || text[0] != ' ' && text[len(text)-1] != ' '
}
