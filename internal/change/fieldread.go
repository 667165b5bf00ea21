package change

import (
	"net/http"
	"net/url"
	"strings"
)

// piece is one occurrence of a parameter as it came: "a%20b=1" in a query, "lang=de" in a
// cookie.
type piece struct {
	text string
	// name and raw are what stands before and behind "=".
	name, raw string
	note      *fieldNote // nil for what the program cannot read
}

// fieldNote is what a parameter was before the change: what nothing has become of is
// written again as it came.
type fieldNote struct {
	source, name string
	value        *value
	text         string // of the value, as JSON
	raw          []string
	kept         bool // nothing has become of the value
	written      bool
}

// fieldWork is one request's parameters while they are carried forward.
type fieldWork struct {
	*fieldProgram
	notes  []*fieldNote
	pieces map[string][]piece // of queries and cookies, in their order
	unfit  bool               // a value cannot stand where it should
}

// seal notes what the values are before anything becomes of them.
func (w *fieldWork) seal() {
	for _, n := range w.notes {
		n.text = string(n.value.write(nil))
	}
}

// look finds out which of them are what they were.
func (w *fieldWork) look() {
	for _, n := range w.notes {
		n.kept = n.text == string(n.value.write(nil))
	}
}

// read makes the document of one source. It is false if there is too much of it.
func (w *fieldWork) read(source string, r *Request, values map[string]string) (*value, bool) {
	object := newObject()
	switch source {
	case "query":
		return object, r.Query == "" || w.readPieces(object, source, r.Query, "&", unescapeQuery)
	case "path":
		for _, name := range w.variables {
			if text, ok := values[name]; ok {
				w.add(object, source, name, text, plainText)
			}
		}
	case "header":
		for _, name := range w.fields {
			lines := r.Header[name]
			if len(lines) > maxFields {
				return nil, false
			}
			for _, line := range lines {
				w.add(object, source, name, line, plainText)
			}
		}
	case "cookie":
		text := strings.Join(r.Header["Cookie"], "; ") // RFC 9113 §8.2.3
		return object, text == "" || w.readPieces(object, source, text, ";", unquoteCookie)
	}
	return object, true
}

// readPieces reads what stands between separators.
func (w *fieldWork) readPieces(object *value, source, text, separator string, decode func(string) (string, bool)) bool {
	if strings.Count(text, separator) >= maxFields {
		return false
	}
	if w.pieces == nil {
		w.pieces = make(map[string][]piece)
	}
	for text := range strings.SplitSeq(text, separator) {
		if source == "cookie" {
			text = strings.Trim(text, " \t")
		}
		p := piece{text: text}
		p.name, p.raw, _ = strings.Cut(text, "=")
		name, named := decode(p.name)
		if _, valued := decode(p.raw); named && valued && text != "" {
			p.note = w.add(object, source, name, p.raw, decode)
		}
		w.pieces[source] = append(w.pieces[source], p)
	}
	return true
}

// unescapeQuery decodes a name or a value. What is not encoded by the rules has no
// reading that all servers share.
func unescapeQuery(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	out, err := url.QueryUnescape(s)
	return out, err == nil
}

// unquoteCookie takes the quotes off a value (RFC 6265 §4.1.1).
func unquoteCookie(s string) (string, bool) {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return s, true
}

func plainText(s string) (string, bool) { return s, true }

// add adds one occurrence of a parameter.
func (w *fieldWork) add(object *value, source, name, raw string, decode func(string) (string, bool)) *fieldNote {
	how := w.declared[source+" "+name]
	texts := []string{raw}
	if how.list && !how.explode {
		texts = strings.Split(raw, ",")
	}
	one := func(text string) *value {
		text, _ = decode(text)
		return how.value(text)
	}
	var note *fieldNote
	for _, n := range w.notes {
		if n.source == source && n.name == name {
			note = n
		}
	}
	switch {
	case note == nil:
		note = &fieldNote{source: source, name: name, value: &value{kind: kindArray, opened: true}}
		if !how.list {
			note.value = one(raw)
		}
		object.members = append(object.members, member{name: name, value: note.value})
		w.notes = append(w.notes, note)
	case !how.list && len(note.raw) == 1: // it comes again although it is no list
		first := *note.value
		*note.value = value{kind: kindArray, opened: true, items: []*value{&first}}
	}
	if note.value.kind == kindArray {
		for _, text := range texts {
			note.value.items = append(note.value.items, one(text))
		}
	}
	note.raw = append(note.raw, raw)
	return note
}

// value makes a value of a text, with the type that the contract gives it.
func (p *parameter) value(text string) *value {
	scalars := p.kinds & (1<<kindNumber | 1<<kindBoolean | 1<<kindString)
	switch {
	case scalars == 1<<kindNumber && text != "" && numberLength(text) == len(text),
		scalars == 1<<kindBoolean && (text == "true" || text == "false"):
		return made(text)
	}
	return madeString(text)
}

// fieldNames are the header fields that the program can speak of.
func (f *fieldProgram) fieldNames() []string {
	names := make(map[string]bool)
	for key := range f.declared {
		if source, name, _ := strings.Cut(key, " "); source == "header" {
			names[http.CanonicalHeaderKey(name)] = true
		}
	}
	for i := range f.acts {
		for _, s := range f.acts[i].steps {
			for _, p := range append(s.older(), s.newer()...) {
				if len(p.tokens) > 1 && p.tokens[0] == "header" {
					names[p.tokens[1]] = true
				}
			}
		}
	}
	return sortedNames(names)
}
