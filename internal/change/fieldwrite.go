package change

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// write puts the parameters of one source back into the request.
func (w *fieldWork) write(source string, r *Request, values map[string]string, object *value) {
	if object == nil || object.kind != kindObject {
		object = newObject()
	}
	switch source {
	case "query":
		r.Query = strings.Join(w.join(source, object, url.QueryEscape, url.QueryEscape), "&")
	case "cookie":
		pieces := w.join(source, object, cookieName, cookieValue)
		if delete(r.Header, "Cookie"); len(pieces) > 0 {
			r.Header["Cookie"] = []string{strings.Join(pieces, "; ")}
		}
	case "path":
		clear(values)
		for _, m := range object.members {
			if texts := w.texts(source, m, asIs); len(texts) > 0 {
				values[m.name] = strings.Join(texts, ",")
			}
		}
	case "header":
		w.writeHeader(r.Header, object)
	}
}

func asIs(text string) string { return text }

// writeHeader writes the header fields of which something has become.
func (w *fieldWork) writeHeader(header http.Header, object *value) {
	for _, n := range w.notes {
		if n.source == "header" && object.get(n.name) == nil {
			delete(header, n.name)
		}
	}
	for _, m := range object.members {
		if w.noteOf(m.value).stays("header", m) {
			continue
		}
		texts := w.texts("header", m, asIs)
		w.unfit = w.unfit || slices.ContainsFunc(texts, hasControl)
		if header[m.name] = texts; len(texts) == 0 {
			delete(header, m.name)
		}
	}
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 && c != '\t' || c == 0x7f })
}

// noteOf is what a value was; nil for one that a step has made.
func (w *fieldWork) noteOf(v *value) *fieldNote {
	for _, n := range w.notes {
		if n.value == v {
			return n
		}
	}
	return nil
}

// stays tells whether nothing has become of a member.
func (n *fieldNote) stays(source string, m member) bool {
	return n != nil && n.kept && n.source == source && n.name == m.name
}

// join writes the pieces of a source in their order: those that nothing has become of as
// they came, others where the first of them was, new ones at the end.
func (w *fieldWork) join(source string, object *value, name, encode func(string) string) []string {
	var list []string
	write := func(m member) {
		key := name(m.name)
		w.unfit = w.unfit || key == ""
		for _, text := range w.texts(source, m, encode) {
			list = append(list, key+"="+text)
		}
	}
	now := make(map[*value]member, len(object.members))
	for _, m := range object.members {
		now[m.value] = m
	}
	for _, p := range w.pieces[source] {
		if p.note == nil {
			list = append(list, p.text)
			continue
		}
		m, there := now[p.note.value]
		switch {
		case there && p.note.stays(source, m):
			list = append(list, p.text)
		case there && !p.note.written:
			write(m)
		}
		p.note.written = true
	}
	for _, m := range object.members {
		if n := w.noteOf(m.value); n == nil || n.source != source {
			write(m)
		}
	}
	return list
}

// cookieName and cookieValue are what can stand in a cookie (RFC 6265 §4.1.1), "" else.
func cookieName(name string) string {
	if (&http.Cookie{Name: name, Value: "x"}).Valid() != nil {
		return ""
	}
	return name
}

func cookieValue(value string) string {
	if (&http.Cookie{Name: "x", Value: value}).Valid() != nil {
		return ""
	}
	return value
}

// texts are how the occurrences of a member are written. What cannot be encoded, which
// encode returns as "", is noted.
func (w *fieldWork) texts(source string, m member, encode func(string) string) []string {
	n := w.noteOf(m.value)
	if n != nil && n.kept && n.source == source {
		return n.raw
	}
	texts := m.value.texts()
	for i, text := range texts {
		texts[i] = encode(text)
		w.unfit = w.unfit || text != "" && texts[i] == ""
	}
	if n != nil && m.value.kind == kindArray && len(n.raw) == 1 && len(texts) > 1 { // it came between commas
		return []string{strings.Join(texts, ",")}
	}
	return texts
}

// texts are the texts of a parameter. null is none.
func (v *value) texts() []string {
	switch v.kind {
	case kindNull:
		return nil
	case kindString:
		return []string{v.string()}
	case kindArray:
		v.open()
		var list []string
		for _, item := range v.items {
			list = append(list, item.texts()...)
		}
		return list
	}
	return []string{string(v.write(nil))}
}
