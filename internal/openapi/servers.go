package openapi

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// bases returns the distinct base paths of servers, with the variables at their
// defaults. Without servers there is the one at "/" (3.1.1 §4.8.1).
func (b *builder) bases(n *node) []string {
	var out []string
	if n != nil {
		for _, server := range n.values {
			if base, ok := b.base(server); ok && !slices.Contains(out, base) {
				out = append(out, base)
			}
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// base returns the base path of one server.
func (b *builder) base(n *node) (string, bool) {
	at := n.get("url")
	if at == nil || at.kind != isString {
		return "", false
	}
	text, ok := b.expand(at, n.get("variables"))
	if !ok {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil {
		b.add(finding.Error{Message: "the URL of a server is not valid: " + text, At: at.place(), Word: at.text})
		return "", false
	}
	base := path.Clean("/" + u.Path)
	switch {
	case base == "/":
		return "", true
	case strings.ContainsAny(base, "%{}\\;"):
		b.add(finding.Error{Message: "the base path of a server is not plain: " + base, At: at.place(), Word: at.text})
		return "", false
	}
	return base, true
}

// expand puts the defaults of the variables into the URL of a server.
func (b *builder) expand(at, variables *node) (string, bool) {
	var out strings.Builder
	for rest := at.text; ; {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			return out.String(), true
		}
		name, more, closed := strings.Cut(after, "}")
		variable := variables.get(name)
		if !closed || variable == nil {
			b.add(finding.Error{
				Message: fmt.Sprintf("the server variable {%s} is not defined", name), At: at.place(), Word: at.text,
				Hint: finding.Suggest(name, variables.members()...),
			})
			return "", false
		}
		out.WriteString(variable.str("default"))
		rest = more
	}
}
