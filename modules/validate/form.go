package validate

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gateway/internal/openapi"
)

// form is how the fields of a form body become the members of an object.
type form struct {
	multipart bool
	fields    map[string]*formField
	names     []string
	// extra are the types of fields that the schema does not name.
	extra types
	// ambiguous tells that some text has two readings: a number or a string.
	ambiguous bool
}

// formField is one field of a form.
type formField struct {
	field
	json bool // the text is JSON
	fileRule
	// mediaTypes are those that a part of a multipart body may have; none is all.
	mediaTypes []string
}

func newForm(n *node, encodings map[string]openapi.Encoding, isMultipart bool) *form {
	f := &form{multipart: isMultipart, fields: make(map[string]*formField), extra: typeString}
	properties := n.names()
	for name, property := range properties {
		f.fields[name] = newFormField(name, property, encodings[name], isMultipart)
		f.ambiguous = f.ambiguous || f.fields[name].ambiguous
	}
	f.names = slices.Sorted(maps.Keys(properties))
	return f
}

func newFormField(name string, property *node, encoding openapi.Encoding, isMultipart bool) *formField {
	s, explode := styleNames[encoding.Style], encoding.Explode
	if encoding.Style == "" {
		s, explode = styleForm, true
	}
	field := &formField{field: newField(name, s, explode, !isMultipart, property)}
	value := property
	if field.array {
		value = field.item
	}
	for mediaType := range strings.SplitSeq(encoding.ContentType, ",") {
		if mediaType = strings.ToLower(strings.TrimSpace(mediaType)); mediaType != "" {
			field.mediaTypes = append(field.mediaTypes, mediaType)
			field.json = field.json || kindOfContent(mediaType) == contentJSON
		}
	}
	if isMultipart && !field.json {
		field.fileRule = value.fileRule(field.mediaTypes)
	}
	return field
}

// part is one field as it was sent. The text of a file is not kept.
type part struct {
	pair
	mediaType string
	file      bool
	size      int64
}

func malformed(message string) []violation { return []violation{{rule: "form", message: message}} }

// formPairs reads the fields of a form that is no multipart.
func formPairs(text string) (sent []part, wrong []violation) {
	pairs(text, func(p pair, ok bool) bool {
		switch {
		case !ok:
			wrong = malformed("is not valid percent-encoded UTF-8")
		case len(sent) == maxPairs:
			wrong = malformed("has too many fields")
		default:
			sent = append(sent, part{pair: p})
			return true
		}
		return false
	})
	return sent, wrong
}

// build makes the object; each field is built once, where it first occurs.
func (f *form) build(c *check, sent []part) (wrong []violation) {
	object := c.open(kindObject)
	done := make(map[string]bool, len(f.fields))
	for i := range sent {
		name := sent[i].name
		declared := f.owner(name)
		if declared != nil {
			name = declared.name
		}
		if done[name] {
			if declared == nil {
				wrong = append(wrong, violation{at: join("", name), rule: "repeated", message: faultRepeated.message})
			}
			continue
		}
		done[name] = true
		c.string(name)
		if declared == nil {
			f.unknown(c, &sent[i])
			continue
		}
		if w := f.field(c, declared, sent); w != nil {
			wrong = append(wrong, *w)
		}
	}
	c.close(object)
	return wrong
}

// owner returns the field that a name belongs to; "address[city]" is part of the
// object "address".
func (f *form) owner(name string) *formField {
	if declared := f.fields[name]; declared != nil {
		return declared
	}
	if base, _, bracket := strings.Cut(name, "["); bracket {
		if declared := f.fields[base]; declared != nil && (declared.object || declared.array) {
			return declared
		}
	}
	return nil
}

// unknown builds a field that the schema does not name; whether it may have one is
// up to the schema.
func (f *form) unknown(c *check, sent *part) {
	s, ok := sent.raw, !sent.file
	if !f.multipart {
		s, ok = decodeText(sent.raw)
	}
	if !ok || !utf8.ValidString(s) {
		s = "" // only its being there can matter
	}
	c.scalar(s, f.extra)
}

// field builds a declared field from all its occurrences.
func (f *form) field(c *check, declared *formField, sent []part) *violation {
	var own []part
	for i := range sent {
		if f.owner(sent[i].name) == declared {
			own = append(own, sent[i])
		}
	}
	if w := declared.wrongMediaType(own); w != nil {
		return w
	}
	var fault *fault
	switch {
	case declared.deep(own):
		fault = declared.buildDeep(&c.builder, pairsOf(own))
	case own[0].file:
		fault = declared.buildFiles(c, own)
	case declared.json, declared.isJSON(own):
		fault = declared.documents(c, own)
	default:
		fault = declared.texts(c, own)
	}
	if fault != nil {
		return &violation{at: join("", declared.name), rule: fault.rule, message: fault.message, hint: fault.hint}
	}
	return nil
}

func pairsOf(sent []part) []pair {
	all := make([]pair, len(sent))
	for i := range sent {
		all[i] = sent[i].pair
	}
	return all
}
