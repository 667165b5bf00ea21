package validate

import (
	"mime"
	"strings"
)

// contentKind is what the validator can do with a media type.
type contentKind uint8

const (
	contentNone      contentKind = iota
	contentJSON                  // application/json, text/json, +json
	contentForm                  // application/x-www-form-urlencoded
	contentMultipart             // multipart/form-data
	contentText                  // text/plain
	contentOpaque                // let through by name
	contentForeign               // has a schema that cannot be applied
)

// kindOfContent tells what a media type, lower case without parameters, is.
func kindOfContent(mediaType string) contentKind {
	switch {
	case mediaType == "application/json", mediaType == "text/json", strings.HasSuffix(mediaType, "+json"):
		return contentJSON
	case mediaType == "application/x-www-form-urlencoded":
		return contentForm
	case mediaType == "multipart/form-data":
		return contentMultipart
	case mediaType == "text/plain":
		return contentText
	}
	return contentForeign
}

// contentType is a Content-Type field.
type contentType struct {
	mediaType string // lower case, without parameters
	boundary  string
	fault     typeFault
}

// typeFault is what is wrong with the Content-Type of a request.
type typeFault uint8

const (
	typeUndeclared typeFault = iota // nothing, but the contract does not have it
	typeMissing
	typeRepeated
	typeMalformed
	typeCharset
	typeFaults // how many there are
)

// typeDetails say what is wrong, before what the operation takes.
var typeDetails = [typeFaults]string{
	typeMissing: "Content-Type is missing. ", typeRepeated: "There may be one Content-Type only. ",
	typeMalformed: "Content-Type is not a media type. ", typeCharset: "The charset has to be UTF-8. ",
}

// parseContentType reads the Content-Type fields of a request. Exactly one field with
// one valid value is allowed, and text can only be UTF-8. plain are media types that
// are recognised without being parsed: most requests name one without parameters.
func parseContentType(fields []string, plain []media) contentType {
	if len(fields) != 1 || fields[0] == "" {
		if len(fields) > 1 {
			return contentType{fault: typeRepeated}
		}
		return contentType{fault: typeMissing}
	}
	for i := range plain {
		if plain[i].name == fields[0] && plain[i].kind != contentMultipart {
			return contentType{mediaType: fields[0]}
		}
	}
	mediaType, parameters, err := mime.ParseMediaType(fields[0])
	if err != nil || !strings.Contains(mediaType, "/") {
		return contentType{fault: typeMalformed}
	}
	if charset, given := parameters["charset"]; given && !strings.EqualFold(charset, "utf-8") && kindOfContent(mediaType) != contentForeign {
		return contentType{fault: typeCharset}
	}
	return contentType{mediaType: mediaType, boundary: parameters["boundary"]}
}

// matchesRange tells whether a media type falls under a declared one, which may be a
// range: "application/*", "*/*", "application/*+json".
func matchesRange(declared, mediaType string) bool {
	if declared == mediaType || declared == "*/*" {
		return true
	}
	prefix, suffix, ok := strings.Cut(declared, "*")
	return ok && len(mediaType) >= len(prefix)+len(suffix) && strings.HasPrefix(mediaType, prefix) && strings.HasSuffix(mediaType, suffix)
}
