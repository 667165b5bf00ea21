package validate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/finding"
)

// maxLiterals bounds the literals of an enum that a sentence or "expected" lists.
const maxLiterals = 50

// sentence says what a broken keyword asks for. It speaks of the contract only: the
// value is looked at for its type and for near misses, and never repeated.
func (f *failure) sentence(value any) violation {
	n := f.node
	v := violation{at: f.at, rule: f.keyword}
	switch f.keyword {
	case "type":
		return typeViolation(f.at, n.types, value)
	case "const":
		v.expected, v.message = n.constant, "must be "+literal(n.constant)
	case "enum":
		v.message, v.hint = "must be "+oneOf(n.enum), nearestLiteral(value, n.enum)
		if len(n.enum) <= maxLiterals {
			v.expected = n.enum
		}
	case "format":
		v.expected, v.message = n.format, formatSentence(n.format)
		if example := formatExamples[n.format]; example != "" {
			v.hint = "such as " + example
		}
	case "pattern":
		v.expected, v.message = n.pattern.String(), "must match the pattern "+n.pattern.String()
	case "not":
		v.message = "has a form that the contract rules out"
		switch n.oneSided {
		case readOnly:
			v.rule, v.message, v.hint = n.oneSided, "is read-only: only the service sets it", "leave it out"
		case writeOnly:
			v.rule, v.message = n.oneSided, "is write-only: no response has it"
		}
	case "oneOf":
		v.message = "matches more than one of the alternatives, but must match exactly one"
	case "uniqueItems":
		v.message = "must not have the same item twice"
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		v.expected, v.message = n.boundSentence(f.keyword)
	case "":
		v.rule, v.message = f.falseRule(), "is not allowed"
	default:
		v.expected, v.message = n.countSentence(f.keyword)
		if f.keyword == "minContains" && n.minContains == 1 {
			v.rule = "contains"
		}
	}
	return v
}

// falseRule names what brought a schema false to a value.
func (f *failure) falseRule() string {
	switch last := f.path[strings.LastIndexByte(f.path, '/')+1:]; last {
	case "unevaluatedProperties", "unevaluatedItems", "additionalProperties", "additionalItems", "items", "not":
		return last
	}
	return "false"
}

func (n *node) boundSentence(keyword string) (expected any, message string) {
	bound := func(q *quantity, words string) (any, string) {
		number := literalOf(q.rat)
		return number, words + " " + string(number)
	}
	switch keyword {
	case "minimum":
		return bound(n.minimum, "must be at least")
	case "maximum":
		return bound(n.maximum, "must be at most")
	case "exclusiveMinimum":
		return bound(n.exclusiveMinimum, "must be greater than")
	case "exclusiveMaximum":
		return bound(n.exclusiveMaximum, "must be less than")
	}
	return bound(n.multipleOf, "must be a multiple of")
}

// counts are the keywords that bound how many there are of something.
var counts = map[string]struct {
	of       func(*node) int
	most     bool
	one, few string
}{
	"minLength":     {func(n *node) int { return n.minLength }, false, "character", "characters"},
	"maxLength":     {func(n *node) int { return n.maxLength }, true, "character", "characters"},
	"minItems":      {func(n *node) int { return n.minItems }, false, "item", "items"},
	"maxItems":      {func(n *node) int { return n.maxItems }, true, "item", "items"},
	"minProperties": {func(n *node) int { return n.minProperties }, false, "member", "members"},
	"maxProperties": {func(n *node) int { return n.maxProperties }, true, "member", "members"},
	"minContains":   {func(n *node) int { return n.minContains }, false, "item of the kind that the contract asks for", "items of the kind that the contract asks for"},
	"maxContains":   {func(n *node) int { return n.maxContains }, true, "item of the kind that the contract limits", "items of the kind that the contract limits"},
}

func (n *node) countSentence(keyword string) (expected any, message string) {
	count, ok := counts[keyword]
	if !ok {
		return nil, "does not match the contract"
	}
	number := count.of(n)
	switch {
	case keyword == "minLength" && number == 1:
		return number, "must not be empty"
	case count.most && number == 0:
		return number, "must have no " + count.few
	case count.most:
		return number, "must have at most " + plural(number, count.one, count.few)
	}
	return number, "must have at least " + plural(number, count.one, count.few)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// typeViolation says which types are allowed and which was sent. A number in quotes
// is the commonest mistake of all.
func typeViolation(at string, allowed types, value any) violation {
	var names, nouns []string
	for _, t := range typeNames {
		if allowed&t.bit != 0 && !(t.bit == typeInteger && allowed&typeNumber != 0) {
			names, nouns = append(names, t.name), append(nouns, t.noun)
		}
	}
	v := violation{at: at, rule: "type", expected: names, message: "must be " + enumerate(nouns)}
	if len(names) == 1 {
		v.expected = names[0]
	}
	if allowed == typeBoolean {
		v.message = "must be true or false"
	}
	v.message += ", not " + nounOf(value, allowed)
	if s, ok := value.(string); ok && quotedByMistake(s, allowed) {
		v.hint = "remove the quotes"
	}
	return v
}

// nounOf says what a value is that is not of an allowed type.
func nounOf(value any, allowed types) string {
	actual := kindsOf([]any{value})
	if _, isNumber := value.(json.Number); isNumber {
		if actual = typeNumber; allowed&typeInteger != 0 {
			return "a fraction"
		}
	}
	for _, t := range typeNames {
		if t.bit == actual {
			return t.noun
		}
	}
	return "that"
}

func quotedByMistake(s string, allowed types) bool {
	if length, _ := numberAt(s); length > 0 && length == len(s) && allowed&(typeNumber|typeInteger) != 0 {
		return true
	}
	return allowed&typeBoolean != 0 && (s == "true" || s == "false")
}

// formatNouns say what values of a format are.
var formatNouns = map[string]string{
	"byte": "base64", "date": "a date", "date-time": "a date and time with an offset", "duration": "an ISO 8601 duration",
	"email": "an email address", "hostname": "a host name", "idn-email": "an email address", "idn-hostname": "a host name",
	"ipv4": "an IPv4 address", "ipv6": "an IPv6 address", "iri": "an absolute IRI", "iri-reference": "an IRI reference",
	"json-pointer": "a JSON Pointer", "regex": "a regular expression", "relative-json-pointer": "a relative JSON Pointer",
	"time": "a time with an offset", "uri": "an absolute URI", "uri-reference": "a URI reference", "uri-template": "a URI template",
	"uuid": "a UUID",
}

func formatSentence(format string) string {
	if span := numberFormats[format]; span != nil {
		return fmt.Sprintf("must be between %s and %s, the range of %s", literalOf(span.low.rat), literalOf(span.high.rat), format)
	}
	if noun := formatNouns[format]; noun != "" {
		return "must be " + noun
	}
	return "must have the format " + format
}

// literal writes a value of the contract.
func literal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "the value of the contract"
	}
	return string(text)
}

// oneOf lists literals of the contract.
func oneOf(literals []any) string {
	const shown = 10
	texts := make([]string, 0, shown)
	for _, l := range literals[:min(shown, len(literals))] {
		texts = append(texts, literal(l))
	}
	if more := len(literals) - shown; more > 0 {
		return fmt.Sprintf("one of %s and %d more", strings.Join(texts, ", "), more)
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "one of " + enumerate(texts)
}

// enumerate joins words: "a", "a or b", "a, b or c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// nearestLiteral hints at the literal that was probably meant.
func nearestLiteral(value any, literals []any) string {
	sent, ok := value.(string)
	if !ok {
		return ""
	}
	var words []string
	for _, l := range literals {
		if word, ok := l.(string); ok {
			words = append(words, word)
		}
	}
	if near := nearest(sent, words); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	return ""
}

// maxWord bounds the words that are compared: nothing longer is a misspelling.
const maxWord = 64

func nearest(word string, candidates []string) string {
	if len(word) > maxWord {
		return ""
	}
	if len(word) < 3 { // one edit makes any word of any other here
		for _, candidate := range candidates {
			if strings.EqualFold(word, candidate) {
				return candidate
			}
		}
		return ""
	}
	return finding.Nearest(word, candidates)
}

// declares tells whether an object may have a member of that name without falling
// under additionalProperties.
func (n *node) declares(name string) bool {
	if n.properties[name] != nil {
		return true
	}
	return slices.ContainsFunc(n.patternProperties, func(p patternProperty) bool { return p.pattern.MatchString(name) })
}
