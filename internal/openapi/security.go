package openapi

import (
	"fmt"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// schemeTypes are the kinds of security schemes; mutualTLS is new in 3.1.
var schemeTypes = []string{"apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"}

// alternatives reads a list of security requirements. An empty requirement lets
// anonymous clients in, and so does an empty list: unlike a missing one it says so in
// words (OpenAPI 3.1 §4.8.10.1, security).
func (b *builder) alternatives(n *node) []Alternative {
	if n == nil || n.kind != isList {
		return nil
	}
	if len(n.values) == 0 {
		return []Alternative{{}}
	}
	var out []Alternative
	for _, item := range n.values {
		if item.kind != isObject {
			continue
		}
		alternative := make(Alternative, 0, len(item.values))
		for _, scopes := range item.values {
			if r, ok := b.requirement(scopes); ok {
				alternative = append(alternative, r)
			}
		}
		out = append(out, alternative)
	}
	return out
}

// requirement reads one scheme's name with its scopes.
func (b *builder) requirement(n *node) (Requirement, bool) {
	scheme := b.schemes.get(n.key)
	if scheme == nil {
		hint := "components.securitySchemes is empty"
		if has := b.schemes.members(); len(has) > 0 {
			hint = "components.securitySchemes has: " + some(has)
			if near := finding.Nearest(n.key, has); near != "" {
				hint += "; did you mean " + near + "?"
			}
		}
		b.add(finding.Error{
			Message: fmt.Sprintf("there is no security scheme %q", n.key), At: n.placeOfName(), Word: n.key, Hint: hint,
		})
		return Requirement{}, false
	}
	if scheme = scheme.follow(); scheme == nil || scheme.kind != isObject {
		return Requirement{}, false
	}
	r := Requirement{Name: n.key, Type: scheme.str("type"), Scheme: strings.ToLower(scheme.str("scheme")), In: scheme.str("in"), Param: scheme.str("name")}
	if t := scheme.get("type"); t != nil && !slices.Contains(schemeTypes, r.Type) {
		b.add(finding.Error{
			Message: fmt.Sprintf("%q is not a type of security scheme", r.Type), At: t.place(), Word: r.Type,
			Hint: finding.Suggest(r.Type, schemeTypes...),
		})
	}
	if r.Type == "http" && r.Scheme == "" {
		b.add(finding.Error{Message: `a security scheme of type http needs "scheme", such as bearer`, At: scheme.place()})
	}
	if r.Type == "apiKey" && (r.Param == "" || !slices.Contains([]string{"query", "header", "cookie"}, r.In)) {
		b.add(finding.Error{Message: `a security scheme of type apiKey needs "name", and "in": query, header or cookie`, At: scheme.place()})
	}
	if r.Type == "oauth2" {
		b.scopes(scheme, n)
	}
	for _, scope := range n.values {
		r.Scopes = append(r.Scopes, scope.text)
	}
	return r, true
}
