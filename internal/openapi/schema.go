package openapi

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// types are the types of JSON Schema.
var types = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

// dialects are the names of the one dialect that is supported.
var dialects = map[string]bool{
	"https://json-schema.org/draft/2020-12/schema":         true,
	"https://json-schema.org/draft/2020-12/schema#":        true,
	"https://spec.openapis.org/oas/3.1/dialect/base":       true,
	"https://spec.openapis.org/oas/3.1/schema-base":        true,
	"https://spec.openapis.org/oas/3.1/dialect/base#":      true,
	"https://spec.openapis.org/oas/3.1/dialect/2024-10-25": true,
	"https://spec.openapis.org/oas/3.1/dialect/2024-11-10": true,
	"https://spec.openapis.org/oas/3.2/dialect/2025-09-17": true,
}

// schema checks the values of keywords, as far as the tables cannot.
func (c *checker) schema(n *node) {
	c.types(n)
	c.counts(n)
	c.bounds(n)
	c.dialect(n.get("$schema"))
	c.discriminator(n.get("discriminator"))
	if p := n.get("pattern"); p != nil && p.kind == isString {
		c.pattern(p.text, p.place())
	}
	if p := n.get("patternProperties"); p != nil {
		for _, v := range p.values {
			c.pattern(v.key, v.placeOfName())
		}
	}
	for _, keyword := range []string{"enum", "allOf", "anyOf", "oneOf", "prefixItems"} {
		if v := n.get(keyword); v != nil && v.kind == isList && len(v.values) == 0 {
			c.add(finding.Error{Message: fmt.Sprintf("%q must not be empty: nothing could meet it", keyword), At: v.place()})
		}
	}
}

// types checks the keyword "type".
func (c *checker) types(n *node) {
	t := n.get("type")
	if t == nil {
		return
	}
	list := []*node{t}
	if t.kind == isList {
		if c.version == v30 {
			c.needs(t, v31, "a list of types")
			return
		}
		if list = t.values; len(list) == 0 {
			c.add(finding.Error{Message: `"type" must not be empty: nothing could meet it`, At: t.place()})
		}
	}
	seen := make(map[string]bool, len(list))
	for _, item := range list {
		switch {
		case item.kind != isString:
		case seen[item.text]:
			c.add(finding.Error{Message: fmt.Sprintf("the type %q is given twice", item.text), At: item.place(), Word: item.text})
		case item.text == "null" && c.version == v30:
			c.add(finding.Error{
				Message: "the type null does not exist in OpenAPI 3.0", At: item.place(), Word: item.text, Hint: "write nullable: true",
			})
		case !slices.Contains(types, item.text):
			e := finding.Error{
				Message: fmt.Sprintf("%q is not a JSON Schema type", item.text), At: item.place(), Word: item.text,
				Hint: finding.Suggest(item.text, types...),
			}
			if meant := synonyms[strings.ToLower(item.text)]; meant != "" {
				e.Hint = "did you mean " + meant + "?"
			}
			c.add(e)
		}
		seen[item.text] = true
	}
}

// synonyms are what other languages call the types.
var synonyms = map[string]string{
	"int": "integer", "long": "integer", "float": "number", "double": "number", "decimal": "number", "bool": "boolean",
	"str": "string", "text": "string", "file": "string with format: binary", "date": "string with format: date",
	"datetime": "string with format: date-time", "uuid": "string with format: uuid", "map": "object", "dict": "object",
	"list": "array", "any": "no type at all",
}

// wholeNumber is a literal that counts something.
var wholeNumber = regexp.MustCompile(`^[0-9]{1,18}(\.0+)?$`)

// counts checks the keywords that count, and the uniqueness of "required".
func (c *checker) counts(n *node) {
	for _, v := range n.values {
		if v.shape == aCount && v.kind == isNumber && !wholeNumber.MatchString(v.text) {
			c.add(finding.Error{Message: fmt.Sprintf("%q must be %s", v.key, aCount.name), At: v.place(), Word: v.text})
		}
	}
	if v := n.get("multipleOf"); v != nil && v.kind == isNumber && !positive(v.text) {
		c.add(finding.Error{Message: `"multipleOf" must be greater than 0`, At: v.place(), Word: v.text})
	}
	seen := make(map[string]bool)
	for _, item := range n.items("required") {
		if seen[item.text] {
			c.add(finding.Error{Message: fmt.Sprintf("%q is required twice", item.text), At: item.place(), Word: item.text})
		}
		seen[item.text] = true
	}
}

func positive(number string) bool {
	digits, _, _ := strings.Cut(strings.ToLower(number), "e")
	return number[0] != '-' && strings.Trim(digits, "0.") != ""
}

// bounds checks exclusive bounds: booleans in 3.0, numbers since 3.1.
func (c *checker) bounds(n *node) {
	for exclusive, bound := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		v := n.get(exclusive)
		switch {
		case v == nil:
		case v.kind == isNumber && c.version == v30:
			c.needs(v, v31, fmt.Sprintf("a number as %q", exclusive))
		case v.kind == isBoolean && c.version >= v31:
			c.add(finding.Error{
				Message: fmt.Sprintf("%q is a number since OpenAPI 3.1", exclusive), At: v.place(), Word: v.text,
				Hint: fmt.Sprintf("give the bound itself, in place of %q", bound),
			})
		}
	}
}

// dialect checks the name of a dialect of JSON Schema.
func (c *checker) dialect(v *node) {
	if v == nil || v.kind != isString || dialects[v.text] {
		return
	}
	c.add(finding.Error{
		Message: "schemas of this dialect are not supported: " + v.text, At: v.place(), Word: v.text,
		Hint: "JSON Schema 2020-12, the dialect of OpenAPI 3.1 and 3.2, needs no mention",
	})
}

// unicodeEscape is how ECMA-262 writes a character by its number.
var unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})|\\u\{([0-9A-Fa-f]{1,6})\}`)

// re2 translates a pattern of ECMA-262 for Go's engine.
func re2(pattern string) string {
	return unicodeEscape.ReplaceAllString(pattern, `\x{$1$2}`)
}

// pattern checks that a regular expression runs in linear time.
func (c *checker) pattern(text string, at finding.Position) {
	_, err := regexp.Compile(re2(text))
	if err == nil {
		return
	}
	e := finding.Error{Message: fmt.Sprintf("the pattern is not a valid regular expression: %v", err), At: at}
	if s, ok := err.(*syntax.Error); ok {
		e.Message = fmt.Sprintf("the pattern is not a valid regular expression: %s: %s", s.Code, s.Expr)
		for sign, what := range map[string]string{"(?=": "look-ahead", "(?!": "look-ahead", "(?<=": "look-behind", "(?<!": "look-behind"} {
			if strings.Contains(s.Expr, sign) || sign == s.Expr {
				e.Message = fmt.Sprintf("the pattern uses %s (%s), which is not supported", what, sign)
				e.Hint = "patterns run in linear time here; say it with several patterns in an allOf, or with not"
			}
		}
		if s.Code == syntax.ErrInvalidEscape && len(s.Expr) == 2 && s.Expr[1] >= '1' && s.Expr[1] <= '9' {
			e.Message = fmt.Sprintf("the pattern uses a back-reference (%s), which is not supported", s.Expr)
			e.Hint = "patterns run in linear time here"
		}
	}
	c.add(e)
}
