package validate

import (
	"slices"
	"strings"
	"unicode/utf8"
)

func (f *formField) deep(sent []part) bool {
	return f.style == styleDeepObject || len(sent[0].name) > len(f.name)
}

// isJSON tells that an object is written as JSON, which is the default of multipart
// forms (OpenAPI 3.1 §4.8.15) and what many clients do in others.
func (f *formField) isJSON(sent []part) bool {
	if kindOfContent(sent[0].mediaType) == contentJSON {
		return true
	}
	text, wrong := f.text(sent[0].raw)
	scalar := f.kinds&(typeString|typeNumber|typeInteger|typeBoolean) != 0
	return wrong == nil && !scalar && (f.object && strings.HasPrefix(text, "{") || f.array && strings.HasPrefix(text, "["))
}

func (f *formField) wrongMediaType(sent []part) *violation {
	if len(f.mediaTypes) == 0 {
		return nil
	}
	for i := range sent {
		mediaType := sent[i].mediaType
		if mediaType == "" {
			continue
		}
		if !slices.ContainsFunc(f.mediaTypes, func(declared string) bool { return matchesRange(declared, mediaType) }) {
			return &violation{at: join("", f.name), rule: "contentType", expected: f.mediaTypes, message: "must have the media type " + enumerate(f.mediaTypes)}
		}
	}
	return nil
}

// documents builds fields that are JSON.
func (f *formField) documents(c *check, sent []part) *fault {
	if len(sent) > 1 && !f.array {
		return faultRepeated
	}
	list := f.array && (len(sent) > 1 || !strings.HasPrefix(strings.TrimLeft(sent[0].raw, " \t\r\n"), "["))
	array := 0
	if list {
		array = c.open(kindArray)
	}
	for i := range sent {
		text, wrong := f.text(sent[i].raw)
		if wrong != nil {
			return wrong
		}
		if err := c.json(text, c.bounds); err != nil {
			return &fault{rule: "json", message: "is not well-formed JSON: " + err.what}
		}
	}
	if list {
		c.close(array)
	}
	return nil
}

// texts builds fields that are plain text.
func (f *formField) texts(c *check, sent []part) *fault {
	for i := range sent {
		if !utf8.ValidString(sent[i].raw) {
			return faultEncoding
		}
	}
	if f.object && f.explode && f.style == styleForm {
		return faultStyle
	}
	return f.build(&c.builder, pairsOf(sent))
}
