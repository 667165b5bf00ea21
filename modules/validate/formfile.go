package validate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// fileRule says whether a field of a multipart form is a file, and how long it may be.
// The content of files is not looked at.
type fileRule struct {
	files       fileKind
	least, most int64 // bytes; most is -1 for no bound
}

// fileKind tells fields that are files.
type fileKind uint8

const (
	neverFile  fileKind = iota // the schema has something to say about the text
	eitherFile                 // any string: what is sent with a file name is a file
	alwaysFile                 // format: binary and what else means bytes
)

// fileRule finds out what a field is from its schema and the media types that its
// encoding names. A schema of bytes counts length in bytes (OpenAPI 3.1 §4.8.24.4).
func (n *node) fileRule(mediaTypes []string) fileRule {
	s := fileSigns{most: -1}
	s.read(n, 0)
	for _, mediaType := range mediaTypes {
		s.binary = s.binary || !strings.HasPrefix(mediaType, "text/")
	}
	switch {
	case s.restricted:
		return fileRule{}
	case s.binary, !s.typed && s.least == 0 && s.most < 0:
		return fileRule{alwaysFile, s.least, s.most}
	case s.least == 0 && s.most < 0:
		return fileRule{files: eitherFile, most: -1}
	}
	return fileRule{}
}

// fileSigns are what schemas say about a field that may be a file.
type fileSigns struct {
	restricted, binary, typed bool
	least, most               int64
}

func (s *fileSigns) read(n *node, depth int) {
	if n == nil || n.always {
		return
	}
	s.restricted = s.restricted || depth > maxReferences || n.never || n.foreign || n.types&^typeString != 0 || n.enum != nil || n.fixed ||
		n.pattern != nil || n.formatCheck != nil || n.not != nil || n.when != nil || n.anyOf != nil || n.oneOf != nil ||
		n.properties != nil || n.required != nil || n.items != nil
	if s.restricted {
		return
	}
	s.binary = s.binary || n.binary || n.format == "binary"
	s.typed = s.typed || n.types != 0
	s.least = max(s.least, int64(n.minLength))
	if most := int64(n.maxLength); most >= 0 && (s.most < 0 || most < s.most) {
		s.most = most
	}
	if n.ref != nil {
		s.read(n.ref, depth+1)
	}
	for _, part := range n.allOf {
		s.read(part, depth+1)
	}
}

// lengths refuses files that have to be longer than can be stood for in a document.
func (f *form) lengths(at openapi.Position) error {
	if f == nil {
		return nil
	}
	for _, name := range f.names {
		if least := f.fields[name].least; least > maxFields {
			return &finding.Error{
				Message: fmt.Sprintf("the file %q has to have at least %d bytes, but no more than %d can be asked for", name, least, maxFields),
				Hint:    "lower its minLength", At: finding.Position(at),
			}
		}
	}
	return nil
}

// takesFile tells that a part is a file, which is not held in memory.
func (f *formField) takesFile(head *partHead) bool {
	if f == nil {
		return head.file
	}
	return f.files == alwaysFile || f.files == eitherFile && head.file
}

// refusesPart returns what is wrong with the head of a part, or nil.
func (f *formField) refusesPart(head *partHead, file bool) *violation {
	refuse := func(rule, message, hint string) *violation {
		return &violation{at: join("", head.name), rule: rule, message: message, hint: hint}
	}
	if !file && head.charset != "" && !strings.EqualFold(head.charset, "utf-8") {
		return refuse("charset", "must be UTF-8", "")
	}
	if f == nil {
		return nil
	}
	if !file && head.file && !f.json && kindOfContent(head.mediaType) != contentJSON {
		// Services put what has a file name where they keep files, not with the fields.
		return refuse("filename", "must be a field, not a file", "send it without a file name")
	}
	if !file || len(f.mediaTypes) == 0 {
		return nil
	}
	if !slices.ContainsFunc(f.mediaTypes, func(declared string) bool { return matchesRange(declared, head.mediaType) }) {
		v := refuse("contentType", "must have the media type "+enumerate(f.mediaTypes), "")
		v.expected = f.mediaTypes
		return v
	}
	return nil
}

// exceeded returns what is wrong with a file that has so many bytes already, or nil.
func (f *formField) exceeded(size int64) *violation {
	if f == nil || f.most < 0 || size <= f.most {
		return nil
	}
	return &violation{
		at: join("", f.name), rule: "maxLength", expected: f.most,
		message: "must have at most " + strconv.FormatInt(f.most, 10) + " bytes",
	}
}

// buildFiles builds file parts: what is in them does not matter, only that they are there.
// In the document each is a text as long as the schema asks for.
func (f *formField) buildFiles(c *check, sent []part) *fault {
	stand := strings.Repeat("-", int(f.least))
	for i := range sent {
		if sent[i].size < f.least {
			return &fault{rule: "minLength", message: "must have at least " + plural(int(f.least), "byte", "bytes")}
		}
	}
	if !f.array {
		if len(sent) > 1 {
			return faultRepeated
		}
		c.string(stand)
		return nil
	}
	array := c.open(kindArray)
	for range sent {
		c.string(stand)
	}
	c.close(array)
	return nil
}
