package validate

import (
	"maps"
	"slices"
	"strings"
)

// example shows how a parameter that is an array or an object is written, in the style
// that the contract asks for (OpenAPI 3.1 §4.8.12.3). It is "" for others.
func (p *parameter) example() string {
	if p.content != contentNone || !p.array && !p.object {
		return ""
	}
	var parts []string
	separator := map[style]string{styleSpace: "%20", stylePipe: "%7C", styleLabel: "."}[p.style]
	if separator == "" || p.style == styleLabel && !p.explode {
		separator = ","
	}
	switch {
	case p.style == styleDeepObject:
		for _, member := range p.someMembers() {
			parts = append(parts, p.name+"["+member+"]=value")
		}
		return "such as " + strings.Join(parts, "&")
	case p.array:
		parts = []string{"first", "second"}
	default:
		for _, member := range p.someMembers() {
			if p.explode {
				parts = append(parts, member+"=value")
			} else {
				parts = append(parts, member, "value")
			}
		}
	}
	return "such as " + p.write(parts, separator)
}

// write joins the parts of an example.
func (p *parameter) write(parts []string, separator string) string {
	named := p.in == "query" || p.in == "cookie"
	switch {
	case p.style == styleMatrix && p.explode && p.array:
		return ";" + p.name + "=" + strings.Join(parts, ";"+p.name+"=")
	case p.style == styleMatrix && p.explode:
		return ";" + strings.Join(parts, ";")
	case p.style == styleMatrix:
		return ";" + p.name + "=" + strings.Join(parts, ",")
	case p.style == styleLabel:
		return "." + strings.Join(parts, separator)
	case named && p.explode && p.array:
		return p.name + "=" + strings.Join(parts, "&"+p.name+"=")
	case named && p.explode:
		return strings.Join(parts, "&")
	case named:
		return p.name + "=" + strings.Join(parts, separator)
	}
	return strings.Join(parts, separator)
}

// someMembers returns up to two members that the schema names, or one made up.
func (p *parameter) someMembers() []string {
	known := slices.Sorted(maps.Keys(p.properties))
	if len(known) == 0 {
		return []string{"member"}
	}
	return known[:min(2, len(known))]
}
