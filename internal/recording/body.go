package recording

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"gateway/internal/exchange"
	"gateway/internal/problem"
	"gateway/internal/secret"
)

// masker masks texts and notes the names of what it has masked.
type masker struct{ names *[]string }

func (m *masker) note(where string, names ...string) {
	for _, name := range names {
		if len(*m.names) < maxFields {
			*m.names = append(*m.names, where+"."+text(name))
		}
	}
}

// messages makes the request, what the service got of it, and the response.
func (e *Entry) messages(c *capture, m *masker) {
	e.Path = m.path(c.line.path)
	e.Request = Message{Method: e.Method, Target: m.target(c.line.target, "request"), Header: m.header("request", c.client)}
	_, e.Query, _ = strings.Cut(e.Request.Target, "?")
	e.Request.Body = m.body("request", c.client, c.requestBody, c.requestSize)
	e.Response = Answer{Status: e.Status, Header: m.header("response", c.answer), Body: m.body("response", c.answer, c.written, c.outcome.bytes)}
	if c.slender || e.Outcome == Refused && !c.outcome.passed() {
		return
	}
	unnoted := masker{new([]string)}
	e.Forwarded = &Message{Method: e.Method, Target: unnoted.target(pathOf(c.path, c.query), "request"), Header: unnoted.header("request", c.known())}
	if c.forwardedSize > 0 || c.forwardedBody != nil {
		e.Forwarded.Body = unnoted.body("request", c.known(), c.forwardedBody, c.forwardedSize)
	} else {
		e.Forwarded.Body = e.Request.Body
	}
}

// passed tells whether all policies let the request through.
func (o *outcome) passed() bool {
	for i := range o.decisions {
		if d := &o.decisions[i]; d.Verdict == exchange.Refused && !d.Response {
			return false
		}
	}
	return true
}

func (m *masker) path(path string) string { return ended(secret.Tokens(path), maxTarget) }

// target masks parameters of the query that hold secrets.
func (m *masker) target(target, where string) string {
	path, query, has := strings.Cut(target, "?")
	path = secret.Tokens(path)
	if !has {
		return ended(path, maxTarget)
	}
	query, names := secret.Query(query)
	m.note(where+".query", names...)
	return ended(path+"?"+query, maxTarget)
}

// header makes a list in order of names, masked.
func (m *masker) header(where string, fields []field) [][2]string {
	list := make([][2]string, 0, len(fields))
	add := func(name, value string) {
		if len(list) == maxFields {
			return
		}
		shown, masked := secret.Field(name, value)
		if masked {
			m.note(where+".header", name)
		}
		list = append(list, [2]string{text(name), ended(shown, maxValue)})
	}
	for i := range fields {
		add(fields[i].name, fields[i].first)
		for _, value := range fields[i].more {
			add(fields[i].name, value)
		}
	}
	slices.SortStableFunc(list, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return list
}

func (m *masker) change(c *change) Change {
	shown := Change{Where: c.where.String(), Name: text(c.name)}
	switch c.where {
	case exchange.RequestHeader, exchange.ResponseHeader:
		shown.Before, shown.After = m.value(c.name, c.before), m.value(c.name, c.after)
	case exchange.RequestPath:
		shown.Before, shown.After = m.target(c.before, "request"), m.target(c.after, "request")
	default:
		before, _ := secret.JSON([]byte(c.before))
		after, _ := secret.JSON([]byte(c.after))
		shown.Before, shown.After = ended(string(before), maxBody), ended(string(after), maxBody)
	}
	return shown
}

func (m *masker) value(name, value string) string {
	if value == "" {
		return ""
	}
	shown, _ := secret.Field(name, value)
	return ended(shown, maxValue)
}

// ended makes valid text, with a mark where it was cut.
func ended(s string, bound int) string {
	if len(s) > bound {
		for bound > 0 && !utf8.RuneStart(s[bound]) {
			bound--
		}
		s = s[:bound] + "…"
	}
	return text(s)
}

// body makes text of the beginning of a body, masked by its media type.
func (m *masker) body(where string, header []field, kept []byte, size int64) Body {
	b := Body{Bytes: size, Truncated: size > int64(len(kept))}
	kind, parameters, encoding := kindOf(header)
	b.MediaType, b.Encoding = text(shorten(kind, 200)), text(shorten(encoding, 40))
	if len(kept) == 0 {
		return b
	}
	if encoding != "" {
		plain, whole := decode(encoding, kept)
		if plain == nil {
			b.Binary = true
			return b
		}
		kept, b.Truncated = plain, b.Truncated || !whole
	}
	if !readable(kind, kept) {
		b.Binary = true
		return b
	}
	if b.Truncated {
		kept = whole(kept)
	}
	masked, names := mask(kind, parameters["boundary"], kept)
	m.note(where+".body", names...)
	b.Invalid = !utf8.Valid(masked)
	b.Text = text(string(masked))
	return b
}

func kindOf(header []field) (kind string, parameters map[string]string, encoding string) {
	for i := range header {
		switch header[i].name {
		case "Content-Type":
			if kind, parameters, _ = mime.ParseMediaType(header[i].first); kind == "" {
				kind = "application/octet-stream"
			}
		case "Content-Encoding":
			if encoding = strings.ToLower(strings.TrimSpace(header[i].text())); encoding == "identity" {
				encoding = ""
			}
		}
	}
	return kind, parameters, encoding
}

// decode undoes the content coding of the beginning of a body, as far as there is room.
func decode(encoding string, kept []byte) (plain []byte, whole bool) {
	if encoding != "gzip" && encoding != "x-gzip" {
		return nil, false
	}
	reader, err := gzip.NewReader(bytes.NewReader(kept))
	if err != nil {
		return nil, false
	}
	plain, err = io.ReadAll(io.LimitReader(reader, maxBody+1))
	if len(plain) == 0 {
		return nil, false
	}
	if len(plain) > maxBody {
		return plain[:maxBody], false
	}
	return plain, err == nil
}

// readable tells whether a body is text. Without a media type it has to look like it.
func readable(kind string, kept []byte) bool {
	if bytes.IndexByte(kept, 0) >= 0 {
		return false
	}
	major, minor, _ := strings.Cut(kind, "/")
	switch {
	case kind == "":
		kind = http.DetectContentType(kept)
		return strings.HasPrefix(kind, "text/")
	case major == "text", minor == "json", minor == "xml", minor == "javascript", minor == "x-www-form-urlencoded", minor == "graphql", minor == "yaml", minor == "x-ndjson", minor == "jsonl",
		strings.HasSuffix(minor, "+json"), strings.HasSuffix(minor, "+xml"), strings.HasSuffix(minor, "+yaml"), kind == "multipart/form-data":
		return true
	}
	return false
}

// whole takes off the half of a character that a body was cut in.
func whole(kept []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(kept); i++ {
		if last := kept[len(kept)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return kept[:len(kept)-i]
			}
			break
		}
	}
	return kept
}

func mask(kind, boundary string, kept []byte) ([]byte, []string) {
	_, minor, _ := strings.Cut(kind, "/")
	switch {
	case kind == "application/x-www-form-urlencoded":
		text, names := secret.Query(string(kept))
		return []byte(text), names
	case kind == "multipart/form-data":
		return secret.Multipart(kept, boundary)
	case strings.HasSuffix(minor, "json"), minor == "jsonl":
		return secret.JSON(kept)
	}
	return secret.Text(kept)
}

// sizeOf is what a refusal takes up, in bytes.
func sizeOf(refusal *problem.Refusal) int64 {
	if refusal == nil {
		return 0
	}
	size := len(refusal.Detail)
	for i := range refusal.Violations {
		v := &refusal.Violations[i]
		size += len(v.Message) + len(v.Hint) + len(v.Parameter) + 200
		if v.Pointer != nil {
			size += len(*v.Pointer)
		}
	}
	return int64(size)
}

// entrySize is what an entry takes up beside its slices and texts, in bytes.
const entrySize = 1 << 10

// measure returns what an entry takes up, in bytes.
func (e *Entry) measure() int64 {
	size := entrySize + len(e.Path) + len(e.Method) + len(e.Host) + len(e.Version) + len(e.Consumer) + len(e.ClientIP) + len(e.Remote)
	for _, s := range e.Steps {
		size += 320 + len(s.Detail) + len(s.Cause) + len(s.Name)
		for _, c := range s.Changes {
			size += 64 + len(c.Name) + len(c.Before) + len(c.After)
		}
	}
	for _, v := range e.Violations {
		size += 64 + len(v.Place) + len(v.Rule) + len(v.Message) + len(v.Hint)
	}
	for _, name := range e.Masked {
		size += 16 + len(name)
	}
	size += measure(e.Request.Target, e.Request.Header, e.Request.Body) + measure("", e.Response.Header, e.Response.Body)
	if e.Forwarded != nil {
		size += measure(e.Forwarded.Target, e.Forwarded.Header, e.Forwarded.Body)
	}
	return int64(size)
}

func measure(target string, header [][2]string, body Body) int {
	size := len(target) + len(body.Text) + len(body.MediaType)
	for _, field := range header {
		size += 32 + len(field[0]) + len(field[1])
	}
	return size
}
