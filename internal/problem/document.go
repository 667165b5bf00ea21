package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// MediaType is the media type of problem details (RFC 9457 §3).
const MediaType = "application/problem+json"

// Write answers a request with the refusal: status, headers and, unless the method
// is HEAD, the document. Headers that are already on w survive; of the refusal's own
// fields each replaces what is there.
func Write(w http.ResponseWriter, r *http.Request, f *Refusal, requestID string) error {
	header := w.Header()
	writeHeader(header, f, MediaType)
	delete(header, "Content-Length") // of an answer that will not be given
	w.WriteHeader(f.Code())
	if r.Method == http.MethodHead {
		return nil
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	*buf = Append((*buf)[:0], f, requestID)
	_, err := w.Write(*buf)
	return err
}

// buffers hold documents while they are written. Violations are capped, so they stay
// small.
var buffers = sync.Pool{New: func() any {
	buf := make([]byte, 0, 1024)
	return &buf
}}

// WriteHeader sets the header fields that belong to the refusal, without body
// fields: its own, Retry-After, and no-store, because a refusal is about this
// request and this moment only (RFC 6585 §4 asks it for 429).
//
// The values are copied: a Refusal is shared by requests, and Caddy's header directive
// replaces text within the slices that it finds.
func WriteHeader(header http.Header, f *Refusal) { writeHeader(header, f, "") }

func writeHeader(header http.Header, f *Refusal, mediaType string) {
	count := 3
	for _, values := range f.Header {
		count += len(values)
	}
	all := make([]string, 0, count)
	own := func(values ...string) []string {
		start := len(all)
		all = append(all, values...)
		return all[start:len(all):len(all)]
	}
	for key, values := range f.Header {
		header[key] = own(values...)
	}
	if f.RetryAfter > 0 {
		header["Retry-After"] = own(strconv.FormatInt(Seconds(f.RetryAfter), 10))
	}
	header["Cache-Control"] = own("no-store")
	if mediaType != "" {
		header["Content-Type"] = own(mediaType)
	}
}

// Seconds rounds a wait up to whole seconds, so that waiting as told is enough.
func Seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}

// Append appends the problem document of f to dst. Members come in a fixed order:
// those of RFC 9457 §3.1, then ours.
func Append(dst []byte, f *Refusal, requestID string) []byte {
	face := f.Reason.Face()
	dst = append(dst, `{"type":`...)
	dst = appendType(dst, face)
	dst = append(dst, `,"title":`...)
	dst = appendString(dst, face.Title)
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(f.Code()), 10)
	if f.Detail != "" && face == f.Reason {
		dst = append(dst, `,"detail":`...)
		dst = appendString(dst, f.Detail)
	}
	if face.Code != "" {
		dst = append(dst, `,"code":`...)
		dst = appendString(dst, face.Code)
		dst = append(dst, `,"hint":`...)
		dst = appendString(dst, face.Hint)
	}
	if face.Type != "" {
		dst = append(dst, `,"help":`...)
		dst = appendPage(dst, face)
	}
	if requestID != "" {
		dst = append(dst, `,"request_id":`...)
		dst = appendString(dst, requestID)
	}
	return append(appendParticulars(dst, f), '}', '\n')
}

// appendType appends the registered type of the reason, or else its PageURL. Both are
// plain text.
func appendType(dst []byte, face *Reason) []byte {
	if face.Type != "" {
		dst = append(dst, '"')
		dst = append(dst, face.Type...)
		return append(dst, '"')
	}
	return appendPage(dst, face)
}

func appendPage(dst []byte, face *Reason) []byte {
	if face.Code == "" {
		return append(dst, `"about:blank"`...)
	}
	dst = append(dst, '"')
	dst = append(dst, PagesPath...)
	dst = append(dst, face.Code...)
	return append(dst, '"')
}

func appendParticulars(dst []byte, f *Refusal) []byte {
	if f.RetryAfter > 0 {
		dst = append(dst, `,"retry_after":`...)
		dst = strconv.AppendInt(dst, Seconds(f.RetryAfter), 10)
	}
	dst = appendList(dst, "violated-policies", f.Policies)
	dst = appendList(dst, "scopes", f.Scopes)
	dst = appendList(dst, "supported_versions", f.Versions)
	if len(f.Violations) == 0 {
		return dst
	}
	dst = append(dst, `,"errors":[`...)
	for i := range f.Violations {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendViolation(dst, &f.Violations[i])
	}
	dst = append(dst, ']')
	if f.More > 0 {
		dst = append(dst, `,"more":`...)
		dst = strconv.AppendInt(dst, int64(f.More), 10)
	}
	return dst
}

func appendViolation(dst []byte, v *Violation) []byte {
	if v.Pointer != nil {
		dst = append(dst, `{"pointer":`...)
		dst = appendString(dst, *v.Pointer)
	} else {
		dst = append(dst, `{"parameter":`...)
		dst = appendString(dst, v.Parameter)
		dst = append(dst, `,"in":`...)
		dst = appendString(dst, v.In)
	}
	dst = append(dst, `,"rule":`...)
	dst = appendString(dst, v.Rule)
	if v.Expected != nil {
		dst = append(dst, `,"expected":`...)
		dst = appendLiteral(dst, v.Expected)
	}
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, v.Message)
	if v.Hint != "" {
		dst = append(dst, `,"hint":`...)
		dst = appendString(dst, v.Hint)
	}
	return append(dst, '}')
}

// appendLiteral appends a value of the contract. What cannot be encoded is null.
func appendLiteral(dst []byte, value any) []byte {
	switch value := value.(type) {
	case string:
		return appendString(dst, value)
	case int:
		return strconv.AppendInt(dst, int64(value), 10)
	case json.Number:
		return append(dst, value...)
	}
	literal, err := json.Marshal(value)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, literal...)
}

func appendList(dst []byte, name string, values []string) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = append(dst, ',')
	dst = appendString(dst, name)
	dst = append(dst, ':', '[')
	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, value)
	}
	return append(dst, ']')
}

// appendString appends s as a JSON string. Plain text, which is nearly all there
// is, costs no allocation; the rest goes through encoding/json.
func appendString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(dst, `""`...)
			}
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
