package validate

import "strings"

// style is how a value is serialised (OpenAPI 3.1 §4.8.12.2, RFC 6570).
type style uint8

const (
	styleForm style = iota
	styleSimple
	styleLabel
	styleMatrix
	styleSpace
	stylePipe
	styleDeepObject
	styleCookie
)

var styleNames = map[string]style{
	"form": styleForm, "simple": styleSimple, "label": styleLabel, "matrix": styleMatrix,
	"spaceDelimited": styleSpace, "pipeDelimited": stylePipe, "deepObject": styleDeepObject,
	"cookie": styleCookie,
}

// field is a place for one named value that arrives as text: a parameter, or a field
// of a form.
type field struct {
	name    string
	style   style
	explode bool
	// encoded tells that the text is percent-encoded.
	encoded bool
	// literal tells that nothing in the text is an escape (OpenAPI 3.2, style cookie).
	literal bool
	node    *node
	kinds   types
	// array and object tell that the value may be one; text that cannot be split
	// into one is read as a scalar if the schema takes scalars too.
	array, object bool
	item          *node
	itemKinds     types
	properties    map[string]*node
	// ambiguous tells that some text has two readings: a number or a string.
	ambiguous bool
}

func newField(name string, s style, explode, encoded bool, n *node) field {
	literal := s == styleCookie
	if literal { // the form style in the syntax of cookies
		s = styleForm
	}
	f := field{name: name, literal: literal, style: s, explode: explode, encoded: encoded, node: n, kinds: n.kinds()}
	if f.kinds == anyType {
		f.ambiguous = n != nil && !n.always // nothing says what it is
		return f
	}
	f.ambiguous = mixed(f.kinds)
	if f.array = f.kinds&typeArray != 0; f.array {
		f.item = n.item()
		f.itemKinds = f.item.kinds()
		f.ambiguous = f.ambiguous || mixed(f.itemKinds) && f.itemKinds != anyType
	}
	if f.object = f.kinds&typeObject != 0; f.object {
		f.properties = n.names()
		for _, property := range f.properties {
			f.ambiguous = f.ambiguous || mixed(property.kinds()) && property.kinds() != anyType
		}
	}
	return f
}

// fault is what is wrong with the form of a value, before any schema.
type fault struct{ rule, message, hint string }

var (
	faultEncoding  = &fault{"encoding", "is not valid percent-encoded UTF-8", ""}
	faultRepeated  = &fault{"repeated", "must be given once", ""}
	faultStyle     = &fault{"style", "is not written in the style that the contract asks for", ""}
	faultDuplicate = &fault{"duplicate", "has a member twice", ""}
	faultDeep      = &fault{"depth", "is nested too deeply", ""}
)

// text decodes one piece of text.
func (f *field) text(raw string) (string, *fault) {
	if !f.encoded {
		return raw, nil
	}
	decoded, ok := decodeText(raw)
	if !ok {
		return "", faultEncoding
	}
	return decoded, nil
}

// build reads the occurrences of a field into b. There is at least one.
func (f *field) build(b *builder, occurrences []pair) *fault {
	switch {
	case f.style == styleDeepObject:
		return f.buildDeep(b, occurrences)
	case f.object && f.style == styleForm && f.explode:
		return f.buildMembers(b, occurrences)
	}
	if len(occurrences) > 1 && !(f.array && f.explode) {
		return faultRepeated
	}
	raw := occurrences[0].raw
	scalars := f.kinds&^(typeArray|typeObject|typeNull) != 0 || f.kinds == anyType
	switch {
	case f.array && (!scalars || len(occurrences) > 1 || f.delimited(raw)):
		return f.buildArray(b, occurrences)
	case f.object && (!scalars || f.delimited(raw)):
		return f.buildObject(b, raw)
	}
	return f.buildScalar(b, raw)
}

func (f *field) buildScalar(b *builder, raw string) *fault {
	raw, wrong := f.strip(raw)
	if wrong != nil {
		return wrong
	}
	if f.style == styleMatrix {
		raw = strings.TrimPrefix(raw, f.name+"=")
	}
	s, wrong := f.text(raw)
	if wrong == nil {
		b.scalar(s, f.kinds)
	}
	return wrong
}

// strip takes off the mark with which the styles label and matrix begin.
func (f *field) strip(raw string) (string, *fault) {
	mark := map[style]string{styleLabel: ".", styleMatrix: ";"}[f.style]
	rest, ok := strings.CutPrefix(raw, mark)
	if !ok {
		return "", faultStyle
	}
	return rest, nil
}

func (f *field) buildArray(b *builder, occurrences []pair) *fault {
	array := b.open(kindArray)
	for _, occurrence := range occurrences {
		parts, wrong := f.parts(occurrence.raw, f.repeats())
		if wrong != nil {
			return wrong
		}
		for _, part := range parts {
			if f.style == styleMatrix && f.explode {
				if part, wrong = f.named(part); wrong != nil {
					return wrong
				}
			}
			s, wrong := f.text(part)
			if wrong != nil {
				return wrong
			}
			b.scalar(s, f.itemKinds)
		}
	}
	b.close(array)
	return nil
}

// repeats tells that each item of an array stands in an occurrence of its own.
func (f *field) repeats() bool {
	return f.explode && (f.style == styleForm || f.style == styleSpace || f.style == stylePipe)
}

// named takes "name=" off an item of an exploded matrix.
func (f *field) named(part string) (string, *fault) {
	rest, ok := strings.CutPrefix(part, f.name+"=")
	if !ok {
		return "", faultStyle
	}
	return rest, nil
}

// delimiters separate the parts of a value. Encoded ones do as well: most services
// decode first and split then, and most clients encode a comma in a query string.
var delimiters = map[style][]string{
	styleForm: {",", "%2C", "%2c"}, styleSimple: {","}, styleSpace: {"%20", "+", " "}, stylePipe: {"|", "%7C", "%7c"},
}

func (f *field) delimiters() []string {
	switch {
	case f.literal:
		return delimiters[styleSimple]
	case f.style == styleLabel && f.explode:
		return []string{"."}
	case f.style == styleMatrix && f.explode:
		return []string{";"}
	case f.style == styleLabel, f.style == styleMatrix:
		return []string{","}
	}
	return delimiters[f.style]
}

// delimited tells that a value has more than one part.
func (f *field) delimited(raw string) bool {
	if f.repeats() {
		return false
	}
	for _, delimiter := range f.delimiters() {
		if i := strings.Index(raw, delimiter); i > 0 {
			return true
		}
	}
	return false
}

// parts splits a value that is still encoded.
func (f *field) parts(raw string, whole bool) ([]string, *fault) {
	if whole {
		return []string{raw}, nil
	}
	raw, wrong := f.strip(raw)
	if wrong != nil {
		return nil, wrong
	}
	if f.style == styleMatrix && !f.explode {
		if raw, wrong = f.named(raw); wrong != nil {
			return nil, wrong
		}
	}
	delimiters := f.delimiters()
	for _, other := range delimiters[1:] {
		raw = strings.ReplaceAll(raw, other, delimiters[0])
	}
	parts := strings.Split(raw, delimiters[0])
	if f.style == styleSimple && !f.encoded {
		for i := range parts {
			parts[i] = strings.Trim(parts[i], " \t") // lists in header fields (RFC 9110 §5.6.1)
		}
	}
	return parts, nil
}
